"""The completion for zsh, as a text: test_shells.py runs it."""

import re
import shlex

from tests.cli.completion.tree import HOSTILE, TREE
from waypost.cli.completion.zsh import zsh_script

SCRIPT = zsh_script(TREE)
LINES = [line.strip() for line in SCRIPT.splitlines()]


def described(name: str, command: str) -> list[str]:
    """Return an array of a command: each word with its description."""
    start = LINES.index(f"({shlex.quote(command)})")
    line = next(one for one in LINES[start:] if one.startswith(f"{name}=("))
    return shlex.split(line.removesuffix(" ;;").removeprefix(f"{name}=(").removesuffix(")"))


def test_commands_with_their_summaries() -> None:
    """The commands after a command have the first sentence of their help, whatever is in it."""
    assert described("commands", "") == ["show:Print an answer", "apply:Write a file"]
    assert described("commands", " show") == [f"dns:{HOSTILE}"]
    assert described("commands", " apply") == []


def test_options_with_their_texts() -> None:
    """Each name of an option has its text; zsh takes the first colon as the end of the name."""
    assert described("options", "") == ["--version:Show the version."]
    assert described("options", " show dns") == [
        "--format:The form.",
        f"--providers:{HOSTILE}",
        "-t:The TTL: in seconds.",
        "--ttl:The TTL: in seconds.",
    ]
    assert described("options", " apply") == ["--demo:The samples.", "--no-demo:The samples."]


def test_values() -> None:
    """An option has its choices, files, or nothing that can be offered."""
    assert "(' show dns --format') compadd -- zone json; return ;;" in LINES
    assert "(' show dns --providers') _files; return ;;" in LINES
    assert "(' show dns -t'|' show dns --ttl') _message value; return ;;" in LINES


def test_files() -> None:
    """A command whose argument is a file gets the names of files."""
    assert "(' apply') _files ;;" in LINES


def test_nothing_is_left_to_fill_in() -> None:
    """The script can be in `$fpath`, and has no gap of the template."""
    assert LINES[0] == "#compdef waypost"
    assert LINES[1] == "# Completion of waypost for zsh, made by `waypost completion zsh`."
    assert not re.search(r"\b(COMMANDS|FILES|VALUES|WORDS)\b", SCRIPT)
