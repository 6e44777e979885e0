"""`waypost completion`: the script of a shell, or which shells there are."""

import pytest

from tests.cli.conftest import Waypost
from waypost.cli.command_tree import command_tree
from waypost.cli.commands import ALL
from waypost.cli.completion.command import Shell

SHELLS = ("bash", "zsh", "fish")


def test_scripts(waypost: Waypost) -> None:
    """Each shell has its own script with all commands, and nothing else is printed."""
    commands = [child.path[-1] for child in command_tree(ALL).children]
    assert set(SHELLS) == {*Shell}
    for shell in SHELLS:
        outcome = waypost("completion", shell)
        assert (outcome.code, outcome.err) == (0, "")
        header = f"# Completion of waypost for {shell}, made by `waypost completion {shell}`."
        assert header in outcome.out.splitlines()[:2]
        assert [one for one in commands if one not in outcome.out] == []


@pytest.mark.parametrize("shell", ["tcsh", "Bash ", "/bin/bash", ""])
def test_unknown_shell(waypost: Waypost, shell: str) -> None:
    """Another shell is refused with the names of the three."""
    outcome = waypost("completion", shell)
    assert (outcome.code, outcome.out) == (2, "")
    assert f"'{shell}'" in outcome.err
    assert all(one in outcome.err for one in SHELLS)


def test_no_shell(waypost: Waypost) -> None:
    """Without a shell, the error names the argument."""
    outcome = waypost("completion")
    assert (outcome.code, outcome.out) == (2, "")
    assert "SHELL" in outcome.err
