"""Tests of the terminal that shows what a program draws."""

import os
import sys

import pytest

from tests.clients.terminal import Screen, terminal

DRAWN = [
    # output of a program, content of the screen
    ("one\r\ntwo", "one\ntwo"),
    ("\x1b[2;3Hthere", "\n  there"),
    ("abc\x1b[2Dx", "axc"),
    ("abc\x1b[1;2H\x1b[K", "a"),
    ("abc\x1b[H\x1b[2Jd", "d"),
    ("abc\r\ndef\x1b[1;2H\x1b[J", "a"),
    ("\x1b[1;31mred\x1b(B\x1b[m", "red"),
    ("\x1b]8;;https://a.example\x1b\\link\x1b]0;title\x07", "link"),
    ("\x1b[?25lshown\x1b[?2004h\x1b=", "shown"),
]


@pytest.mark.parametrize(("written", "shown"), DRAWN)
def test_text_is_drawn_at_its_position(written: str, shown: str) -> None:
    """Text is at the position that the sequences set, even if it arrives in small pieces."""
    whole, pieces = Screen(), Screen()
    whole.show(written)
    for one in written:
        pieces.show(one)
    assert str(whole).rstrip() == str(pieces).rstrip() == shown


def test_program_reads_typed_text() -> None:
    """A program has its own session and terminal, and reads from the terminal."""
    script = "print('asked'); print(open('/dev/tty').readline()[::-1])"
    with terminal([sys.executable, "-c", script], environment=os.environ) as running:
        running.wait_for("asked")
        running.type("yes\r")
        running.wait_for("\nsey")


def test_error_at_exit_contains_the_screen() -> None:
    """If a program exits before the text comes, the error has its screen without a wait."""
    command = [sys.executable, "-c", "print('goodbye')"]
    with (
        terminal(command, environment=os.environ) as running,
        pytest.raises(TimeoutError, match="goodbye"),
    ):
        running.wait_for("never")
