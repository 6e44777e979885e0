"""The requirements of a test on the machine, with messages that say what to install."""

import os
import shutil
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest

_CAP_SYS_ADMIN = 21  # linux/capability.h
# The test that may not use programs of the machine, because no marker says that it does.
_REFUSED = "TESTS_WITHOUT_PROGRAMS"


def refuse(test: str) -> None:
    """Make the functions of this module fail while a test runs that must not need programs."""
    os.environ[_REFUSED] = test


def allow() -> None:
    """Allow programs again."""
    os.environ.pop(_REFUSED, None)


def check_marker() -> None:
    """Fail the current test if no marker says that it needs programs."""
    test = os.environ.get(_REFUSED)
    if test is not None:
        pytest.fail(f"{test} needs programs of the machine: add @pytest.mark.servers")


def require(
    *,
    programs: Iterable[str] = (),
    modules: Iterable[str] = (),
    files: Iterable[Path] = (),
    private_network: bool = False,
    root: bool = False,
) -> None:
    """Skip the current test if something is missing, or fail it if CI=true."""
    check_marker()
    missing = [f"the program {name}" for name in programs if not find_program(name)]
    missing += [f"the Python module {name}" for name in modules if find_spec(name) is None]
    missing += [f"the file {path}" for path in files if not path.exists()]
    if private_network and not may_have_private_network():
        missing.append("the right to create a private network (root with CAP_SYS_ADMIN)")
    if root and os.geteuid() != 0:
        missing.append("the rights of root")
    if missing:
        skip(f"needs {' and '.join(missing)}; tests/debian-packages.txt names the packages")


def skip(reason: str) -> NoReturn:
    """Skip the current test because of the machine, or fail it if CI=true."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def find_program(name: str) -> str | None:
    """Return the path of a program: in this virtual environment, in PATH, or in Debian's sbin."""
    folders = (f"{Path(sys.executable).parent}", os.environ.get("PATH", ""), "/usr/sbin")
    return shutil.which(name, path=os.pathsep.join(folders))


def program(name: str) -> str:
    """Return the path of a program; FileNotFoundError if it is missing."""
    check_marker()
    found = find_program(name)
    if found is None:
        raise FileNotFoundError(f"no program {name}")
    return found


def may_have_private_network() -> bool:
    """Return whether this process may create a private network."""
    try:
        with Path("/proc/self/status").open(encoding="ascii") as status:
            effective = next(line for line in status if line.startswith("CapEff:"))
    except OSError:
        return False
    return bool(int(effective.split()[1], 16) >> _CAP_SYS_ADMIN & 1)
