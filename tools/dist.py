"""Builds the archives of a release in `dist/`, and tries them in an empty environment.

The archives have the last commit, and nothing of the work tree. `make dist` runs this module.
"""

import gzip
import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from waypost import __version__

ROOT: Final = Path(__file__).parents[1]
_DEMO: Final = "/mail/config-v1.1.xml?emailaddress=alice@example.com"
_START_SECONDS: Final = 30
_LINES_OF_OUTPUT: Final = 50
# Tests of the repository itself, which is not installed.
_OF_THE_REPOSITORY: Final = (
    *("architecture", "bench", "docs", "packages", "tools", "upstream", "test_make.py"),
    *("contrib/test_containerfile.py", "test_needs.py", "test_order.py", "test_security_page.py"),
)


class DistError(Exception):
    """An archive could not be built, or does not work."""


def run(command: Sequence[str | Path], folder: Path, **environment: str) -> str:
    """Run a program without the settings of this shell, and return its output.

    Raises:
        DistError: the program failed; the message is its output.
    """
    done = subprocess.run(
        [f"{part}" for part in command],
        cwd=folder,
        env=clean() | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        end = "\n".join(done.stdout.splitlines()[-_LINES_OF_OUTPUT:])
        raise DistError(f"{command[0]} exited with {done.returncode}:\n{end}")
    return done.stdout


def clean() -> dict[str, str]:
    """Return the environment without the variables that change Python, Waypost or make."""
    prefixes = ("PYTHON", "WAYPOST_", "MAKE", "MFLAGS", "VIRTUAL_ENV", "GIT_")
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def build(root: Path, folder: Path) -> tuple[Path, Path]:
    """Build the source archive of the last commit, and a wheel from the source archive.

    Args:
        root: a checkout.
        folder: receives both files.

    Returns:
        the source archive and the wheel.

    Raises:
        DistError: the build failed, or printed a warning.
    """
    epoch = run(["git", "log", "-1", "--format=%ct"], root).strip()
    with TemporaryDirectory() as temporary:
        copy = Path(temporary)
        run(["git", "archive", "--output", copy / "head.tar", "HEAD"], root)
        shutil.unpack_archive(copy / "head.tar", copy / "head", filter="data")
        command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", f"{folder}"]
        output = run(
            command, copy / "head", SOURCE_DATE_EPOCH=epoch, PYTHONWARNINGS="error", NO_COLOR="1"
        )
    if warnings := re.findall(r".*\bwarning\b.*", output, re.IGNORECASE):
        raise DistError("\n".join(["the build printed warnings:", *warnings]))
    (source,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    _set_times(source, int(epoch))
    return source, wheel


def _set_times(archive: Path, epoch: int) -> None:
    """Write a source archive again, with one time and one owner for all files.

    setuptools heeds SOURCE_DATE_EPOCH for wheels only.
    """
    with tarfile.open(archive) as old:
        files = [(one, old.extractfile(one)) for one in old.getmembers()]
        new = archive.with_suffix(".new")
        with (
            new.open("wb") as raw,
            gzip.GzipFile("", "wb", fileobj=raw, mtime=epoch) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as made,
        ):
            for one, content in sorted(files, key=lambda pair: pair[0].name):
                mode = 0o755 if one.isdir() or one.mode & 0o100 else 0o644
                owner = {"uid": 0, "gid": 0, "uname": "root", "gname": "root"}
                same = one.replace(mtime=epoch, mode=mode, **owner)  # type: ignore[arg-type]
                same.pax_headers = {}
                made.addfile(same, content)
    new.rename(archive)


def install(wheel: Path, requirements: Path, environment: Path) -> None:
    """Create an environment with the locked libraries and the wheel, and check its versions."""
    run([sys.executable, "-m", "venv", "--without-pip", environment], wheel.parent)
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    pip += ["--python", environment / "bin/python"]
    run([*pip, "install", "--require-hashes", "--requirement", f"{requirements}"], wheel.parent)
    run([*pip, "install", "--no-deps", "--no-index", wheel], wheel.parent)
    run([*pip, "check"], wheel.parent)


def try_out(environment: Path, version: str) -> None:
    """Check that an installed Waypost starts and answers, in a folder without a checkout.

    Args:
        environment: a virtual environment.
        version: the version that must be installed in it.

    Raises:
        DistError: the command has another version, or the samples are not served.
    """
    waypost = environment / "bin/waypost"
    with TemporaryDirectory() as temporary:
        printed = run([waypost, "version"], Path(temporary)).strip()
        if printed != f"waypost {version}":
            raise DistError(f"`waypost version` printed {printed!r}, not version {version}")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        log = Path(temporary) / "log"
        command = [f"{waypost}", "serve", "--demo", "--port", f"{port}", "--admin-port", "0"]
        with log.open("wb") as output:
            server = subprocess.Popen(
                command, cwd=temporary, env=clean(), stdout=output, stderr=output
            )
            try:
                _wait_for_answer(f"http://127.0.0.1:{port}{_DEMO}", server, log)
            finally:
                server.terminate()
                server.wait()


def _wait_for_answer(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < end:
        try:
            # The URL begins with http and the address of this machine.
            with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310
                body = answer.read()
        except urllib.error.URLError:
            time.sleep(0.1)
            continue
        if b"imap.example.com" in body:
            return
        break
    text = log.read_text(encoding="utf-8", errors="replace")
    raise DistError(f"`waypost serve --demo` did not answer {url}:\n{text}")


def run_tests(source: Path, wheel: Path, temporary: Path, parts: Sequence[str] = ()) -> str:
    """Run the quick tests of the source archive against an installed wheel, without `src/`.

    The libraries are those of this environment, whose own Waypost is not used.

    Args:
        source: the source archive.
        wheel: the wheel.
        temporary: a folder that the caller removes.
        parts: the tests to run; all that need no checkout if empty.

    Returns:
        what the tests printed.

    Raises:
        DistError: a test failed, or the tests used another Waypost.
    """
    environment = temporary / "tested"
    run([sys.executable, "-m", "venv", "--without-pip", environment], temporary)
    (purelib,) = environment.glob("lib/python*/site-packages")
    (purelib / "libraries.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    python = environment / "bin/python"
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", python, "--quiet"]
    run([*pip, "install", "--no-deps", "--no-index", "--ignore-installed", wheel], temporary)
    shutil.unpack_archive(source, temporary / "unpacked", filter="data")
    (folder,) = (temporary / "unpacked").iterdir()
    shutil.rmtree(folder / "src")
    code = "import waypost; print(waypost.__file__)"
    used = run([python, "-c", code], folder).strip()
    if not used.startswith(f"{purelib}"):
        raise DistError(f"the tests would use {used}, and not the wheel")
    ignored = [f"--ignore=tests/{name}" for name in _OF_THE_REPOSITORY]
    options = ["--quick", "--override-ini=pythonpath=.", "--forks=auto", "--quiet"]
    return run([python, "-m", "pytest", *options, *ignored, *parts], folder)


def write_sbom(environment: Path, pyproject: Path, sbom: Path, *, validate: bool = True) -> None:
    """Write the bill of materials of an environment: CycloneDX, as JSON.

    Args:
        environment: a virtual environment.
        pyproject: describes the component that the materials are for.
        sbom: the file to write.
        validate: whether to compare the file with the schema, which takes 8 seconds.
    """
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible"]
    command += [] if validate else ["--no-validate"]
    command += ["--pyproject", f"{pyproject}", "--output-file", f"{sbom}"]
    run([*command, f"{environment / 'bin/python'}"], pyproject.parent)


def make(root: Path) -> list[Path]:
    """Make all files of a release in `dist/`, and try the wheel.

    Returns:
        the files.
    """
    folder = root / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    source, wheel = build(root, folder)
    with TemporaryDirectory() as temporary:
        environment = Path(temporary) / "environment"
        install(wheel, root / "requirements.txt", environment)
        try_out(environment, __version__)
        sbom = folder / f"waypost-{__version__}.cdx.json"
        write_sbom(environment, root / "pyproject.toml", sbom)
        print(run_tests(source, wheel, Path(temporary)).splitlines()[-1])
    files = [source, wheel, sbom]
    sums = folder / "SHA256SUMS"
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    sums.write_text("".join(lines), encoding="utf-8")
    return [*files, sums]


def main() -> int:
    """Make the files, and print their names; return the exit code."""
    try:
        files = make(ROOT)
    except DistError as error:
        print(f"waypost: {error}", file=sys.stderr)
        return 1
    for file in files:
        print(file.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
