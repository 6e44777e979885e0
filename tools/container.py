"""Builds the image of Waypost with buildah, and tries it in a container.

`make container` runs this module, as root on Debian. No registry of images is needed: debootstrap
makes the base from the mirror in this machine's own configuration of apt. All files are in
`build/container/`; the base stays there for the next build.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from tools.container_root import USER
from waypost import __version__

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / "build" / "container"
SUITE: Final = "trixie"
TAG: Final = "waypost"
MEGABYTES_MAX: Final = 120
_BASE: Final = "localhost/waypost-base"
_CERTIFICATES: Final = Path("/etc/ssl/certs/ca-certificates.crt")
_START_SECONDS: Final = 60
# Podman and Docker kill a container ten seconds after the stop signal.
_STOP_SECONDS: Final = 10
_DEMO: Final = "/mail/config-v1.1.xml?emailaddress=alice@example.com"
_SETTINGS: Final = 'providers = "/etc/waypost/providers.toml"\nproxy_count = 1\nadmin_port = 0\n'
# The image has no libraries for traces. Drivers are loaded when a setting names them.
_IMPORT_ALL: Final = """
import importlib, pkgutil, ssl, waypost
drivers = "joserfc.jwt ldap lxml.etree polib psycopg psycopg2 pymysql sqlite3 uvloop".split()
own = [module.name for module in pkgutil.walk_packages(waypost.__path__, "waypost.")]
names = [*drivers, *(name for name in own if not name.endswith((".__main__", ".public.tracing")))]
for name in names:
    importlib.import_module(name)
assert ssl.create_default_context().get_ca_certs()
print(len(names), "modules")
"""


class ContainerError(Exception):
    """The image could not be built, or does not work."""


def run(command: Sequence[str | Path], folder: Path = ROOT) -> str:
    """Run a program, and return its output.

    Raises:
        ContainerError: the program failed; the message has the end of its output.
    """
    done = subprocess.run(
        [f"{part}" for part in command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        end = "\n".join((done.stdout + done.stderr).splitlines()[-30:])
        raise ContainerError(f"{command[0]} exited with {done.returncode}:\n{end}")
    return done.stdout


def buildah(*arguments: str | Path) -> str:
    """Run buildah with a separate storage, and return its output."""
    place = ("--root", FOLDER / "storage", "--runroot", FOLDER / "run")
    return run(["buildah", *place, "--storage-driver", "overlay", *arguments])


def mirror() -> str:
    """Return the mirror of Debian that apt uses on this machine.

    Raises:
        ContainerError: apt knows none.
    """
    form = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    uris = [uri.rstrip("/") for uri in run(form).splitlines()]
    found = next((uri for uri in uris if uri.endswith("/debian")), None)
    if found is None:
        raise ContainerError("apt has no mirror of Debian; build with BASE=IMAGE")
    return found


def make_base() -> str:
    """Return the name of the base image; make it if it does not exist."""
    if not buildah("images", "--quiet", "--filter", f"reference={_BASE}").strip():
        tree = FOLDER / "base"
        shutil.rmtree(tree, ignore_errors=True)
        say(f"debootstrap of {SUITE}")
        run(
            ["debootstrap", "--variant=minbase", "--include=ca-certificates", SUITE, tree, mirror()]
        )
        container = buildah("from", "scratch").strip()
        buildah("copy", "--quiet", container, tree, "/")
        buildah("commit", "--quiet", "--rm", container, _BASE)
        shutil.rmtree(tree)
    return _BASE


def write_pip_settings(folder: Path) -> Path:
    """Write pip's settings for the build: where this machine finds the index, and its authority."""
    lines = ["[global]", "cert = /etc/pip.crt"]
    for line in run([sys.executable, "-m", "pip", "config", "list"]).splitlines():
        name, _, value = line.partition("=")
        if name in {"global.index-url", "global.timeout"}:
            lines.append(f"{name.removeprefix('global.')} = {value.strip(chr(39))}")
    path = folder / "pip.conf"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def build(base: str) -> None:
    """Build the image from the work tree."""
    settings = write_pip_settings(FOLDER)
    head = run(["git", "rev-parse", "HEAD"]).strip()
    say(f"build from {base}")
    try:
        buildah(
            *("build", "--isolation", "chroot", "--network", "host", "--layers"),
            *("--format", "docker", "--tag", TAG, "--tag", f"{TAG}:{__version__}"),
            *("--build-arg", f"BASE={base}", "--build-arg", f"VERSION={__version__}"),
            *("--build-arg", f"REVISION={head}"),
            *("--secret", f"id=pip.conf,src={settings}"),
            *("--secret", f"id=pip.crt,src={_CERTIFICATES}"),
            *("--file", "Containerfile", "."),
        )
    finally:
        settings.unlink()


