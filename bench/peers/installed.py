"""Waypost and the peers in separate environments, which `make bench-peers` installs."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.servers.requirements import find_program

FOLDER: Final = Path(__file__).parents[2] / "build" / "bench"
SOURCE: Final = Path(__file__).parent
REQUIREMENTS: Final = Path(__file__).parents[2] / "requirements.txt"
WAYPOST: Final = FOLDER / "waypost"
AUTOMX2: Final = FOLDER / "automx2"
KOA: Final = FOLDER / "koa"


def install() -> list[str]:
    """Install all programs, and return what could not be installed, with the reason."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    failed = []
    locks = {"Waypost": (WAYPOST, REQUIREMENTS), "automx2": (AUTOMX2, SOURCE / "automx2.txt")}
    for name, (folder, lock) in locks.items():
        try:
            _install_locked(folder, lock)
        except subprocess.CalledProcessError as error:
            failed.append(f"{name} cannot be installed: {_last(error)}")
    if not (find_program("npm") and find_program("node")):
        failed.append("Koa needs node and npm: apt install nodejs npm")
        return failed
    try:
        _install_koa()
    except subprocess.CalledProcessError as error:
        failed.append(f"Koa cannot be installed: {_last(error)}")
    return failed


def waypost_python() -> Path:
    """Return the interpreter of an environment with Waypost's locked libraries and no others.

    If it is not installed, or has an older lock, this is the interpreter of this process.
    """
    return Path(sys.executable) if waypost_note() else WAYPOST / "bin/python"


def waypost_note() -> str:
    """Return why Waypost has more libraries than it needs, or an empty text."""
    done = WAYPOST / "done"
    if done.exists() and done.read_bytes() == REQUIREMENTS.read_bytes():
        return ""
    return "Waypost shares the environment of the tests, and needs more memory: make bench-peers"


def missing_automx2() -> str:
    """Return why automx2 cannot run, or an empty text."""
    if (AUTOMX2 / "done").exists():
        return ""
    return "automx2 is not installed, so it is not in the table: make bench-peers"


def missing_koa() -> str:
    """Return why the Koa peer cannot run, or an empty text."""
    if (KOA / "done").exists() and find_program("node"):
        return ""
    return "Koa is not installed, so it is not in the table: make bench-peers"


def versions() -> str:
    """Return the versions of the installed peers."""
    found = []
    if not missing_automx2():
        code = "import importlib.metadata as m; print(*map(m.version, ('automx2', 'gunicorn')))"
        automx2, gunicorn = _output([f"{AUTOMX2 / 'bin/python'}", "-c", code]).split()
        found.append(f"automx2 {automx2}, gunicorn {gunicorn}")
    if not missing_koa():
        koa = json.loads((KOA / "node_modules/koa/package.json").read_text(encoding="utf-8"))
        found.append(f"Koa {koa['version']} on Node {_output(['node', '--version']).strip('v ')}")
    return ", ".join(found)


def _install_locked(folder: Path, lock: Path) -> None:
    (folder / "done").unlink(missing_ok=True)
    _run([sys.executable, "-m", "venv", "--clear", f"{folder}"])
    pip = [f"{folder / 'bin/python'}", "-m", "pip", "--disable-pip-version-check", "--quiet"]
    _run([*pip, "install", "--require-hashes", "--requirement", f"{lock}"])
    shutil.copy(lock, folder / "done")


def _install_koa() -> None:
    KOA.mkdir(exist_ok=True)
    (KOA / "done").unlink(missing_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SOURCE / "koa" / name, KOA)
    _run(["npm", "ci", "--prefix", f"{KOA}", "--ignore-scripts", "--no-audit", "--no-fund"])
    (KOA / "done").touch()


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _last(error: subprocess.CalledProcessError) -> str:
    lines = f"{error.stderr}".strip().splitlines()
    return lines[-1] if lines else f"exit code {error.returncode}"
