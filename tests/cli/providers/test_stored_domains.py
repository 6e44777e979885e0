"""Domains in a database that a new providers file would hide: the file is read and not changed."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from waypost.cli.init.stored_domains import hidden_domains
from waypost.core.address import DomainName

DOMAIN = DomainName("example.com")
NAME = "waypost.sqlite"
_OTHER_USER = 65534


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """Return the folder of the database below a root with special characters."""
    folder = tmp_path / "a b?c#d%41" / "var/lib/waypost"
    folder.mkdir(parents=True)
    return folder


def _problem(folder: Path) -> str | None:
    return hidden_domains(folder.parents[2], DOMAIN)


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)


WITHOUT_DOMAINS = [
    # what the file is, the statements that make it
    ("empty", ()),
    ("in WAL mode without tables", ("PRAGMA journal_mode = WAL",)),
    ("without tables", ("CREATE TABLE t (a)", "DROP TABLE t")),
    ("without Waypost's tables", ("PRAGMA journal_mode = WAL", "CREATE TABLE t (a)")),
    ("without rows", ("PRAGMA journal_mode = WAL", "CREATE TABLE domain (id INTEGER)")),
]


@pytest.mark.parametrize(
    "statements", [case[1] for case in WITHOUT_DOMAINS], ids=[case[0] for case in WITHOUT_DOMAINS]
)
def test_database_without_domains(folder: Path, statements: tuple[str, ...]) -> None:
    """A database without domains hides nothing, and none of its bytes changes."""
    (folder / NAME).touch()
    _execute(folder / NAME, *statements)
    before = _files(folder)
    assert _problem(folder) is None
    assert _files(folder) == before


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_database_with_domains(folder: Path, mode: str) -> None:
    """Domains are counted, also while the service writes; no file changes or is created."""
    path = folder / NAME
    _execute(path, f"PRAGMA journal_mode = {mode}", "CREATE TABLE domain (id INTEGER)")
    before = _files(folder)
    assert _problem(folder) is None
    assert _files(folder) == before
    with closing(sqlite3.connect(path, isolation_level=None)) as service:
        service.execute("INSERT INTO domain VALUES (1), (2)")
        assert "has 2 domains already" in (_problem(folder) or "")
    before = _files(folder)
    problem = _problem(folder)
    assert problem is not None
    assert "has 2 domains already" in problem
    assert "`waypost domain add example.com`" in problem
    assert _files(folder) == before


def test_file_that_is_no_database(folder: Path) -> None:
    """The message for a file that cannot be read says so, and gives no advice to add a domain."""
    (folder / NAME).write_bytes(b"no database" * 100)
    problem = _problem(folder)
    assert problem is not None
    assert "this database cannot be read" in problem
    assert "domain add" not in problem


def test_folder_that_cannot_be_entered(folder: Path) -> None:
    """A folder that this user cannot enter is no traceback: the file may have domains."""
    (folder / NAME).touch()
    with _without_access(folder):
        problem = _problem(folder)
    assert problem is not None
    assert "this database cannot be read (Permission denied)" in problem


def test_no_database(folder: Path) -> None:
    """A database that does not exist has no domains, also if a folder of its path is a file."""
    assert _problem(folder) is None
    folder.rmdir()
    folder.touch()
    assert _problem(folder) is None


@contextmanager
def _without_access(folder: Path) -> Iterator[None]:
    """Close a folder; root enters every folder, so the process is another user meanwhile."""
    is_root = os.geteuid() == 0
    folder.chmod(0)
    if is_root:
        os.seteuid(_OTHER_USER)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)
