import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from zipfile import ZipFile

import pytest

import waypost
from tests.architecture.rules import LIBRARIES
from tests.architecture.source import PACKAGE, ROOT

EXTRAS = ("ldap", "mysql", "oidc", "postgresql")
LOCKS = ["requirements.txt", "requirements-dev.txt", *(f"requirements-{one}.txt" for one in EXTRAS)]


def test_version_has_one_source() -> None:
    """The version of the installed distribution is the one that the package states."""
    assert version("waypost") == waypost.__version__


@pytest.mark.slow
def test_wheel_is_whole(tmp_path: Path) -> None:
    """The wheel has every file of the package: samples, pages, migrations and py.typed."""
    copy = tmp_path / "copy"
    shutil.copytree(PACKAGE, copy / "src" / "waypost", ignore=shutil.ignore_patterns("*.pyc"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--no-index", "--no-build-isolation", "--no-cache-dir"]
    subprocess.run([*command, "--wheel-dir", str(tmp_path), str(copy)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("waypost/")}
    source = {
        f"waypost/{path.relative_to(PACKAGE).as_posix()}"
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert packed == source


def _stated(extra: str | None = None) -> set[str]:
    """Return the declared dependencies of the package, or of an extra, by their import names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return {re.split(r"[^A-Za-z0-9_-]", line)[0].replace("-", "_").lower() for line in lines}


def _pinned(name: str) -> set[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return set(re.findall(r"^[a-z0-9._-]+==\S+", text, re.MULTILINE))


def test_libraries_are_dependencies() -> None:
    """Every library that the package imports is a declared dependency."""
    stated = _stated()
    # Pydantic depends on its core in exactly one version, and FastAPI on Starlette; LDAP, OpenID
    # Connect and traces are extras.
    named = {{"dns": "dnspython"}.get(library, library) for library in LIBRARIES}
    assert named - {"pydantic_core", "starlette", "ldap", "joserfc", "opentelemetry"} <= stated
    assert _stated("ldap") == {"python_ldap"}
    assert _stated("oidc") == {"joserfc"}
    assert all(name.startswith("opentelemetry_") for name in _stated("tracing"))
    # uvicorn uses it by itself if it is installed.
    assert stated - named == {"uvloop"}


@pytest.mark.parametrize("name", LOCKS)
def test_locks_name_no_place(name: str) -> None:
    """The locked requirements pin every line with a hash and name no package index."""
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted-host", text)
    entries = re.findall(r"^[a-z0-9].*\n.*", text, re.MULTILINE)
    assert len(entries) > 20
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+==[^ ]+( ; [^\\]+)? \\\n    --hash=sha256:", entry), entry


def test_locks_agree() -> None:
    """The versions for production are the versions that are tested."""
    assert _pinned("requirements.txt") <= _pinned("requirements-dev.txt")
    for extra in EXTRAS:
        locked = _pinned(f"requirements-{extra}.txt")
        assert _pinned("requirements.txt") < locked <= _pinned("requirements-dev.txt")


def test_lock_is_fresh() -> None:
    """Every declared dependency is locked; `make lock` writes the lock."""
    served, tested = (
        {pin.partition("==")[0].replace("-", "_") for pin in _pinned(name)}
        for name in ("requirements.txt", "requirements-dev.txt")
    )
    assert _stated() <= served
    assert _stated("ldap") <= tested
    for extra in EXTRAS:
        pins = _pinned(f"requirements-{extra}.txt")
        assert _stated(extra) <= {pin.partition("==")[0].replace("-", "_") for pin in pins}