def unpack() -> tuple[Path, dict[str, Any]]:
    """Return the unpacked root of the image, and its configuration."""
    tree = FOLDER / "root"
    shutil.rmtree(tree, ignore_errors=True)
    container = buildah("from", TAG).strip()
    try:
        mounted = Path(buildah("mount", container).strip())
        run(["cp", "--archive", mounted, tree])
    finally:
        buildah("rm", container)
    inspected = json.loads(buildah("inspect", "--type", "image", TAG))
    return tree, inspected["Docker"]["config"]


def bundle(tree: Path, config: dict[str, Any], command: Sequence[str]) -> dict[str, Any]:
    """Return the OCI configuration that runs a command as Podman would with --read-only.

    The container has the network of the machine, because no bridge is set up here.
    """
    binds = {"/etc/waypost": FOLDER / "etc", "/var/lib/waypost": FOLDER / "state"}
    return {
        "ociVersion": "1.0.0",
        "root": {"path": f"{tree}", "readonly": True},
        "process": {
            "args": list(command),
            "cwd": config["WorkingDir"],
            "env": config["Env"],
            "user": {"uid": USER, "gid": USER},
            "noNewPrivileges": True,
            "capabilities": {},
        },
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]},
            *(
                {
                    "destination": inside,
                    "type": "bind",
                    "source": f"{outside}",
                    "options": ["bind", "rw" if inside.startswith("/var") else "ro"],
                }
                for inside, outside in binds.items()
            ),
        ],
        "linux": {"namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]},
    }


