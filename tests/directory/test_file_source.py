"""A file of users that changes between lookups."""

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from waypost.core.address import EmailAddress
from waypost.core.errors import DirectoryError, DirectoryUnavailable
from waypost.core.model import FileDirectory
from waypost.directory.file.source import FileSource
from waypost.directory.file.user_table import UserTable
from waypost.directory.file.users import read_users
from waypost.runtime.file_stamp import FileStamp, file_stamp

ANN = EmailAddress.parse("ann@x.example")
HEAD = "address,login\n"
LONG_AGO = 1_000_000_000
SOURCE = "waypost.directory.file.source"
READ = f"{SOURCE}.read_users"


@dataclass
class World:
    """A file of users, a clock, and a directory that reads the file."""

    file: Path
    seconds: float = 0.0

    def __post_init__(self) -> None:
        configured = FileDirectory("people", str(self.file))
        self.source = FileSource(configured, lambda: self.seconds, lambda: self.now)
        self.written = LONG_AGO

    @property
    def now(self) -> float:
        return LONG_AGO + self.seconds

    def write(self, text: str | bytes, *, ago: float = 10) -> None:
        """Write the file with a time stamp of some seconds ago."""
        data = text.encode() if isinstance(text, str) else text
        self.file.write_bytes(data)
        os.utime(self.file, (self.now - ago, self.now - ago))

    def replace(self, text: str, *, ago: float = 10) -> None:
        """Replace the file by another one, as careful programs do."""
        new = self.file.with_name("new")
        new.write_text(text, encoding="utf-8")
        os.utime(new, (self.now - ago, self.now - ago))
        new.rename(self.file)

    def login(self, seconds: float = 2.0) -> str | None:
        """Return Ann's login name after a while."""
        self.seconds += seconds
        entry = self.source.find(ANN)
        return None if entry is None else entry["login"][0]


@pytest.fixture(name="world")
def _world(tmp_path: Path) -> World:
    world = World(tmp_path / "users.csv")
    world.write(HEAD + "ann@x.example,u1\n")
    return world


def reasons(lines: list[Any]) -> list[str]:
    return [line["reason"] for line in lines if "file rejected" in line["event"]]


def test_change_is_followed(world: World) -> None:
    """A file that is rewritten or replaced is read again."""
    with capture_logs() as lines:
        assert world.login() == "u1"
        world.write(HEAD + "ann@x.example,u22\n")
        assert world.login() == "u22"
        world.replace(HEAD + "ann@x.example,u33\n")
        assert world.login() == "u33"
        world.write(HEAD)
        assert world.login() is None
    assert [line["event"] for line in lines] == ["directory file read"] * 3
    assert lines[0]["users"] == 1


