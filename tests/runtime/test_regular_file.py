"""Configured files must be regular files, and reading them never waits for a writer."""

import errno
import os
import socket
from pathlib import Path

import pytest

from waypost.runtime.regular_file import (
    LINE_MAX_BYTES,
    NotRegularFileError,
    check_regular_file,
    open_regular_file,
    read_first_line,
    read_regular_file,
    read_up_to,
)


@pytest.fixture(name="odd")
def _odd(tmp_path: Path) -> dict[str, Path]:
    paths = {name: tmp_path / name for name in ("fifo", "link", "folder", "socket", "missing")}
    os.mkfifo(paths["fifo"])
    paths["link"].symlink_to(paths["fifo"])
    paths["folder"].mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{paths['socket']}")
    return paths | {"zero": Path("/dev/zero")}


ODD = [
    # kind of file, error, message
    ("fifo", NotRegularFileError, "is a FIFO, a socket or a device, and only regular files"),
    ("link", NotRegularFileError, "is a FIFO, a socket or a device, and only regular files"),
    ("zero", NotRegularFileError, "is a FIFO, a socket or a device, and only regular files"),
    ("folder", NotRegularFileError, "Is a directory"),
    ("socket", OSError, "No such device or address"),
    ("missing", FileNotFoundError, "No such file or directory"),
]


@pytest.mark.parametrize(("name", "error", "said"), ODD, ids=[name for name, *_ in ODD])
def test_odd_files(odd: dict[str, Path], name: str, error: type[OSError], said: str) -> None:
    """Each function refuses what is not a regular file at once, and leaves no file open."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    for reading in (
        open_regular_file,
        check_regular_file,
        read_first_line,
        lambda path: read_regular_file(path, 10),
    ):
        with pytest.raises(error) as caught:
            reading(odd[name])
        assert said in (caught.value.strerror or "")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_limits(tmp_path: Path) -> None:
    """One byte more than the limit is read, which shows that the file is too long."""
    file = tmp_path / "file"
    file.write_bytes(b"abcdef\r\nsecond")
    assert read_regular_file(file, 3) == b"abcd"
    assert read_regular_file(file, 100) == b"abcdef\r\nsecond"
    assert read_first_line(file) == "abcdef"
    assert read_regular_file("/dev/null", 3) == b""
    assert read_first_line("/dev/null") == ""
    file.write_bytes(b"x" * (LINE_MAX_BYTES + 1))
    with pytest.raises(OSError, match="its first line is longer than"):
        read_first_line(file)
    file.write_bytes(b"\xff\n")
    with pytest.raises(UnicodeDecodeError):
        read_first_line(file)
    with pytest.raises(ValueError, match="embedded null"):
        read_regular_file("a\0b", 3)


def test_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lack of memory is an OSError, and the file is closed."""

    def fail(*_arguments: object) -> None:
        raise MemoryError

    file = tmp_path / "file"
    file.write_bytes(b"x")
    before = len(list(Path("/proc/self/fd").iterdir()))
    monkeypatch.setattr(os, "fdopen", fail)
    with pytest.raises(OSError, match="memory") as caught:
        read_regular_file(file, 3)
    assert caught.value.errno == errno.ENOMEM
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_no_data_now() -> None:
    """A file without data at the moment, as /proc/kmsg, is an error of the system."""
    reading, writing = os.pipe2(os.O_NONBLOCK)
    try:
        with os.fdopen(reading, "rb") as file, pytest.raises(BlockingIOError):
            read_up_to(file, 10)
    finally:
        os.close(writing)
