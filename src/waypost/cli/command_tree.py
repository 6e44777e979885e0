"""All commands with their options, as values: for shell completion and for the manual pages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from waypost.cli.lazy import Group, LazyCommand, root_group

_FILES: Final = frozenset({"FILE", "FILE_OR_URL", "PATH", "FOLDER"})
_BRACKETS: Final = str.maketrans("", "", "<>")


@dataclass(frozen=True, slots=True)
class CommandOption:
    """An option of a command.

    Attributes:
        names: such as `-v` and `--verbose`, or `--demo` and `--no-demo`.
        value: the name of its value such as `FILE`, or its choices such as `toml|json`; empty for
            a flag.
        text: its help.
        section: the title of its group in the help; empty without one.
    """

    names: tuple[str, ...]
    value: str
    text: str
    section: str = ""

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the only allowed values; empty if there are others."""
        return tuple(self.value.split("|")) if "|" in self.value else ()

    @property
    def takes_file(self) -> bool:
        """Return whether the value is a path."""
        return self.value in _FILES


@dataclass(frozen=True, slots=True)
class CommandArgument:
    """An argument of a command, such as an address."""

    name: str
    text: str

    @property
    def takes_file(self) -> bool:
        """Return whether the value is a path."""
        return self.name in _FILES


@dataclass(frozen=True, slots=True)
class Node:
    """A command or a group of commands.

    Attributes:
        path: the words after `waypost`, such as `show` and `dns`; none for `waypost` itself.
        text: the whole help; paragraphs are separated by an empty line.
        usage: the line after `Usage:` in the help.
        example: the last line of the help of a command; empty for a group.
        children: the commands of a group.
    """

    path: tuple[str, ...]
    text: str
    usage: str
    example: str
    options: tuple[CommandOption, ...]
    arguments: tuple[CommandArgument, ...]
    children: tuple["Node", ...] = ()

    @property
    def summary(self) -> str:
        """Return the first sentence of the help, without its full stop."""
        first = " ".join(self.text.partition("\n\n")[0].split())
        return re.split(r"\.(?:\s|$)", first, maxsplit=1)[0]

    def walk(self) -> Iterator["Node"]:
        """Yield this command and all commands below it, in the order of the help."""
        yield self
        for child in self.children:
            yield from child.walk()


def command_tree(group: Group) -> Node:
    """Return `waypost` with all commands that the help lists.

    The modules of all commands are imported.
    """
    return _node(root_group(group), (), None)


def _node(command: Any, path: tuple[str, ...], parent: Any) -> Node:  # noqa: ANN401 -- types of Click
    loaded = command.load() if isinstance(command, LazyCommand) else command
    context = loaded.make_context(
        path[-1] if path else "waypost", [], parent=parent, resilient_parsing=True
    )
    parameters = [(one, one.get_help_record(context)) for one in loaded.get_params(context)]
    shown = [(one, record) for one, record in parameters if record is not None]
    return Node(
        path,
        loaded.help or "",
        " ".join(loaded.collect_usage_pieces(context)),
        loaded.epilog or "",
        tuple(_option(one, *record) for one, record in shown if one.param_type_name == "option"),
        tuple(
            CommandArgument(one.metavar or one.name.upper(), record[1])
            for one, record in shown
            if one.param_type_name == "argument"
        ),
        tuple(
            _node(child, (*path, name), context)
            for name, child in getattr(loaded, "commands", {}).items()
            if not child.hidden
        ),
    )


def _option(option: Any, names: str, text: str) -> CommandOption:  # noqa: ANN401 -- types of Click
    long_names = [name for name in option.opts if name.startswith("--")]
    # The other long names are of earlier versions, and no help shows them.
    shown = [*(n for n in option.opts if not n.startswith("--")), *long_names[:1]]
    value = names.rsplit(" ", maxsplit=1)[-1].translate(_BRACKETS)
    return CommandOption(
        (*shown, *option.secondary_opts),
        "" if value.startswith("-") else value,
        " ".join(text.split()),
        getattr(option, "rich_help_panel", None) or "",
    )
