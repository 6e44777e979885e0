"""SQLite files: their paths, and whether this process may write them."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from waypost.core.errors import StoreError
from waypost.database import read_only
from waypost.database.engine import open_engine
from waypost.database.ownership import (
    check_name,
    check_readable,
    check_writable,
    file_of_uri,
    is_writable,
    write_problem,
)
from waypost.database.read_only import read_only_uri

FILES = [
    # SQLite's own form of a URI, further parameters, the path
    ("file:/var/lib/mail.sqlite", {}, "/var/lib/mail.sqlite"),
    ("file:/var/lib/a%20b.sqlite?cache=shared", {}, "/var/lib/a b.sqlite"),
    ("file::memory:", {}, ""),
    ("file:mail?mode=memory", {}, ""),
    ("file:mail", {"mode": "memory"}, ""),
    ("mail.sqlite", {}, ""),
]
BAD_NAMES = [
    # the path, a part of the message
    ("/tmp/a\0b", "NUL character"),
    (f"/tmp/{'a' * 248}", "too long"),
    ("/a" * 2048, "too long"),
]


@pytest.mark.parametrize(("name", "query", "path"), FILES)
def test_files_of_uris(name: str, query: dict[str, object], path: str) -> None:
    """The path in a URI is found, and a database in memory has none."""
    assert file_of_uri(name, query) == path


@pytest.mark.parametrize(("path", "message"), BAD_NAMES)
def test_bad_names(path: str, message: str) -> None:
    """A path that no file can have is refused."""
    with pytest.raises(StoreError, match=message):
        check_name(path)


def test_long_names_with_room_for_the_journal() -> None:
    """The longest name leaves room for the name of SQLite's journal."""
    check_name(f"/tmp/{'a' * 247}")


def test_own_files(tmp_path: Path) -> None:
    """A process may write its own file, and a file that does not exist in its own folder."""
    path = tmp_path / "mail.sqlite"
    for _ in range(2):
        check_readable(path)
        check_writable(path)
        assert is_writable(path)
        assert write_problem(path) is None
        path.touch()


def test_writable_files_need_no_uri(tmp_path: Path) -> None:
    """A file that this process can write, or that does not exist, is not opened read-only."""
    path = tmp_path / "mail.sqlite"
    assert read_only_uri(path) is None
    path.touch()
    assert read_only_uri(path) is None


@pytest.mark.parametrize(
    ("mode", "parameters"), [("WAL", "?mode=ro&immutable=1"), ("DELETE", "?mode=ro")]
)
def test_uri_of_a_file_of_another_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, parameters: str
) -> None:
    """A file in WAL mode that no process has open is immutable for the reader."""
    monkeypatch.setattr(read_only, "is_writable", lambda _path: False)
    path = tmp_path / "a b.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute("CREATE TABLE numbers (number INTEGER)")
    uri = read_only_uri(path)
    assert uri == f"file:{tmp_path}/a%20b.sqlite{parameters}"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        assert connection.execute("SELECT count(*) FROM numbers").fetchone() == (0,)


def test_others_cannot_read_a_new_file(tmp_path: Path) -> None:
    """A new database may get passwords of directories, so only its owner and its group read it."""
    path = tmp_path / "mail.sqlite"
    before = os.umask(0o022)
    try:
        engine = open_engine(f"sqlite:///{path}")
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE t (a)")
            modes = {one.name: one.stat().st_mode & 0o777 for one in tmp_path.iterdir()}
        engine.dispose()
    finally:
        os.umask(before)
    assert modes == {f"mail.sqlite{end}": 0o640 for end in ("", "-wal", "-shm")}
