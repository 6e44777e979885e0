"""`waypost completion`."""

from enum import StrEnum
from typing import Annotated

import typer

from waypost.cli.command_tree import command_tree
from waypost.cli.commands import ALL
from waypost.cli.completion.bash import bash_script
from waypost.cli.completion.fish import fish_script
from waypost.cli.completion.zsh import zsh_script
from waypost.cli.output import write_document


class Shell(StrEnum):
    """The shells with a completion."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    """Print the completion script of a shell.

    The packages for Debian and for RPM systems install these scripts.
    """
    scripts = {Shell.BASH: bash_script, Shell.ZSH: zsh_script, Shell.FISH: fish_script}
    write_document(scripts[shell](command_tree(ALL)))
