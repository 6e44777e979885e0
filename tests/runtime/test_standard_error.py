"""Standard error of a server: each text is written before the process ends, if possible."""

import atexit
import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TextIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.servers.waypost import SOURCE
from waypost.core.text_rules import escaped
from waypost.runtime.log_writer import LogWriter
from waypost.runtime.standard_error import StandardError, queue_standard_error

PREPARE = (
    "from waypost.runtime.standard_error import queue_standard_error; queue_standard_error()\n"
)
LOG = """
import sys, structlog
from waypost.runtime.logs import configure
configure("info", sys.argv[1])
log = structlog.get_logger("x")
for number in range(3000):
    log.info("line", number=number)
"""
ENDS = {
    "normal": ("", 0),
    "exit": ("sys.exit(3)", 3),
    "exception": ("raise ValueError('the last\\x1b line')", 1),
    "thread": (
        (
            "import threading\n"
            "def fail(): raise ValueError('the last\\x1b line')\n"
            "one = threading.Thread(target=fail); one.start(); one.join()"
        ),
        0,
    ),
    "warning": ("import warnings; warnings.warn('the last\\x1b line')", 0),
}


def _run(program: str, stderr: int | None, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", PREPARE + program, *arguments],
        env={"PYTHONPATH": f"{SOURCE}"},
        stderr=subprocess.PIPE if stderr is None else stderr,
        stdout=subprocess.DEVNULL,
        timeout=30,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("end", ENDS)
def test_nothing_is_lost_at_the_end(end: str) -> None:
    """However a process ends by itself, all lines are written, tracebacks and warnings as well."""
    code, status = ENDS[end]
    ended = _run(LOG + code, None, "json")
    lines = ended.stderr.decode().splitlines()

    assert ended.returncode == status
    assert [json.loads(line)["number"] for line in lines[:3000]] == list(range(3000))
    assert any("the last\\x1b line" in line for line in lines) == ("the last" in code)
    assert b"\x1b" not in ended.stderr


@pytest.mark.slow
def test_process_ends_while_the_log_is_stuck() -> None:
    """A pipe that is not read does not keep a process from its end."""
    reader, writer = os.pipe()
    ended = _run(LOG + "raise ValueError", writer, "json")  # or TimeoutExpired
    os.close(writer)
    os.close(reader)

    assert ended.returncode == 1


def test_closed_standard_error(tmp_path: Path) -> None:
    """If standard error is closed, no other file gets its number, and lines are dropped."""
    path = tmp_path / "file"
    program = (
        PREPARE + LOG + f"file = open({f'{path}'!r}, 'w')\nassert file.fileno() != 2\n"
        "import os; os.write(2, b'of a library'); print('good', file=file)"
    )
    command = ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-c", program, "json"]
    ended = subprocess.run(command, env={"PYTHONPATH": f"{SOURCE}"}, timeout=30, check=False)

    assert ended.returncode == 0
    assert path.read_text() == "good\n"


def test_notice_has_the_form_of_the_log() -> None:
    """The line about dropped lines is JSON like the others, and says what to do."""
    reader, writer = os.pipe()
    running = subprocess.Popen(
        [sys.executable, "-c", PREPARE + LOG * 3 + "input(); sys.stderr.flush()", "json"],
        env={"PYTHONPATH": f"{SOURCE}"},
        stdin=subprocess.PIPE,
        stderr=writer,
    )
    os.close(writer)
    time.sleep(0.5)
    with running, closing(os.fdopen(reader, encoding="utf-8")) as log:
        assert running.stdin is not None
        running.stdin.write(b"\n")
        running.stdin.close()
        lines = [json.loads(line) for line in log]
    notices = [line for line in lines if "dropped" in line["event"]]

    assert sum(line["lines"] for line in notices) + len(lines) - len(notices) == 9000
    assert all(line.keys() >= {"timestamp", "level", "reason", "fix"} for line in notices)


def test_notes_of_commands() -> None:
    """What commands print on standard error is in its place among the lines of the log."""
    printing = "from waypost.cli.output import print_stderr; print_stderr('one\x1b');"
    program = f"{LOG}{printing} log.info('two')"
    lines = _run(program, None, "json").stderr.decode().splitlines()

    assert lines[3000] == "one?"
    assert json.loads(lines[3001])["event"] == "two"
    assert len(lines) == 3002


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture(name="stream")
def _stream(path: Path) -> Iterator[StandardError]:
    """Yield a standard error that is a file; it is closed before another file has its number."""
    with path.open("wb") as file, StandardError(LogWriter(file.fileno())) as stream:
        yield stream


WRITES = [
    # texts that are written one after the other, what is in the file without `flush`
    (["one\n"], b"one\n"),
    (["one", "\n"], b"one\n"),
    (["one\ntw", "o\nthr"], b"one\ntwo\n"),
    (["\n", "", "\n"], b"\n\n"),
    (["one"], b""),
    (["\x1b[31mred\r\n"], b"\\x1b[31mred\\r\n"),
    (["tab\tstays\u202e\n"], b"tab\tstays\\u202e\n"),
    (["M\u00fcnchen \ud800\n"], b"M\xc3\xbcnchen \\ud800\n"),
    # A line without an end does not need more and more memory.
    (["x" * 8192], b""),
    (["x" * 8192, "y"], b"x" * 8192 + b"y"),
]


@pytest.mark.parametrize(("texts", "expected"), WRITES)
def test_whole_lines(stream: StandardError, path: Path, texts: list[str], expected: bytes) -> None:
    """A line is written when it has its end, with all that a terminal would interpret escaped."""
    assert [stream.write(text) for text in texts] == [len(text) for text in texts]
    assert stream.writer.drain()
    assert path.read_bytes() == expected


def test_any_texts(stream: StandardError, path: Path) -> None:
    """After `flush`, the file has any texts, however they are cut into pieces."""

    @given(st.lists(st.text(st.characters() | st.sampled_from("\n\r\x00\ud800"))))
    def check(texts: list[str]) -> None:
        before = path.stat().st_size
        stream.writelines(texts)
        stream.flush()
        lines = "".join(texts).split("\n")
        expected = "\n".join(map(escaped, lines)).encode("utf-8", "backslashreplace")
        assert path.read_bytes()[before:] == expected

    check()


@pytest.mark.parametrize("data", [b"bytes\n", bytearray(), None, 1])
def test_no_text(stream: StandardError, path: Path, data: object) -> None:
    """Anything but a text is refused, as by a text stream of Python, and nothing is written."""
    with pytest.raises(TypeError, match=f"must be str, not {type(data).__name__}"):
        stream.write(cast("str", data))
    stream.flush()
    assert path.read_bytes() == b""


def test_properties_of_the_stream(stream: StandardError) -> None:
    """Libraries ask a stream what it is: here it can be written, and is no terminal."""
    assert stream.writable()
    assert not stream.readable()
    assert not stream.isatty()
    assert stream.fileno() == stream.writer.fileno()
    assert (stream.encoding, stream.errors) == ("utf-8", "backslashreplace")


def _print_traceback() -> None:
    error = ValueError("odd\x1b value")
    traceback.print_exception(error)


PRINTED: list[tuple[Callable[[], object], str]] = [
    # what Python does, the beginning of the output
    (_print_traceback, "ValueError: "),
    (lambda: print("odd\x1b value", file=sys.stderr), "odd"),  # noqa: T201 -- as a library does
]


@pytest.mark.parametrize(("act", "begin"), PRINTED)
def test_output_of_python(
    stream: StandardError,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[], object],
    begin: str,
) -> None:
    """Tracebacks, and what a library prints, are lines of the log."""
    monkeypatch.setattr(sys, "stderr", stream)
    act()
    stream.flush()
    text = path.read_text()
    assert text.startswith(begin)
    assert text.endswith("odd\\x1b value\n")


