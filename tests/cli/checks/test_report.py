"""The layout of the reports of `doctor`, `conformance` and `lint`: each case is a file."""

import json
import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.conftest import Waypost
from tests.cli.golden_text import REPORTS, check
from waypost.cli.checks.report import CheckReport, ClientRow, Details, report_text
from waypost.cli.layout import TEXT_MAX_CHARS, display_width, sanitize, wrap
from waypost.diagnostics.diagnostic import Diagnostic, DiagnosticCode
from waypost.diagnostics.grouping import DiagnosticGroup

CASES = sorted((REPORTS / "layout").glob("*.json"))
WIDTHS = {"pipe": None, "80": 80, "40": 40}


def group(one: dict[str, Any]) -> DiagnosticGroup:
    """Read what was found of one code."""
    about = DiagnosticCode(one["code"], one["severity"], one["message"], one["fix"])
    kept = [Diagnostic(about, place) for place in one["places"]]
    keys = {"reach": "broken_client_count", "is_cause": "is_cause"}
    more = {name: one[key] for key, name in keys.items() if key in one}
    breaks = tuple(one.get("clients", ()))
    return DiagnosticGroup(about, kept, one.get("count", len(kept)), breaks, **more)


def report(path: Path) -> CheckReport:
    """Read a report: the members of the dataclasses, and lists where these have tuples."""
    report = json.loads(path.read_text("utf-8"))
    report["groups"] = [group(one) for one in report.pop("problems", ())]
    report["clients"] = [ClientRow(*one) for one in report.get("clients", ())]
    report["details"] = [
        Details(**{**one, "lines": tuple(one["lines"])}) for one in report.get("details", ())
    ]
    return CheckReport(**report)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_cases(path: Path, width: str) -> None:
    """Each report is equal to its golden file, in a pipe and on terminals of 80 and 40 columns."""
    shown = report_text(report(path), WIDTHS[width], verbose=path.stem.startswith("verbose"))
    check(path.with_suffix(f".{width}.txt"), shown)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_no_line_is_too_wide(path: Path) -> None:
    """At any width, only links are wider than the terminal, so that they can be copied."""
    for width in range(20, 140, 3):
        for line in report_text(report(path), width, verbose=True).splitlines():
            assert display_width(line) <= width or line.startswith("  see: "), (width, line)
            assert line.isprintable()


def test_the_verdict_is_first() -> None:
    """The first line of every report is its verdict."""
    for path in CASES:
        shown = report(path)
        first = report_text(shown, None).splitlines()[0]
        assert first == f"{sanitize(shown.subject)}: {sanitize(shown.verdict)}"


def test_each_sentence_once() -> None:
    """A code's message, its fix and its link are in a report once, for any number of places."""
    for path in CASES:
        shown = report(path)
        whole = report_text(shown, None)
        for one in shown.groups:
            assert whole.count(f" {one.code}: {one.definition.message}\n") == 1
            assert whole.count(f"  fix: {one.definition.fix}\n") == [
                other.definition.fix for other in shown.groups
            ].count(one.definition.fix)


@given(st.text(), st.integers(1, 60))
def test_wrapping_loses_nothing(said: str, width: int) -> None:
    """All words stay, in their order, and no line is wider than the limit, or one letter."""
    for first in (None, 0, width // 2):
        lines = list(wrap(said, width, first))
        assert "".join("".join(lines).split()) == "".join(said.split())
        assert all(display_width(line) <= width or len(line) == 1 for line in lines)
        assert first is None or not lines or display_width(lines[0]) <= first


HOSTILE = [
    ("\x1b[2J\x1b[31mred", "?[2J?[31mred"),
    ("a\r\nb\tc\x00", "a??b?c?"),
    ("\u202egnp.exe\u200b\ufeff", "?gnp.exe??"),
    ("[red]no[/red] [link=x]y[/link] :smiley:", "[red]no[/red] [link=x]y[/link] :smiley:"),
    ("\ud800", "?"),
    ("\x9b31m", "?31m"),
    ("x" * 1000, "x" * TEXT_MAX_CHARS + "…"),
]


@pytest.mark.parametrize(("said", "shown"), HOSTILE)
def test_hostile_texts(said: str, shown: str) -> None:
    """Text of a server has no effect on a terminal, and no markup of Rich."""
    assert sanitize(said) == shown


def on_a_terminal(
    home: Path, *arguments: str, columns: int = 80, environment: Mapping[str, str] | None = None
) -> str:
    """Run a command on its own terminal; return its output."""
    ours, theirs = pty.openpty()
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM", "COLORTERM"}
    }
    variables = {**kept, "TERM": "xterm-256color", "COLUMNS": f"{columns}", "HOME": f"{home}"}
    command = [sys.executable, "-m", "waypost", *arguments]
    with subprocess.Popen(
        command,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        cwd=home,
        env={**variables, **(environment or {})},
    ) as process:
        os.close(theirs)
        written = b""
        while select.select([ours], [], [], 30)[0]:
            try:
                piece = os.read(ours, 4096)
            except OSError:
                break  # The other side is closed.
            written += piece
        process.wait(30)
    os.close(ours)
    return written.decode().replace("\r\n", "\n")


def without_colours(shown: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", shown)


@pytest.mark.parametrize("columns", [80, 40])
def test_colours_on_a_terminal(home: Path, waypost: Waypost, columns: int) -> None:
    """On a terminal, errors are red and lines fit; without the colours, the text is the same."""
    shown = on_a_terminal(home, "lint", "--demo", columns=columns)
    assert "\x1b[1;31merror\x1b[0m" in shown
    plain_text = without_colours(shown)
    assert all(display_width(line) <= columns for line in plain_text.splitlines())
    piped = waypost("lint", "--demo").out
    assert "".join(plain_text.split()) == "".join(piped.split())


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colours_if_disabled(home: Path, environment: dict[str, str]) -> None:
    """NO_COLOR and TERM=dumb disable colours."""
    shown = on_a_terminal(home, "lint", "--demo", environment=environment)
    assert "no-incoming" in shown
    assert "\x1b" not in shown


def test_no_colours_in_a_pipe(home: Path) -> None:
    """A pipe gets no colours in any environment, and no line is wrapped."""
    environment = {**os.environ, "FORCE_COLOR": "1", "CLICOLOR_FORCE": "1", "COLUMNS": "40"}
    command = [sys.executable, "-m", "waypost", "lint", "--demo"]
    done = subprocess.run(
        command, capture_output=True, check=False, cwd=home, env={**environment, "HOME": f"{home}"}
    )
    assert done.returncode == 1
    assert b"\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) > 100
