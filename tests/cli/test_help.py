"""The help of the command line."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import waypost as package
from tests.cli import test_commands
from tests.cli.conftest import Waypost
from waypost.settings import options

COMMANDS = [path.split() for path in test_commands.COMMANDS]


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
        assert option.info.help.split()[0] in text


def test_serve_has_the_unit_of_each_number(waypost: Waypost) -> None:
    """The value of a flag is SECONDS if the option is a time, and NUMBER if it counts something."""
    text = waypost("serve", "--help").out
    for option in options():
        if option.kind in {int, float}:
            value = "SECONDS" if "of seconds" in option.info.allowed else "NUMBER"
            assert f"{option.flag} {value}" in text


def test_serve_has_the_groups_of_the_reference(waypost: Waypost) -> None:
    """The flags of `waypost serve` are in the same groups as in docs/reference/settings.md."""
    text = waypost("serve", "--help").out
    groups = re.findall(r"^([A-Z][a-z]+):$", text, re.MULTILINE)
    assert groups == [*dict.fromkeys(one.info.section for one in options()), "Options"]
    _, *parts = re.split(r"^[A-Z][a-z]+:$", text, flags=re.MULTILINE)
    by_group = dict(zip(groups, parts, strict=True))
    for option in options():
        assert f"  {option.flag} " in by_group[option.info.section]


USAGE = [
    # command, usage line
    ("serve", "[OPTIONS]"),
    ("conformance", "[OPTIONS] URL DOMAIN"),
    ("explain", "[OPTIONS] [TOPIC]"),
    ("pacc status", "[OPTIONS] [DOMAIN]"),
    ("show outlook-reg", "[OPTIONS] [DOMAIN]..."),
    ("import ispdb", "[OPTIONS] FILE_OR_URL..."),
    ("apply", "[OPTIONS] [FILE]"),
]


@pytest.mark.parametrize(("command", "usage"), USAGE)
def test_usage_line(waypost: Waypost, command: str, usage: str) -> None:
    """Brackets are only around arguments that can be left out, and dots after several."""
    first = waypost(*command.split(), "--help").out.splitlines()[0]
    assert first == f"Usage: waypost {command} {usage}"


@pytest.mark.parametrize(("command"), COMMANDS, ids=" ".join)
def test_no_help_has_types_of_python(waypost: Waypost, command: list[str]) -> None:
    """The help names arguments and values as users do, and not as `<str>` or `<list[str]>`."""
    assert re.search(r"<[a-z]|[{}]", waypost(*command, "--help").out) is None


WIDTHS = [
    # columns of the terminal, the longest line
    (60, 58),
    (80, 78),
    (100, 98),
    (300, 98),
]


@pytest.mark.parametrize(("columns", "longest"), WIDTHS)
def test_width_of_the_terminal(
    waypost: Waypost, monkeypatch: pytest.MonkeyPatch, columns: int, longest: int
) -> None:
    """A help page uses the width of the terminal, up to 100 columns."""
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = waypost("serve", "--help").out.splitlines()
    text = [line for line in lines if not line.startswith("  --")]
    assert longest - 10 < max(map(len, text)) <= longest


OLD_NAMES = [
    # old spelling, new spelling
    (["pacc", "stage"], ["pacc", "pin"]),
    (["pacc", "switch"], ["pacc", "unpin"]),
    (["config", "schema"], ["schema"]),
]


@pytest.mark.parametrize(("old", "new"), OLD_NAMES)
def test_old_names_of_commands(waypost: Waypost, old: list[str], new: list[str]) -> None:
    """A command keeps its old name, which the list of commands does not show."""
    helped = waypost(*old, "--help")
    assert helped.code == 0
    assert helped.out.splitlines()[1:] == waypost(*new, "--help").out.splitlines()[1:]
    assert f"  {old[-1]} " not in waypost(*old[:-1], "--help").out


OLD_OPTIONS = [
    # command, old spelling, new spelling
    ("compare", "--user", "--local-part"),
    ("conformance", "--address", "--local-part"),
    ("db check", "--limit", "--all"),
    ("schema", "--providers", "--help"),
]


@pytest.mark.parametrize(("command", "old", "new"), OLD_OPTIONS)
def test_old_names_of_options(waypost: Waypost, command: str, old: str, new: str) -> None:
    """The help shows the new name of an option only."""
    shown = waypost(*command.split(), "--help").out
    assert f"  {new} " in shown
    assert f"{old} " not in shown


def test_schema_by_its_old_name(waypost: Waypost) -> None:
    """`waypost config schema --providers` prints the same as `waypost schema`."""
    schema = waypost("schema")
    assert (schema.code, json.loads(schema.out)["title"]) == (0, "Waypost providers file")
    assert waypost("config", "schema", "--providers") == schema


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


def test_version_option(waypost: Waypost) -> None:
    """`waypost --version` prints the same line, also in front of a command."""
    assert waypost("--version") == waypost("version")
    assert waypost("--version", "serve") == waypost("version")
    assert "  --version  Print the version." in waypost("--help").out


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
