"""The completion for fish, as a text: test_shells.py runs it."""

import pytest

from tests.cli.completion.tree import TREE
from waypost.cli.completion.fish import fish_script, quote

SCRIPT = fish_script(TREE)
LINES = SCRIPT.splitlines()
# In single quotes, fish reads \' and \\ (fish-doc, "Quotes").
SUMMARY = r"""'Don\'t: "$HOME" `id` $(id) \\ * ; | & # [x] {a,b} ~'"""

QUOTED = [
    # a text, the same text in fish
    ("", "''"),
    ("show dns", "'show dns'"),
    ("it's", r"'it\'s'"),
    ("a\\", r"'a\\'"),
    ("\\'", r"'\\\''"),
    ("$HOME `id` *", "'$HOME `id` *'"),
]


@pytest.mark.parametrize(("text", "quoted"), QUOTED)
def test_quotes(text: str, quoted: str) -> None:
    """The quote and the backslash are escaped, and nothing else is special."""
    assert quote(text) == quoted


def at(command: str, rest: str) -> str:
    """Return the line of what is offered after a command."""
    inner = rf"\'{command}\'"
    return f"complete --command waypost --condition '__waypost_at {inner}' {rest}"


OFFERED = [
    # the command, what is offered after it
    ("", "--arguments show --description 'Print an answer'"),
    ("", "--arguments apply --description 'Write a file'"),
    ("", "--long-option version --description 'Show the version.'"),
    (" show", f"--arguments dns --description {SUMMARY}"),
    (
        " show dns",
        "--long-option format --exclusive --arguments 'zone json' --description 'The form.'",
    ),
    (
        " show dns",
        f"--long-option providers --require-parameter --force-files --description {SUMMARY}",
    ),
    (
        " show dns",
        "--short-option t --long-option ttl --exclusive --description 'The TTL: in seconds.'",
    ),
    (" apply", "--force-files"),
    (" apply", "--long-option demo --long-option no-demo --description 'The samples.'"),
]


def test_offered() -> None:
    """Each command has its commands, options, choices and files, each with its description."""
    assert [line for line in LINES if "--condition" in line] == [at(*one) for one in OFFERED]


def test_commands() -> None:
    """A word counts as a part of the command only if there is such a command."""
    assert LINES[0] == "# Completion of waypost for fish, made by `waypost completion fish`."
    assert """contains -- "$command $word" ' show' ' show dns' ' apply'""" in SCRIPT
    assert "COMMANDS" not in SCRIPT
    assert SCRIPT.endswith("\n")
