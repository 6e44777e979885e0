"""Stamps of files: any change gives another one, and a file that Waypost cannot see gives none."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from waypost.runtime.file_stamp import file_stamp

# The clock of a file system may be as slow as 100 Hz.
CLOCK_TICK_SECONDS = 0.02


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    """Return a file whose times are older than any change by a test."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    time.sleep(CLOCK_TICK_SECONDS)
    return path


def _keep_times(path: Path, change: Callable[[], object]) -> None:
    """Change a file, and reset the time of the change, as `cp -p` and `rsync` do."""
    status = path.stat()
    change()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _replace(path: Path) -> None:
    """Replace a file by another one with the same content, as editors do."""
    new = path.with_name("new")
    new.write_bytes(path.read_bytes())
    new.replace(path)


CHANGES: list[tuple[str, Callable[[Path], object]]] = [
    ("longer", lambda path: path.write_bytes(b"longer")),
    ("empty", lambda path: path.write_bytes(b"")),
    ("same size", lambda path: path.write_bytes(b"new")),
    ("same size and time", lambda path: _keep_times(path, lambda: path.write_bytes(b"new"))),
    ("replaced", _replace),
    ("replaced with the same time", lambda path: _keep_times(path, lambda: _replace(path))),
    ("mode", lambda path: path.chmod(0o400)),
    ("time in the past", lambda path: os.utime(path, ns=(0, 0))),
    ("removed", lambda path: path.unlink()),
]


@pytest.mark.parametrize(("name", "change"), CHANGES, ids=[name for name, _ in CHANGES])
def test_changes(file: Path, name: str, change: Callable[[Path], object]) -> None:
    """Each change of the content, of the status or of the file itself gives another stamp."""
    before = file_stamp(file)
    change(file)
    after = file_stamp(file)
    assert before is not None
    assert after != before
    assert (after is None) == (name == "removed")


def test_no_change(file: Path) -> None:
    """Reading a file, or asking again, does not give another stamp."""
    before = file_stamp(file)
    file.read_bytes()
    assert file_stamp(file) == before
    assert file_stamp(file.parent / "." / file.name) == before


def test_other_file(file: Path) -> None:
    """A copy with the same content and times is another file."""
    copy, status = file.with_name("copy"), file.stat()
    copy.write_bytes(file.read_bytes())
    os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file_stamp(copy) != file_stamp(file)


def test_link(file: Path) -> None:
    """The stamp of a link is that of its file, so a link to another file has another one."""
    # Kubernetes updates a mounted secret in this way.
    link, other = file.with_name("link"), file.with_name("other")
    other.write_bytes(b"old")
    link.symlink_to(file)
    assert file_stamp(link) == file_stamp(file)
    link.unlink()
    link.symlink_to(other)
    assert file_stamp(link) == file_stamp(other) != file_stamp(file)


UNSEEN = [
    # what is wrong, path in the folder
    ("missing", "missing"),
    ("folder is missing", "missing/file"),
    ("folder is a file", "file/x"),
    ("link to a missing file", "dangling"),
    ("link to itself", "loop"),
    ("name is too long", "x" * 256),
    ("path is too long", "x/" * 3000),
    ("NUL in the name", "a\0b"),
    ("not encodable", "\ud800"),
]


@pytest.mark.parametrize(("problem", "name"), UNSEEN, ids=[problem for problem, _ in UNSEEN])
def test_unseen_files(file: Path, problem: str, name: str) -> None:
    """A path without a file has no stamp, and is no error: the file may come later."""
    folder = file.parent
    (folder / "dangling").symlink_to("missing")
    (folder / "loop").symlink_to("loop")
    assert file_stamp(folder / name) is None, problem


def test_file_that_comes_later(tmp_path: Path) -> None:
    """A file has a stamp as soon as it exists."""
    path = tmp_path / "later"
    assert file_stamp(path) is None
    path.touch()
    assert file_stamp(path) is not None
