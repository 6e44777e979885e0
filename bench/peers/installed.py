"""The programs of the peers, which `make bench-peers` installs from the package indexes."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.servers.requirements import find_program

FOLDER: Final = Path(__file__).parents[2] / "build" / "bench"
SOURCE: Final = Path(__file__).parent
AUTOMX2: Final = FOLDER / "automx2"
KOA: Final = FOLDER / "koa"


def install() -> list[str]:
    """Install all peers, and return what could not be installed, with the reason."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    failed = []
    try:
        _install_automx2()
    except subprocess.CalledProcessError as error:
        failed.append(f"automx2 cannot be installed: {_last(error)}")
    if not (find_program("npm") and find_program("node")):
        failed.append("Koa needs node and npm: apt install nodejs npm")
        return failed
    try:
        _install_koa()
    except subprocess.CalledProcessError as error:
        failed.append(f"Koa cannot be installed: {_last(error)}")
    return failed


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


def _install_automx2() -> None:
    (AUTOMX2 / "done").unlink(missing_ok=True)
    _run([sys.executable, "-m", "venv", "--clear", f"{AUTOMX2}"])
    pip = [f"{AUTOMX2 / 'bin/python'}", "-m", "pip", "--disable-pip-version-check", "--quiet"]
    _run([*pip, "install", "--require-hashes", "--requirement", f"{SOURCE / 'automx2.txt'}"])
    (AUTOMX2 / "done").touch()


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
