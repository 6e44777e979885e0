"""A group of commands that imports the module of a command when the command is used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Annotated, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from waypost.cli.help_page import WIDTH_MAX, DocumentedCommand, DocumentedGroup


@dataclass(frozen=True, slots=True)
class Command:
    """A command.

    Attributes:
        target: the function of the command, as `module:function`.
        summary: the first sentence of the function's docstring, for the list of commands.
        example: the last line of the command's help.
        is_built: whether the target returns the function, because its flags are computed.
    """

    target: str
    summary: str
    example: str
    is_built: bool = False

    def function(self) -> Callable[..., None]:
        """Import the module of the command, and return the function."""
        module, _, name = self.target.partition(":")
        target = getattr(import_module(module), name)
        return cast("Callable[..., None]", target() if self.is_built else target)


@dataclass(frozen=True, slots=True)
class Group:
    """A group of commands.

    Attributes:
        about: the help of the group; its first sentence is in the list of commands.
        commands: the commands and groups by their names.
        old_names: commands by their names in earlier versions, which no help lists.
    """

    about: str
    commands: Mapping[str, "Command | Group"]
    old_names: Mapping[str, Command] = field(default_factory=dict)


class LazyCommand(TyperCommand):
    """A command in the list of commands; another command with all flags takes its place."""

    def __init__(self, name: str, command: Command, *, hidden: bool = False) -> None:
        """Initialize with the name and the description of the command."""
        super().__init__(name, help=command.summary, hidden=hidden)
        self._command = command

    def make_context(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 -- types of Click
        """Return the context of the command; Typer reads the command from there to run it."""
        return self.load().make_context(*args, **options)

    def load(self) -> TyperCommand:
        """Import the module, and return the command with its flags."""
        return _with_flags(f"{self.name}", self._command.function(), self._command.example)


@cache
def _with_flags(name: str, function: Callable[..., None], example: str) -> TyperCommand:
    """Return a command with the flags that a function has; Typer builds a model for each."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name, cls=DocumentedCommand, epilog=example)(function)
    return cast("TyperCommand", get_command(app))


def lazy_group(group: Group, name: str = "") -> TyperGroup:
    """Return a group; the modules of its commands are not imported yet."""
    commands = {
        key: lazy_group(command, key) if isinstance(command, Group) else LazyCommand(key, command)
        for key, command in group.commands.items()
    }
    commands |= {
        key: LazyCommand(key, command, hidden=True) for key, command in group.old_names.items()
    }
    return DocumentedGroup(
        name=name,
        help=group.about,
        commands=commands,  # type: ignore[arg-type]
        no_args_is_help=True,
        rich_markup_mode=None,
        context_settings={"max_content_width": WIDTH_MAX},
    )


def root_group(group: Group) -> TyperGroup:
    """Return the group of all commands, with an option `--version` like the command `version`."""
    command = group.commands["version"]
    if not isinstance(command, Command):
        raise TypeError("version is not a command")

    def print_version(value: bool) -> None:
        if value:
            command.function()()
            raise typer.Exit

    def root(
        version: Annotated[
            bool,
            typer.Option("--version", help=command.summary, callback=print_version, is_eager=True),
        ] = False,
    ) -> None: ...

    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(root)
    root_commands = lazy_group(group)
    root_commands.params = get_command(app).params
    return root_commands
