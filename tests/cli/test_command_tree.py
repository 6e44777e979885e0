"""The commands as values, for the completion and the manual pages."""

from tests.cli.conftest import Waypost
from waypost.cli.command_tree import Node, command_tree
from waypost.cli.commands import ALL

NODES = {" ".join(node.path): node for node in command_tree(ALL).walk()}


def test_each_listed_command_is_in_the_tree(waypost: Waypost) -> None:
    """The tree has the commands of the help, and no old name."""
    listed = waypost("--help").out.partition("Commands:\n")[2].splitlines()
    assert [child.path[0] for child in NODES[""].children] == [line.split()[0] for line in listed]
    assert "pacc pin" in NODES
    assert "pacc stage" not in NODES


def test_options(waypost: Waypost) -> None:
    """An option has the names, the value, the group and the text of the help, and no old name."""
    options = {one.names[-1]: one for one in NODES["hostnames"].options}
    assert options["--format"].choices == ("list", "certbot", "lego", "traefik", "caddy")
    assert options["--providers"].takes_file
    assert options["--demo"].value == ""
    assert options["--demo"].text in waypost("hostnames", "--help").out
    names = [one.names for one in NODES["doctor"].options]
    assert ("-v", "--verbose") in names
    assert ("--local-part",) in [one.names for one in NODES["compare"].options]
    serve = {one.names: one for one in NODES["serve"].options}
    assert serve["--demo", "--no-demo"].section == "Domains"


def test_arguments() -> None:
    """An argument has the name of the usage line."""
    assert NODES["conformance"].usage == "[OPTIONS] URL DOMAIN"
    assert [one.name for one in NODES["conformance"].arguments] == ["URL", "DOMAIN"]
    assert NODES["import ispdb"].arguments[0].takes_file


def test_summary() -> None:
    """The summary is the first sentence; a full stop inside a word does not end it."""
    assert NODES["show outlook-reg"].summary == "Print a .reg file for classic Outlook"
    assert NODES["import automx1"].summary == "Import the static settings of automx 1.x"
    assert Node((), "One\ntwo. Three.", "", "", (), ()).summary == "One two"
