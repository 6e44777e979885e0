"""The completion for bash, as a text: test_shells.py runs it."""

import re
import shlex

from tests.cli.completion.tree import HOSTILE, TREE
from waypost.cli.completion.bash import bash_script

SCRIPT = bash_script(TREE)
LINES = [line.strip() for line in SCRIPT.splitlines()]


def test_words_of_each_command() -> None:
    """After each command come its commands and its options, all names of them."""
    found = {}
    for command, words in re.findall(r"^ +(.*)\) words=(.*) ;;$", SCRIPT, re.MULTILINE):
        found["".join(shlex.split(command))] = shlex.split(words)[0].split()
    assert found == {
        "": ["show", "apply", "--version"],
        " show": ["dns"],
        " show dns": ["--format", "--providers", "-t", "--ttl"],
        " apply": ["--demo", "--no-demo"],
    }


def test_values() -> None:
    """An option has its choices, files, or nothing that can be offered."""
    choices = LINES.index("' show dns --format')")
    assert LINES[choices + 1] == ("""COMPREPLY=($(compgen -W 'zone json' -- "$word")); return ;;""")
    files = LINES.index("' show dns --providers')")
    assert LINES[files + 1] == "compopt -o default; return ;;"
    assert "' show dns -t'|' show dns --ttl') return ;;" in LINES


def test_files() -> None:
    """A command whose argument is a file gets the names of files."""
    assert "' apply') compopt -o default ;;" in LINES


def test_commands() -> None:
    """A word counts as a part of the command only if there is such a command."""
    assert """' show'|' show dns'|' apply') command+=" ${COMP_WORDS[i]}" ;;""" in LINES


def test_nothing_is_left_to_fill_in() -> None:
    """The script is for bash, has no gap of the template, and no text of the help in it."""
    assert LINES[0] == "# Completion of waypost for bash, made by `waypost completion bash`."
    assert LINES[-1] == "complete -F _waypost waypost"
    assert not re.search(r"\b(COMMANDS|FILES|VALUES|WORDS)\b", SCRIPT)
    assert HOSTILE not in SCRIPT