def test_file_is_checked_once_a_second(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With many lookups, the file is checked once a second, and read only if it changed."""
    done: list[str] = []

    def look(path: Path) -> FileStamp | None:
        done.append("look")
        return file_stamp(path)

    def read(path: Path) -> UserTable:
        done.append("read")
        return read_users(path)

    monkeypatch.setattr(f"{SOURCE}.file_stamp", look)
    monkeypatch.setattr(READ, read)
    for _ in range(100):
        world.login(seconds=0.05)
    assert (done.count("look"), done.count("read")) == (5, 1)


def test_file_that_is_being_written(world: World) -> None:
    """A file that was changed a moment ago may be incomplete, so reading waits."""
    assert world.login() == "u1"
    world.write(HEAD + "ann@x.example,half", ago=-2.0)
    assert world.login() == "u1"
    world.write(HEAD + "ann@x.example,whole\n", ago=-2.0)
    assert world.login() == "u1"
    assert world.login() == "whole"


def test_time_stamp_in_the_future(world: World) -> None:
    """A file with a time stamp in the future is read again as well."""
    assert world.login() == "u1"
    world.write(HEAD + "ann@x.example,u2\n", ago=-1000)
    assert (world.login(), world.login()) == ("u1", "u2")


BROKEN = [
    # the content of the file, all messages
    (b"", ["users.csv: is empty"]),
    (b"address,login\nann@x.example\nbob\n", ["line 2: has 1 cell", "line 3: has 1 cell"]),
    (b"address,login\nann@x.example,\xff\n", ["line 2: is not UTF-8"]),
    (b"\x00" * 1000, ["line 1: contains a NUL character"]),
]


@pytest.mark.parametrize(("data", "said"), BROKEN)
def test_broken_file_changes_nothing(world: World, data: bytes, said: list[str]) -> None:
    """A file with mistakes keeps the old answers, and all its mistakes are logged once."""
    with capture_logs() as lines:
        assert world.login() == "u1"
        world.write(data)
        for _ in range(5):
            assert world.login() == "u1"
        shown = reasons(lines)
        assert len(shown) == len(said)
        assert all(part in line for part, line in zip(said, shown, strict=True))
        world.write(HEAD + "ann@x.example,fixed\n")
        assert world.login() == "fixed"
    assert reasons(lines) == shown
    assert lines[-1]["event"] == "directory file read"


def test_file_that_vanishes(world: World) -> None:
    """A removed file keeps the old answers; that is logged once, and the file may come back."""
    with capture_logs() as lines:
        assert world.login() == "u1"
        world.file.unlink()
        for _ in range(5):
            assert world.login() == "u1"
        (shown,) = reasons(lines)
        assert shown == f"{world.file}: cannot be read: No such file or directory"
        world.write(HEAD + "ann@x.example,back\n")
        assert world.login() == "back"
    assert len(reasons(lines)) == 1


def test_file_that_vanishes_for_a_moment(world: World) -> None:
    """If an editor removes the file for a moment, no error is logged."""
    with capture_logs() as lines:
        assert world.login() == "u1"
        world.file.unlink()
        assert world.login() == "u1"
        world.write(HEAD + "ann@x.example,u2\n")
        assert world.login() == "u2"
    assert reasons(lines) == []


def test_file_that_was_never_there(world: World) -> None:
    """Without a file the directory is unavailable, until the file exists."""
    world.file.unlink()
    with capture_logs() as lines:
        for _ in range(3):
            with pytest.raises(DirectoryUnavailable) as caught:
                world.login()
            assert str(caught.value) == f"{world.file}: cannot be read: No such file or directory"
        assert len(reasons(lines)) == 1
        world.write(HEAD + "ann@x.example,u1\n", ago=0)
        assert world.login() == "u1"
    assert lines[-1]["event"] == "directory file read"


def test_file_that_was_never_good(world: World) -> None:
    """If the file has mistakes from the start, the error names file and line."""
    world.write(HEAD + "ann@x.example\nbob@x.example\n")
    with capture_logs() as lines:
        for _ in range(3):
            with pytest.raises(DirectoryError) as caught:
                world.login()
            expected = f"{world.file}: line 2: has 1 cell, but the header has 2 (and 1 more)"
            assert str(caught.value) == expected
        assert len(reasons(lines)) == 2
        world.write(HEAD + "ann@x.example,u1\n", ago=0)
        assert world.login() == "u1"


def test_fixed_rights(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is read after its rights are fixed, even if nothing else has changed."""
    closed = DirectoryUnavailable("users.csv: cannot be read: Permission denied")

    def refuse(_path: Path) -> UserTable:
        raise closed

    monkeypatch.setattr(READ, refuse)
    for _ in range(2):
        with pytest.raises(DirectoryUnavailable, match="Permission denied"):
            world.login()
    monkeypatch.setattr(READ, read_users)
    assert world.login() == "u1"


def test_mistakes_of_a_file_that_changes_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mistakes in a file that is being written are not logged."""
    assert world.login() == "u1"

    def caught(path: Path) -> UserTable:
        try:
            return read_users(path)
        finally:
            world.write(HEAD + "ann@x.example,whole\n")

    world.write(HEAD + "ann@x.example")
    monkeypatch.setattr(READ, caught)
    with capture_logs() as lines:
        assert world.login() == "u1"
        monkeypatch.setattr(READ, read_users)
        assert world.login() == "whole"
    assert reasons(lines) == []


def test_ambiguous_user_is_unknown(world: World) -> None:
    """An ambiguous user counts as unknown; the log names lines, and no address."""
    world.write(HEAD + "Ann@x.example,u1\nANN@x.example,u2\n")
    with capture_logs() as lines:
        assert world.login() is None
    (line,) = lines
    assert (line["event"], line["lines"]) == ("user is ambiguous", [2, 3])
    assert "x.example" not in str(line)


def test_others_do_not_wait_while_it_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one thread reads the file, other threads get the old answers at once."""
    assert world.login() == "u1"
    world.write(HEAD + "ann@x.example,u2\n")
    reading, go_on = threading.Event(), threading.Event()

    def slow(path: Path) -> UserTable:
        reading.set()
        assert go_on.wait(60)
        return read_users(path)

    monkeypatch.setattr(READ, slow)
    world.seconds += 2
    found: list[object] = []
    first = threading.Thread(target=world.source.find, args=[ANN], daemon=True)
    first.start()
    assert reading.wait(60)
    other = threading.Thread(target=lambda: found.append(world.source.find(ANN)), daemon=True)
    other.start()
    other.join(20)
    assert found == [{"login": ("u1",)}]
    go_on.set()
    first.join(60)
    assert world.login(seconds=0) == "u2"


def test_first_answers_wait_for_the_file(world: World) -> None:
    """Threads that ask before the first read all get the right answer."""
    world.seconds += 1
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(world.source.find(ANN))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [{"login": ("u1",)}] * 8
    world.source.close()
    world.source.close()
