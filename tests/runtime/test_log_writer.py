"""The thread that writes the log: no caller waits for it, and lines it cannot write are counted."""

import fcntl
import os
import select
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.patience import PATIENCE_SECONDS
from waypost.runtime.log_writer import LogWriter

LINE_BYTES = 100
QUEUE_BYTES = 10_000


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Yield both ends of a pipe, the reader's first."""
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)


def _line(number: int) -> str:
    return f"{number} ".ljust(LINE_BYTES - 1, "x") + "\n"


def _read(reader: int, seconds: float = 0.5) -> list[str]:
    """Return the lines that arrive, until none arrives for so long."""
    data = b""
    while select.select([reader], [], [], seconds)[0] and (piece := os.read(reader, 65536)):
        data += piece
    return data.decode().splitlines(keepends=True)


def _pieces(reader: int, last: str, times: int = 1) -> list[bytes]:
    """Return what arrives, piece by piece, until a line has arrived so many times."""
    pieces: list[bytes] = []
    data = b""
    while data.count(last.encode()) < times:
        assert select.select([reader], [], [], PATIENCE_SECONDS)[0]
        pieces.append(os.read(reader, 65536))
        data += pieces[-1]
    return pieces


def _read_to(reader: int, last: str, times: int = 1) -> list[str]:
    """Return the lines that arrive, until a line has arrived so many times."""
    return b"".join(_pieces(reader, last, times)).decode().splitlines(keepends=True)


def test_lines_in_their_order(tmp_path: Path) -> None:
    """All lines are in the file, whole and in their order."""
    path = tmp_path / "log"
    with path.open("wb") as file:
        writer = LogWriter(file.fileno())
        for number in range(2000):
            writer.write(_line(number))
        assert writer.drain()

    assert path.read_text().splitlines(keepends=True) == [_line(one) for one in range(2000)]


def test_unread_pipe_drops_and_counts(pipe: tuple[int, int]) -> None:
    """Lines that come while too many wait are dropped and counted; a line reports how many."""
    reader, descriptor = pipe
    writer = LogWriter(descriptor, QUEUE_BYTES)
    for number in range(5000):
        writer.write(_line(number))
        if not number % 500:
            time.sleep(0.02)  # The thread fills the pipe.
    dropped = writer.count_dropped_lines()
    lines = _read(reader)
    writer.write(_line(5000))
    lines += _read_to(reader, _line(5000))

    assert dropped > 3000
    assert writer.count_dropped_lines() == 0
    notices = [line for line in lines if "log lines dropped" in line]
    assert sum(int(line.split()[0]) for line in notices) == dropped
    assert all("it was not read in time" in line for line in notices)
    kept = [line for line in lines if line not in notices]
    assert len(kept) + dropped == 5001
    assert kept == sorted(kept, key=lambda line: int(line.split()[0]))
    assert lines[-1] == _line(5000)


@pytest.mark.slow
def test_write_never_waits(pipe: tuple[int, int]) -> None:
    """A pipe that is not read delays no caller."""
    _, descriptor = pipe
    fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, 4096)  # The queue is larger.
    writer = LogWriter(descriptor, QUEUE_BYTES)
    for number in range(100_000):  # Would never end if one of them waited.
        writer.write(_line(number))

    assert not writer.drain()
    assert not writer.drain()  # At once: there was no progress for a second.


@pytest.mark.slow
def test_full_disk_is_tried_again(tmp_path: Path) -> None:
    """After a write has failed, the same line is written as soon as writing works again."""
    path = tmp_path / "log"
    descriptor = os.open("/dev/full", os.O_WRONLY)
    writer = LogWriter(descriptor, QUEUE_BYTES)
    for number in range(1000):
        writer.write(_line(number))
    while writer.drain():
        pass
    with path.open("wb") as file:
        os.dup2(file.fileno(), descriptor)
        end = time.monotonic() + PATIENCE_SECONDS
        while not writer.drain() and time.monotonic() < end:
            time.sleep(0.05)
    os.close(descriptor)

    lines = path.read_text().splitlines(keepends=True)
    assert lines[0] == _line(0)
    assert lines[-1] == (
        f"{writer.count_dropped_lines()} log lines dropped because standard error failed: "
        "No space left on device\n"
    )


def test_non_blocking_pipe(pipe: tuple[int, int]) -> None:
    """A pipe that another program made non-blocking gets all lines, once it is read."""
    reader, descriptor = pipe
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    writer = LogWriter(descriptor)
    expected = [_line(number) for number in range(3000)]
    for line in expected:
        writer.write(line)

    assert _read_to(reader, expected[-1]) == expected


def test_long_line(pipe: tuple[int, int]) -> None:
    """A line that is longer than the whole queue is dropped and counted, and no other one."""
    reader, descriptor = pipe
    writer = LogWriter(descriptor, QUEUE_BYTES)
    writer.write("x" * (QUEUE_BYTES + 1))
    assert writer.drain()
    writer.write(_line(1))

    assert _read_to(reader, _line(1))[-1] == _line(1)
    assert writer.count_dropped_lines() == 1


def test_pieces_are_whole_lines(pipe: tuple[int, int]) -> None:
    """One write to a pipe has whole lines and no more than the pipe's atomic size."""
    reader, descriptor = pipe
    fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, 4096)  # One piece fits.
    writer = LogWriter(descriptor)
    for number in range(200):
        writer.write(_line(number))
    pieces = _pieces(reader, _line(199))

    assert all(piece.endswith(b"\n") and len(piece) <= select.PIPE_BUF for piece in pieces)
    assert b"".join(pieces).decode() == "".join(_line(number) for number in range(200))


def test_processes_share_a_pipe(pipe: tuple[int, int]) -> None:
    """Lines of several writers at one pipe, which is read slowly, are whole."""
    reader, descriptor = pipe
    writers = [LogWriter(descriptor), LogWriter(os.dup(descriptor))]
    for number in range(3000):
        for writer in writers:
            writer.write(_line(number))
    lines = _read_to(reader, _line(2999), times=2)

    assert sorted(lines) == sorted(_line(number) for number in range(3000) for _ in writers)
