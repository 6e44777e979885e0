"""SQLite databases that this process can read but not write."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import pytest

from tests.cli.conftest import Waypost, home, waypost
from tests.servers.requirements import require
from tests.store.test_ownership import another_user
from waypost.database.engine import open_engine, read_connection

__all__ = ["home", "waypost"]

COMMANDS = [
    ["domain", "list"],
    ["domain", "show", "example.com"],
    ["export"],
    ["db", "status"],
    ["db", "check"],
    ["show", "autoconfig", "alice@example.com"],
    ["apply", "--demo", "--dry-run"],
    ["lint"],
]


@pytest.fixture(name="database")
def _database(waypost: Waypost) -> Iterator[Path]:
    """Yield a database of root's with the sample providers, in a folder that others can enter."""
    require(root=True)
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        path = Path(name) / "mail.sqlite"
        uri = f"sqlite:///{path}"
        assert waypost("db", "upgrade", "--db-uri", uri).code == 0
        assert waypost("apply", "--demo", "--db-uri", uri).code == 0
        path.chmod(0o644)
        yield path


@contextmanager
def in_use(path: Path) -> Iterator[None]:
    """Keep a second connection open, with changes that are only in the WAL file."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("UPDATE provider SET name = name || '!'")
        connection.commit()
        yield


def rolled_back(path: Path) -> None:
    """Disable WAL mode, as other programs do."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def entries(path: Path) -> list[tuple[str, int, bytes]]:
    return sorted((one.name, one.stat().st_uid, one.read_bytes()) for one in path.parent.iterdir())


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("state", ["at rest", "in use", "with a rollback journal"])
def test_of_another_user(waypost: Waypost, database: Path, command: list[str], state: str) -> None:
    """A command that only reads answers as for the owner, and changes no file."""
    uri = f"sqlite:///{database}"
    if state == "with a rollback journal":
        rolled_back(database)
    with in_use(database) if state == "in use" else nullcontext():
        expected = waypost(*command, "--db-uri", uri)
        before = entries(database)
        with another_user():
            found = waypost(*command, "--db-uri", uri)
        if state != "in use":  # Readers write marks into the shared memory file.
            assert entries(database) == before
    assert (found.code, found.out) == (expected.code, expected.out)
    assert "error" not in found.err


WRITING = [["db", "upgrade"], ["apply", "--demo", "--only-add"]]


@pytest.mark.parametrize("command", WRITING, ids=" ".join)
def test_writing(waypost: Waypost, database: Path, command: list[str]) -> None:
    """A command that writes reports why it cannot."""
    with another_user():
        found = waypost(*command, "--db-uri", f"sqlite:///{database}")
    assert found.code == 2
    assert "nobody cannot write it" in found.err  # codespell:ignore nobody


def test_changes_are_seen(database: Path) -> None:
    """A long-lived reader sees later changes of the owner."""
    engine = open_engine(f"sqlite:///{database}")
    seen = []
    for number in range(2):
        with another_user(), read_connection(engine) as connection:
            seen.append(connection.exec_driver_sql("SELECT max(name) FROM provider").scalar())
        with closing(sqlite3.connect(database)) as other:
            other.execute("UPDATE provider SET name = 'zz' || ?", (number,))
            other.commit()
    engine.dispose()
    assert seen[1] == "zz0" != seen[0]
