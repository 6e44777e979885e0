"""Help pages as plain text: options in groups, and short usage lines."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from typer.core import TyperCommand, TyperGroup

_Row = tuple[str, str]

WIDTH_MAX: Final = 100
"""The widest help page; on a narrower terminal, the page has the width of the terminal."""
_ARGUMENTS: Final = "Arguments"
_OPTIONS: Final = "Options"
_NAME_WIDTH_MAX: Final = 30
"""The help of a longer name begins on the next line."""


class DocumentedCommand(TyperCommand):
    """A command whose help has its options in groups.

    The group of an option is its `rich_help_panel`. If an option has several long names, the help
    shows the first name; the others are names of earlier versions.
    """

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401 -- types of Click
        """Return the words after the name of the command: `[OPTIONS] URL [DOMAIN]...`."""
        arguments = [
            parameter
            for parameter in self.get_params(ctx)
            if parameter.param_type_name == "argument"
        ]
        return ["[OPTIONS]", *map(_usage_of_argument, arguments)]

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 -- types of Click
        """Write the arguments, the groups of options, and the options without a group."""
        sections: dict[str, list[_Row]] = {_ARGUMENTS: []}
        ungrouped: list[_Row] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None:  # The option is hidden.
                continue
            names, text = record
            group = getattr(parameter, "rich_help_panel", None)
            if parameter.param_type_name == "argument":
                sections[_ARGUMENTS].append((_name_of_argument(parameter), text))
            elif group is None:
                ungrouped.append((_names_of_option(names, parameter.opts), text))
            else:
                sections.setdefault(group, []).append(
                    (_names_of_option(names, parameter.opts), text)
                )
        sections[_OPTIONS] = ungrouped
        _write_sections(formatter, sections)


class DocumentedGroup(TyperGroup):
    """A group whose help leaves out hidden commands; Typer 0.26 lists them."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 -- types of Click
        """Return the names of the commands that are not hidden, in their order."""
        del ctx
        return [name for name, command in self.commands.items() if not command.hidden]


def _write_sections(formatter: Any, sections: Mapping[str, list[_Row]]) -> None:  # noqa: ANN401 -- types of Click
    """Write the sections that have rows; the second column begins at the same place in all."""
    widths = [len(name) for rows in sections.values() for name, _ in rows]
    width = max((width for width in widths if width <= _NAME_WIDTH_MAX), default=0)
    for title, rows in sections.items():
        if rows:
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), text) for name, text in rows])


def _usage_of_argument(argument: Any) -> str:  # noqa: ANN401 -- types of Click
    name = _name_of_argument(argument)
    return f"{name if argument.required else f'[{name}]'}{'' if argument.nargs == 1 else '...'}"


def _name_of_argument(argument: Any) -> str:  # noqa: ANN401 -- types of Click
    return str(argument.metavar or argument.name.upper())


def _names_of_option(text: str, names: Sequence[str]) -> str:
    """Return the names of an option and its value, with its first long name only.

    Typer writes a choice as `<zone|json>`; no metavar of Waypost has such brackets.
    """
    text = text.replace("<", "").replace(">", "")
    _, *old_names = (name for name in names if name.startswith("--"))
    for name in old_names:
        text = text.replace(f", {name}", "")
    return text
