"""Standard error of a server: each text is written before the process ends, if possible."""

import json
import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.servers.waypost import SOURCE

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
