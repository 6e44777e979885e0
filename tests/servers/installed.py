"""Programs from the package index, each installed into its own virtual environment.

They stay in build/, so that each one is downloaded once.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from tests.servers.requirements import skip

_KEPT = Path(__file__).parents[2] / "build"


class NotInstalledError(Exception):
    """Raised if a package cannot be downloaded, probably because there is no network."""

    def demand(self) -> NoReturn:
        """Skip the current test, or fail it if CI=true."""
        skip(str(self))


def installed(name: str, version: str, more: Sequence[str] = ()) -> Path:
    """Install a version of a package if it is missing, and return its Python.

    Args:
        name: the name in the package index.
        version: the exact version.
        more: other requirements, in pip's format.

    Raises:
        NotInstalledError: the package cannot be installed.
    """
    folder = _KEPT / name / f"{version}-python{sys.version_info.major}.{sys.version_info.minor}"
    done = folder / "done"
    python = folder / "bin" / "python"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(
            lock, fcntl.LOCK_EX
        )  # Tests in other processes may install it at the same time.
        if not done.exists():
            _fetch(folder, python, [f"{name}=={version}", *more])
            done.touch()
    return python


def _fetch(folder: Path, python: Path, wanted: Sequence[str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        _run([sys.executable, "-m", "venv", str(folder)])
        _run([str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *wanted])
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = (error.stderr or b"").decode(errors="replace").strip().rpartition("\n")[2]
        reason = f"{wanted[0]} cannot be installed from the package index: {said[:300]}"
        raise NotInstalledError(reason) from error


def _run(command: list[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(command, check=True, capture_output=True, timeout=300, env=environment)
