"""Output to a terminal: control characters of untrusted text have no effect."""

import os
import pty
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Waypost
from tests.servers.hostile import ANSWERS, HOSTILE, hostile_server
from tests.servers.waypost import SOURCE
from waypost.cli.layout import Part, plain_text
from waypost.cli.output import print_line, print_stderr, print_warnings, write_document

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
COMMANDS = {
    "conformance --json": ("conformance", "{url}", "example.com", "--json"),
    "conformance --verbose": ("conformance", "{url}", "example.com", "--verbose"),
    "import": ("import", "ispdb", "{url}/v1.1/example.com"),
    "compare": ("compare", "--old", "{url}", "--new", "{url}", "--providers", "providers.toml"),
}
PROVIDERS = '[[provider]]\nname = "One"\ndomains = ["example.com"]\n'


def _is_harmless(text: str) -> bool:
    return all(char.isprintable() or char == "\n" for char in text)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_hostile_server(waypost: Waypost, home: Path, answer: str, command: str) -> None:
    """No command prints control characters from the answer of a server."""
    (home / "providers.toml").write_text(PROVIDERS)
    with hostile_server(ANSWERS[answer]) as url:
        outcome = waypost(*(word.format(url=url) for word in COMMANDS[command]))

    assert outcome.out + outcome.err
    assert _is_harmless(outcome.out)
    assert _is_harmless(outcome.err)


def _on_a_terminal(home: Path, *arguments: str) -> str:
    """Return what a command writes to a terminal, without its own colours and line ends."""
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "waypost", *arguments],
        cwd=home,
        env={"PYTHONPATH": f"{SOURCE}", "HOME": f"{home}", "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
    ):
        os.close(terminal)
        written = b""
        with closing(os.fdopen(controller, "rb", buffering=0)) as screen:
            while True:
                try:
                    written += screen.read(65536)
                except OSError:  # EIO: the command has ended.
                    break
    return COLOUR.sub("", written.decode("utf-8", "surrogateescape")).replace("\r\n", "\n")


@pytest.mark.parametrize("answer", ["location", "type"])
def test_hostile_server_at_a_terminal(home: Path, answer: str) -> None:
    """The same is true on a real terminal, where reports have colours."""
    with hostile_server(ANSWERS[answer].replace(b"\x1b[31m", b"")) as url:
        shown = _on_a_terminal(home, "conformance", url, "example.com", "--verbose")
        shown += _on_a_terminal(home, "import", "ispdb", f"{url}/v1.1/example.com")

    # Rich hides the cursor while its bar is shown.
    assert _is_harmless(re.sub(r"\x1b\[\?25[lh]|\x1b\[2K|\x1b\[1A|\r", "", shown))


@pytest.mark.parametrize("write", [print_line, print_stderr, lambda text: print_warnings([text])])
def test_one_line_each(write: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> None:
    """A line break in a text cannot fake a line of the command."""
    write(f"one\nerror: two\r\x0b\x85\u2028three {HOSTILE}")
    written = "".join(capsys.readouterr())

    assert written.endswith("\n")
    assert written[:-1].isprintable()


def test_report_lines() -> None:
    """A line of a report shows the text of its parts, from any source."""
    assert plain_text((Part("a\x1b[2J"), Part(f"\n{HOSTILE}", "bold"))).isprintable()


@pytest.mark.parametrize("content", [f"<a>{HOSTILE}\n</a>", f"<a>{HOSTILE}\n</a>".encode()])
def test_documents(
    content: str | bytes,
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A document is written byte for byte, except control characters on a terminal."""
    write_document(content)
    piped = capsysbinary.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    write_document(content)
    shown = capsysbinary.readouterr().out.decode()

    assert piped == (content if isinstance(content, bytes) else content.encode())
    assert _is_harmless(shown)
    assert shown.count("\n") == 1


def test_log_is_no_part_of_a_result(waypost: Waypost, home: Path) -> None:
    """A row that is left out is a warning on standard error, with its text escaped."""
    (home / "providers.toml").write_text(
        PROVIDERS + 'services = [{ type = "imap", host = "a.example" }]\n'
    )
    uri = f"sqlite:///{home}/w.sqlite"
    assert waypost("apply", "providers.toml", "--db-uri", uri).code == 0
    with closing(sqlite3.connect(home / "w.sqlite")) as connection, connection:
        connection.execute("UPDATE server SET type = ?", (HOSTILE,))
    outcome = waypost("domain", "show", "example.com", "--db-uri", uri)

    assert outcome.out.startswith("example.com is served as example.com by One\n")
    assert "invalid row ignored" in outcome.err
    assert _is_harmless(outcome.out + outcome.err)
