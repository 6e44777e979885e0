"""What the scripts of all shells have in common."""

import shlex
from collections.abc import Iterable, Iterator
from typing import Final

from waypost.cli.command_tree import CommandOption, Node

HEADER: Final = "# Completion of waypost for {0}, made by `waypost completion {0}`.\n"


def key(node: Node) -> str:
    """Return the words of a command, each after a space: ` show dns`; empty for `waypost`."""
    return "".join(f" {word}" for word in node.path)


def files_of(root: Node) -> list[str]:
    """Return the commands whose arguments are files."""
    return [key(node) for node in root.walk() if any(one.takes_file for one in node.arguments)]


def options_with_value(root: Node) -> Iterator[tuple[str, str, CommandOption]]:
    """Yield the command, the name and the option for each option that has a value."""
    for node in root.walk():
        for option in node.options:
            if option.value:
                yield from ((key(node), name, option) for name in option.names)


def patterns(keys: Iterable[str]) -> str:
    """Return a pattern of `case` in bash and zsh that matches each of these texts."""
    return "|".join(map(shlex.quote, keys))
