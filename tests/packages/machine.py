"""A Debian machine for a test: debootstrap makes it, and systemd-nspawn boots it.

The machine has its own files and processes, and its own network, which is only a loopback
interface, or that of the test. Its packages come from the mirror that apt of this machine uses.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.servers.requirements import program, require, skip

# The script runs as a service, so that systemd has started when it begins.
_UNIT = """
[Unit]
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
ExecStart=/bin/bash /test/script
StandardOutput=file:/test/log
StandardError=inherit
"""
_TARGET = """
[Unit]
Requires=basic.target
Wants=test.service
"""
_BOOT_SECONDS = 600
# A container has no devices and no own clock.
_UNUSED = (
    *("systemd-udevd", "systemd-udev-trigger", "systemd-timesyncd", "systemd-firstboot"),
    *("systemd-journal-flush", "systemd-update-utmp"),
)


def require_machine() -> None:
    """Skip the current test if this machine cannot make and boot another."""
    programs = ["debootstrap", "systemd-nspawn", "apt-get", "tar"]
    require(programs=programs, private_network=True, root=True)


def create(folder: Path, name: str, packages: Sequence[str]) -> None:
    """Create the files of a machine with packages of Debian.

    Args:
        folder: the root of the machine.
        name: one kind of machine; its files are kept for the next run.
        packages: the names of the packages, in addition to the essential ones.
    """
    archive = _archive(name, sorted({*packages, "systemd"}))
    folder.mkdir(parents=True)
    subprocess.run([program("tar"), "-C", f"{folder}", "-xf", f"{archive}"], check=True)
    units = folder / "etc/systemd/system"
    for unit in _UNUSED:
        (units / f"{unit}.service").symlink_to("/dev/null")


def run(folder: Path, script: str, *, own_network: bool = True) -> str:
    """Boot a machine, run a script on it as root, and return its output.

    Args:
        folder: the root of the machine.
        script: its folder `/test` is writable.
        own_network: it has a separate network, and otherwise that of this thread.
    """
    units = folder / "etc/systemd/system"
    (units / "test.service").write_text(_UNIT, encoding="utf-8")
    (units / "test.target").write_text(_TARGET, encoding="utf-8")
    own = folder / "test"
    own.mkdir(exist_ok=True)
    (own / "script").write_text(script, encoding="utf-8")
    command = [program("systemd-nspawn"), "--quiet", "--register=no", "--keep-unit"]
    command += ["--private-network"] if own_network else []
    command += ["--resolv-conf=off", "--timezone=off", "--link-journal=no"]
    command += ["--directory", f"{folder}", "--boot", "systemd.unit=test.target", "quiet"]
    done = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=_BOOT_SECONDS,
        start_new_session=True,
    )
    log = own / "log"
    if not log.exists():
        skip(f"systemd does not boot here: {done.stdout[-2000:]}")
    printed = log.read_text(encoding="utf-8", errors="backslashreplace")
    assert done.returncode == 0, printed
    return printed


def _archive(name: str, packages: Sequence[str]) -> Path:
    """Return a tar file with a new machine, made once for all runs of the tests."""
    suite, mirror = _suite(), _mirror()
    key = hashlib.sha256(" ".join([suite, *packages]).encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "waypost-tests"
    cache.mkdir(parents=True, exist_ok=True)
    archive = cache / f"{name}-{suite}-{key}.tar"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            for old in cache.glob(f"{name}-*.tar"):
                old.unlink()
            with tempfile.TemporaryDirectory(dir=cache) as temporary:
                command = ["debootstrap", "--variant=minbase", f"--include={','.join(packages)}"]
                made = subprocess.run(
                    [*command, suite, f"{temporary}/root", mirror],
                    check=False,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
                assert made.returncode == 0, made.stdout[-2000:]
                shutil.rmtree(f"{temporary}/root/var/cache/apt/archives")
                files = ["-C", f"{temporary}/root", "-cf", f"{temporary}/tar", "."]
                subprocess.run([program("tar"), *files], check=True)
                Path(f"{temporary}/tar").rename(archive)
    return archive


def _suite() -> str:
    text = Path("/etc/os-release").read_text(encoding="utf-8")
    (suite,) = (
        line.partition("=")[2].strip('"')
        for line in text.splitlines()
        if line.startswith("VERSION_CODENAME=")
    )
    return suite


def _mirror() -> str:
    """Return the mirror of the release, as apt of this machine uses it."""
    form = "$(ORIGIN)|$(CODENAME)|$(COMPONENT)|$(REPO_URI)"
    command = ["apt-get", "indextargets", "--format", form, "Created-By: Packages"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    wanted = f"Debian|{_suite()}|main|"
    found = [line.removeprefix(wanted) for line in listed.splitlines() if line.startswith(wanted)]
    if not found:
        skip("needs a mirror of this release of Debian in the settings of apt")
    return found[0]