@contextmanager
def running(tree: Path, config: dict[str, Any], *command: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a command in a container by runc, with the log in FOLDER/log; it is killed at the end."""
    oci = bundle(tree, config, command)
    (FOLDER / "config.json").write_text(json.dumps(oci), encoding="utf-8")
    name = f"waypost-{os.getpid()}"
    runc = ["runc", "--root", f"{FOLDER / 'runc'}"]
    with (FOLDER / "log").open("wb") as log:
        process = subprocess.Popen(
            [*runc, "run", "--bundle", f"{FOLDER}", name], stdout=log, stderr=log, text=True
        )
    try:
        yield process
    finally:
        subprocess.run([*runc, "delete", "--force", name], capture_output=True, check=False)
        process.wait(timeout=_STOP_SECONDS)


def run_inside(tree: Path, config: dict[str, Any], *command: str) -> tuple[int, str]:
    """Return the exit code and the output of a command in a container."""
    with running(tree, config, *command) as process:
        code = process.wait(timeout=_START_SECONDS)
    return code, (FOLDER / "log").read_text(encoding="utf-8")


def prepare(settings: str) -> None:
    """Write the settings and the sample providers for the container, and empty its volume."""
    for name in ("etc", "state"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
        (FOLDER / name).mkdir()
    os.chown(FOLDER / "state", USER, USER)
    (FOLDER / "etc" / "waypost.toml").write_text(settings, encoding="utf-8")
    shutil.copy(ROOT / "src" / "waypost" / "demo" / "providers.toml", FOLDER / "etc")


def try_image(tree: Path, config: dict[str, Any]) -> None:
    """Check the image: size, content, configuration, answers, health check and stop signal.

    Raises:
        ContainerError: something is wrong.
    """
    size = sum(path.lstat().st_size for path in tree.rglob("*")) / 1e6
    expect(size < MEGABYTES_MAX, f"the unpacked image has {size:.1f} MB (limit {MEGABYTES_MAX})")
    shells = [name for name in ("sh", "bash", "dash", "apt-get", "dpkg") if find(tree, name)]
    expect(not shells, f"shells and package managers in the image: {shells}")
    unsafe = [path for path in tree.rglob("*") if path.is_file() and path.stat().st_mode & 0o6000]
    expect(not unsafe, f"files with setuid or setgid: {unsafe}")
    expect(config["User"] == f"{USER}:{USER}", f"user {config['User']}")
    expect(config["StopSignal"] == "SIGTERM", f"stop signal {config['StopSignal']}")
    entry = config["Entrypoint"]
    port = free_port()
    options = [f"WAYPOST_PORT={port}", "WAYPOST_WORKERS=2"]
    own = {**config, "Env": [*without(config["Env"], "WAYPOST_PORT"), *options]}
    before = listing(tree)
    prepare(_SETTINGS)
    with running(tree, own, *entry, *config["Cmd"]) as process:
        log = partial((FOLDER / "log").read_text, encoding="utf-8")
        url = f"http://127.0.0.1:{port}{_DEMO}"
        wait_for(url, lambda: process.poll() is None, log)
        say("answers Autoconfig")
        code = health(tree, own)
        expect(code == 0, f"health check: exit code {code} while it runs")
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise ContainerError(f"runs {_STOP_SECONDS} seconds after SIGTERM") from None
    seconds = time.monotonic() - started
    expect(code in {0, 128 + signal.SIGTERM}, f"ended {seconds:.2f} s after SIGTERM, code {code}")
    code = health(tree, own)
    expect(code == 1, f"health check: exit code {code} after the end")
    prepare("admin_port = 0\n")
    for command in (("db", "upgrade"), ("apply", "/etc/waypost/providers.toml")):
        code, output = run_inside(tree, own, *entry, *command)
        expect(code == 0, f"{' '.join(command)}: exit code {code}" + (output if code else ""))
    names = sorted(path.name for path in (FOLDER / "state").iterdir())
    expect("waypost.sqlite" in names, f"files in the volume: {names}")
    expect(listing(tree) == before, "no file of the root changed")
    code, output = run_inside(tree, own, "/opt/waypost/bin/python", "-c", _IMPORT_ALL)
    expect(code == 0, f"imports all modules: exit code {code}, {output.strip()}")


def health(tree: Path, config: dict[str, Any]) -> int:
    """Return the exit code of the image's health check, run outside the container."""
    kind, *command = config["Healthcheck"]["Test"]
    expect(kind == "CMD", f"health check by {kind}, without a shell")
    inside = [shutil.which("chroot") or "/usr/sbin/chroot", f"--userspec={USER}:{USER}", f"{tree}"]
    done = subprocess.run(
        ["env", "--ignore-environment", *config["Env"], *inside, *command],
        capture_output=True,
        check=False,
    )
    return done.returncode


def find(tree: Path, program: str) -> bool:
    """Return whether a program is in the image."""
    return any((tree / folder / program).exists() for folder in ("usr/bin", "usr/sbin", "sbin"))


def listing(tree: Path) -> list[tuple[str, int, int]]:
    """Return the name, the size and the time of each file."""
    paths = [(path, path.lstat()) for path in sorted(tree.rglob("*"))]
    return [(f"{path}", stat.st_size, stat.st_mtime_ns) for path, stat in paths]


def without(environment: Sequence[str], name: str) -> list[str]:
    """Return an environment without one variable."""
    return [line for line in environment if not line.startswith(f"{name}=")]


def free_port() -> int:
    """Return a TCP port that no program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def wait_for(url: str, is_running: Callable[[], bool], log: Callable[[], str]) -> None:
    """Wait until a URL is answered with 200.

    Args:
        url: of a container on this machine.
        is_running: whether the container may still answer.
        log: returns what the container has written.

    Raises:
        ContainerError: the container ended, or did not answer in time.
    """
    end = time.monotonic() + _START_SECONDS
    while is_running() and time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 -- loopback
                if answer.status == 200:
                    return
        except OSError:  # URLError is one, and so is a timeout of a busy machine.
            time.sleep(0.1)
    raise ContainerError(f"{url}: no answer\n{log()}")


def expect(good: bool, message: str) -> None:
    """Print what was checked.

    Raises:
        ContainerError: it is not good.
    """
    if not good:
        raise ContainerError(message)
    say(message)


def say(message: str) -> None:
    """Print a line."""
    print(f"container: {message}", flush=True)


def main() -> int:
    """Build and try the image; return the exit code."""
    parser = argparse.ArgumentParser(prog="make container", description=__doc__)
    parser.add_argument("--base", help="the base image; without it, debootstrap makes one")
    wanted = parser.parse_args()
    missing = [name for name in ("buildah", "debootstrap", "runc") if not shutil.which(name)]
    if missing or os.geteuid() != 0:
        print(f"make container needs root and these programs: {missing}", file=sys.stderr)
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        build(wanted.base or make_base())
        try_image(*unpack())
    except ContainerError as error:
        print(f"container: {error}", file=sys.stderr)
        return 1
    say(f"built {TAG}:{__version__} in {FOLDER / 'storage'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