def test_replaced_standard_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process's standard error is replaced once, and is back when the process ends."""
    at_end: list[tuple[Callable[[StandardError], None], StandardError]] = []
    monkeypatch.setattr(atexit, "register", lambda *function: at_end.append(function))
    with path.open("w") as file:
        monkeypatch.setattr(sys, "__stderr__", file)
        monkeypatch.setattr(sys, "stderr", file)
        writer = queue_standard_error()
        assert writer is not None
        assert writer.fileno() == file.fileno()
        assert queue_standard_error() is writer
        replacement = cast("object", sys.stderr)
        assert isinstance(replacement, StandardError)
        replacement.write("the last line")
        ((end, argument),) = at_end
        assert argument is replacement
        end(argument)
        assert sys.stderr is file
    assert path.read_text() == "the last line"


def test_standard_error_of_a_test(stream: StandardError, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another stream than that of the process stays; one that is replaced already is known."""
    before = sys.stderr
    assert before is not sys.__stderr__
    assert queue_standard_error() is None
    assert sys.stderr is before
    monkeypatch.setattr(sys, "stderr", stream)
    assert queue_standard_error() is stream.writer


def test_process_without_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """If Python found standard error closed, lines are dropped, and no other file is closed."""
    monkeypatch.setattr(atexit, "register", lambda *_function: None)
    monkeypatch.setattr(sys, "__stderr__", None)
    monkeypatch.setattr(sys, "stderr", None)
    before = os.fstat(2)
    writer = queue_standard_error()
    assert writer is not None
    assert os.fstat(2).st_ino == before.st_ino
    assert Path(f"/proc/self/fd/{writer.fileno()}").resolve() == Path(os.devnull)
    cast("TextIO", sys.stderr).write("dropped\n")
    assert writer.drain()
    os.close(writer.fileno())
