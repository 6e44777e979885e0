"""What the scripts of all shells have in common: commands, options, and patterns of `case`."""

import shlex
from dataclasses import replace

import pytest

from tests.cli.completion.tree import HOSTILE, TREE
from waypost.cli.completion.words import files_of, key, options_with_value, patterns


def test_keys() -> None:
    """A command is its words, each after a space, so that no command is the end of another one."""
    assert [key(node) for node in TREE.walk()] == ["", " show", " show dns", " apply"]


def test_files() -> None:
    """Commands with a file as argument are listed; an option with a file makes none of them."""
    assert files_of(TREE) == [" apply"]
    assert files_of(replace(TREE, children=TREE.children[:1])) == []


def test_options_with_a_value() -> None:
    """Each name of an option that has a value is listed with its command; a flag is not."""
    assert [(command, name) for command, name, _ in options_with_value(TREE)] == [
        (" show dns", "--format"),
        (" show dns", "--providers"),
        (" show dns", "-t"),
        (" show dns", "--ttl"),
    ]


PATTERNS = [
    # the texts, the pattern
    ([], ""),
    (["show"], "show"),
    ([" show", " show dns"], "' show'|' show dns'"),
    (["*", "?", "[a]"], "'*'|'?'|'[a]'"),
    (["a|b"], "'a|b'"),
    (["it's"], "'it'\"'\"'s'"),
    ([""], "''"),
]


@pytest.mark.parametrize(("texts", "pattern"), PATTERNS)
def test_patterns(texts: list[str], pattern: str) -> None:
    """A text matches itself alone: what is special in a pattern is quoted."""
    assert patterns(texts) == pattern


def test_hostile_pattern() -> None:
    """A shell reads a quoted text as one word, and runs nothing of it."""
    assert shlex.split(patterns([HOSTILE])) == [HOSTILE]
