"""The table of commands, whose modules are imported when a command is used."""

import inspect
import subprocess
import sys
from collections.abc import Iterator

import pytest
from typer.core import TyperGroup

from waypost.cli.commands import ALL
from waypost.cli.lazy import Command, Group, LazyCommand, lazy_group


def walk(group: Group, path: str = "") -> Iterator[tuple[str, Command]]:
    """Yield each command with its path, such as `show dns`."""
    for name, one in group.commands.items():
        if isinstance(one, Group):
            yield from walk(one, f"{path}{name} ")
        else:
            yield f"{path}{name}", one


COMMANDS = dict(walk(ALL))


@pytest.mark.parametrize("path", COMMANDS)
def test_the_table_agrees_with_the_function(path: str) -> None:
    """The summary of the table is the first sentence of the docstring."""
    command = COMMANDS[path]
    described = inspect.getdoc(command.function())
    assert described is not None
    first = " ".join(described.partition("\n\n")[0].split())
    assert first.partition(". ")[0].removesuffix(".") + "." == command.summary


@pytest.mark.parametrize("path", COMMANDS)
def test_the_example_is_of_the_command(path: str) -> None:
    """The example of the table calls this command."""
    assert COMMANDS[path].example.startswith(f"Example: waypost {path}")


@pytest.mark.parametrize("path", COMMANDS)
def test_each_command_is_listed_with_its_summary(path: str) -> None:
    """The group lists the summary that the loaded command would have in the list as well."""
    *groups, name = path.split()
    group = lazy_group(ALL)
    for one in groups:
        found = group.commands[one]
        assert isinstance(found, TyperGroup)
        group = found
    command = group.commands[name]
    assert isinstance(command, LazyCommand)
    loaded = command.load()
    assert loaded.name == name
    for limit in (30, 60, 200):
        assert command.get_short_help_str(limit) == loaded.get_short_help_str(limit)


LOADED = """
import sys
from waypost.cli.main import main
main(sys.argv[1:])
print(*sorted(name for name in sys.modules if name.startswith("waypost.")), file=sys.stderr)
"""

LIGHT = [
    # arguments, the modules of commands that are imported
    (["--help"], set()),
    (["show", "--help"], set()),
    (["nonsense"], set()),
    (["version"], {"waypost.cli.version"}),
    (["show", "outlook-reg"], {"waypost.cli.show.outlook"}),
    (["config", "path"], {"waypost.cli.config"}),
    (["--version"], {"waypost.cli.version"}),
    (["serve", "--help"], {"waypost.cli.serve"}),
]


@pytest.mark.parametrize(("arguments", "loaded"), LIGHT)
def test_only_the_used_command_is_imported(arguments: list[str], loaded: set[str]) -> None:
    """A command imports its own module, and no module of another command."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        capture_output=True,
        text=True,
        check=True,
        errors="replace",
    )
    modules = {*done.stderr.splitlines()[-1].split()}
    targets = {command.target.partition(":")[0] for command in COMMANDS.values()}
    assert modules & targets == loaded
    assert {"waypost.web.public.server", "waypost.database.engine"} & modules == set()


def test_a_list_of_commands_imports_almost_nothing() -> None:
    """`waypost --help` imports the table, the messages and the errors, and no more."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, "--help"],
        capture_output=True,
        text=True,
        check=True,
        errors="replace",
    )
    assert len(done.stderr.splitlines()[-1].split()) <= 15
