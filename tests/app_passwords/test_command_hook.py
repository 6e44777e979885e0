"""App passwords by a local command."""

import json
import os
import sys
import time
from pathlib import Path

import pytest

from waypost.app_passwords.command_hook import ENVIRONMENT, CommandHook
from waypost.setup_links.app_password import AppPasswordError, AppPasswordRequest

REQUEST = AppPasswordRequest("a" * 32, "alice@example.com", "$(id); --help", "Alice")
ECHO = """
import json, os, sys
print(json.dumps({"password": json.dumps([sys.stdin.readline(), sys.argv[1:], dict(os.environ),
    os.getcwd()])}))
"""
FAILURES = [
    # the program, the error
    ("import sys; sys.exit(3)", "ended with exit status 3"),
    ("print('{}')", 'the answer has no text "password"'),
    ('print(\'{"password": "s3cret"}\'); exit(1)', "ended with exit status 1"),
    ('print(\'{"error": "no mailbox"}\'); exit(1)', "the system refuses: no mailbox"),
    ("import os; os.kill(os.getpid(), 9)", "ended with exit status -9"),
    ("print('x' * 10_000_000)", "the answer is longer than 16384 bytes"),
    ("while True: print('x' * 1000)", "the answer is longer than 16384 bytes"),
    ("import sys; print('s3cret', file=sys.stderr)", "the answer is not JSON in UTF-8"),
]


def hook(program: str, seconds: float = 60) -> CommandHook:
    return CommandHook([sys.executable, "-c", program, "-v"], seconds)


def test_what_a_command_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command gets the request on its input: no value of it is an argument, nor a variable."""
    monkeypatch.setenv("WAYPOST_LINK_KEY", "s3cret")
    line, arguments, environment, folder = json.loads(hook(ECHO).create(REQUEST))
    assert json.loads(line)["device"] == "$(id); --help"
    assert (arguments, folder) == (["-v"], "/")
    assert environment.items() >= ENVIRONMENT.items()
    assert set(environment) <= {*ENVIRONMENT, "LC_CTYPE"}


@pytest.mark.parametrize(("program", "problem"), FAILURES)
def test_failures(program: str, problem: str) -> None:
    """A command that fails gives no password; neither its output nor a password is shown."""
    with pytest.raises(AppPasswordError, match=problem) as caught:
        hook(program).create(REQUEST)
    assert "s3cret" not in str(caught.value)


def test_input_that_is_not_read() -> None:
    """A command that ignores its input may answer."""
    assert hook('print(\'{"password": "x"}\')').create(REQUEST) == "x"
    hook("print('{}')").revoke(REQUEST)


def test_a_slow_command(tmp_path: Path) -> None:
    """A command that takes too long is killed with its children."""
    path = tmp_path / "pid"
    program = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(path)!r}, "w").write(str(child.pid))
time.sleep(600)
"""
    with pytest.raises(AppPasswordError, match="took longer than 1 s"):
        hook(program, 1).create(REQUEST)
    if path.exists() and path.read_text(encoding="ascii"):
        child = int(path.read_text(encoding="ascii"))
        end = time.monotonic() + 60
        while _is_running(child):
            assert time.monotonic() < end
            time.sleep(0.05)


def test_a_child_that_stays() -> None:
    """A child that the command leaves behind is killed, and delays no answer."""
    program = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"],
    stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
print('{"password": "x"}')
"""
    assert hook(program).create(REQUEST) == "x"


@pytest.mark.parametrize("path", ["/no/such/program", "/etc/passwd", "/"])
def test_a_program_that_cannot_be_started(path: str) -> None:
    """The error has the reason of the system."""
    with pytest.raises(AppPasswordError, match="app_password_command: cannot be started: "):
        CommandHook([path], 60).create(REQUEST)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie waits for its parent, which was killed.
    state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    return state != "Z"
