"""The help of the command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import waypost as package
from tests.cli.conftest import Waypost
from waypost.settings import options

COMMANDS = [
    ["serve"],
    ["show", "autoconfig"],
    ["show", "autodiscover"],
    ["show", "mobileconfig"],
    ["show", "activesync"],
    ["show", "autodiscover-json"],
    ["show", "outlook-reg"],
    ["apply"],
    ["export"],
    ["import", "automx2"],
    ["import", "ispdb"],
    ["import", "automx1"],
    ["db", "upgrade"],
    ["db", "status"],
    ["db", "check"],
    ["domain", "list"],
    ["domain", "show"],
    ["directory", "list"],
    ["directory", "test"],
    ["profile", "verify"],
    ["pacc", "stage"],
    ["pacc", "status"],
    ["pacc", "switch"],
    ["config", "sample"],
    ["config", "show"],
    ["config", "path"],
    ["hostnames"],
    ["compare"],
    ["conformance"],
    ["doctor"],
    ["lint"],
    ["explain"],
    ["version"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_has_an_example(waypost: Waypost, command: list[str]) -> None:
    """The help of every command ends with an example of itself."""
    outcome = waypost(*command, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert f"Example: waypost {' '.join(command)}" in outcome.out


def test_all_commands_are_listed(waypost: Waypost) -> None:
    """The help has every command, and the table above has every command."""
    listed = waypost("--help").out.partition("Commands:")[2]
    names = {line.split()[0] for line in listed.splitlines() if line.startswith("  ")}
    assert names == {command[0] for command in COMMANDS}


@pytest.mark.parametrize(
    "group", ["show", "import", "db", "domain", "directory", "profile", "pacc", "config"]
)
def test_groups_list_their_commands(waypost: Waypost, group: str) -> None:
    """The help of a group has its commands."""
    listed = waypost(group, "--help").out.partition("Commands:")[2]
    for command in COMMANDS:
        assert command[0] != group or command[1] in listed


@pytest.mark.parametrize(
    "group", ["", "show", "import", "db", "domain", "directory", "profile", "pacc", "config"]
)
def test_summaries_are_whole(waypost: Waypost, group: str) -> None:
    """The list of commands has a whole sentence for each command, in a terminal of 80 columns."""
    listed = waypost(*group.split(), "--help").out.partition("Commands:\n")[2].splitlines()
    assert listed
    assert [line for line in listed if line.endswith("...") or not line.endswith(".")] == []


def test_serve_has_a_flag_for_every_option(waypost: Waypost) -> None:
    """Each option of the settings' table is a flag of `waypost serve`, explained."""
    text = waypost("serve", "--help").out
    for option in options():
        assert f"{option.flag} " in text
        assert option.about.help.split()[0] in text


BAD_USE = [
    # arguments, what is said
    ([], "Usage: waypost"),
    (["versio"], "No such command 'versio'. Did you mean 'version'?"),  # codespell:ignore versio
    (["version", "--jsn"], "No such option"),
    (["show"], "Usage: waypost show"),
    (["show", "autoconfig"], "Missing argument 'ADDRESS'"),
    (["serve", "--prot", "1"], "No such option"),
    (["serve", "extra"], "Got unexpected extra argument"),
    (["export", "--format", "xml"], "xml"),
    (["apply", "--print-sql", "--dialect", "oracle"], "oracle"),
]


@pytest.mark.parametrize(("arguments", "said"), BAD_USE)
def test_wrong_use(waypost: Waypost, arguments: list[str], said: str) -> None:
    """Wrong use is reported on standard error and ends with exit code 2."""
    outcome = waypost(*arguments)
    assert outcome.code == 2
    assert said in outcome.out + outcome.err
    assert "Traceback" not in outcome.err


def test_version(waypost: Waypost) -> None:
    """The version for people is one line."""
    assert waypost("version").out == f"waypost {package.__version__}\n"


def test_version_for_scripts(waypost: Waypost) -> None:
    """The version as JSON has the version of Python too."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    assert json.loads(waypost("version", "--json").out) == {
        "version": package.__version__,
        "python": python,
    }


def test_real_process(home: Path) -> None:
    """`python -m waypost` is the command, with its exit codes."""
    command = [sys.executable, "-m", "waypost"]
    good = subprocess.run(
        [*command, "version"], cwd=home, capture_output=True, text=True, check=True
    )
    bad = subprocess.run(
        [*command, "serve", "--port", "x"], cwd=home, capture_output=True, check=False
    )
    assert (good.returncode, good.stdout) == (0, f"waypost {package.__version__}\n")
    assert bad.returncode == 2
    assert b"Traceback" not in bad.stderr


def test_quick_start(home: Path) -> None:
    """`waypost version` imports neither the database nor the formats nor the server."""
    code = (
        "import sys; from waypost.cli.main import main; main(['version']); "
        "print(sorted({'sqlalchemy', 'lxml', 'uvicorn', 'structlog', 'alembic'} & {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=home, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[1] == "[]"
