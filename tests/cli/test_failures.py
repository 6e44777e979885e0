"""The output after wrong use or a defect: no secret, and no control character.

Each line of the tables is one place where a secret, or a text of a stranger, was shown as it was.
"""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Waypost
from waypost.cli import config
from waypost.cli.output import print_json, printable

URI = "postgresql://dom/alice:S3CRETWORD@db.example/x"
MISPLACED = [
    (URI,),
    ("db", "status", URI),
    ("db", URI),
    ("apply", URI),
    ("lint", "--providers", URI),
    ("lint", f"--providers={URI}"),
    ("import", "automx1", URI),
    ("import", "ispdb", URI),
    ("profile", "verify", URI),
    ("show", "autoconfig", "alice@example.com", URI),
    ("serve", "--providers", URI),
    ("serve", URI),
    ("apply", "dom/alice:S3CRETWORD@db.example"),
]
HOSTILE = [
    ("a\x1b[2Jb", "a?[2Jb"),
    ("a\x9b2Jb", "a?2Jb"),
    ("a\u202eb", "a?b"),
    ("a\rb", "a?b"),
    ("a\x00\x07b", "a??b"),
    ("a\ud800b", "a?b"),
    ("one\n\ttwo", "one\n\ttwo"),
    ("bücher [bold red]x[/]", "bücher [bold red]x[/]"),
]
DOCUMENT = """<clientConfig version="1.1"><emailProvider id="evil.example">
<domain>evil.example</domain><displayName>Evil</displayName>
<incomingServer type="imap"><hostname>imap.evil.example</hostname><port>993</port>
<socketType>SSL</socketType><authentication>&#x9b;2J&#x202e;</authentication>
<username>%EMAILADDRESS%</username></incomingServer></emailProvider></clientConfig>"""


@pytest.mark.parametrize("arguments", MISPLACED, ids=" ".join)
def test_misplaced_uri(waypost: Waypost, arguments: tuple[str, ...]) -> None:
    """A URI that is given in the wrong place is repeated without its password."""
    outcome = waypost(*arguments)
    assert outcome.code == 2
    assert "S3CRETWORD" not in outcome.err + outcome.out
    assert "rror: " in outcome.err


def test_misplaced_uri_in_the_environment(
    waypost: Waypost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same is true for a variable with a file."""
    monkeypatch.setenv("WAYPOST_CONFIG", URI)
    outcome = waypost("config", "show")
    assert (outcome.code, "there is no file" in outcome.err) == (2, True)
    assert "S3CRETWORD" not in outcome.err


@pytest.mark.parametrize("place", ["argument", "variable"])
def test_defect(waypost: Waypost, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """The traceback of an unexpected exception has its location, and no password."""

    def broken(arguments: object) -> None:
        raise RuntimeError(f"cannot parse {arguments!r}: {URI}")

    monkeypatch.setattr(config, "print_warnings", broken)
    if place == "variable":
        monkeypatch.setenv("WAYPOST_DB_URI", URI)
        outcome = waypost("config", "show")
    else:
        monkeypatch.setattr("waypost.cli.sources.settings.print_warnings", broken)
        outcome = waypost("domain", "list", "--db-uri", URI)
    assert outcome.code == 1
    assert "S3CRETWORD" not in outcome.err
    assert "Traceback" in outcome.err
    assert "RuntimeError: cannot parse" in outcome.err
    assert outcome.err.endswith("please report it with the lines above\n")


def test_sqlite_with_a_host(waypost: Waypost) -> None:
    """SQLite has neither user nor host: this is a mistake in the URI, and not a defect."""
    outcome = waypost("domain", "list", "--db-uri", "sqlite://alice:S3CRETWORD@db.example/x")
    assert (outcome.code, "Traceback" in outcome.err) == (2, False)
    assert "sqlite://alice:***@db.example/x is not a valid URI for this database" in outcome.err


def test_address_is_no_secret(waypost: Waypost) -> None:
    """An address alone is repeated in full."""
    outcome = waypost("db", "status", "alice@example.com")
    assert "alice@example.com" in outcome.err


@pytest.mark.parametrize(("text", "shown"), HOSTILE, ids=ascii)
def test_printable(text: str, shown: str) -> None:
    """Control characters become question marks; line ends and tabs stay."""
    assert printable(text) == shown


@pytest.mark.parametrize(
    "text", [text for text, _ in HOSTILE] + ["\U000e0041", "\u00a0"], ids=ascii
)
def test_json(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON has the unchanged text, with escapes for control characters."""
    print_json({"name": [text]})
    written = capsys.readouterr().out
    assert json.loads(written) == {"name": [text]}
    assert written.replace("\n", "").isprintable()


def test_hostile_document(waypost: Waypost, home: Path) -> None:
    """Text of a document in the output of an import has no effect on the terminal."""
    (home / "evil.xml").write_text(DOCUMENT)
    outcome = waypost("import", "ispdb", "evil.xml")
    assert outcome.code == 2
    assert "authentication ?2J?: is not a known method" in outcome.err
    assert all(char.isprintable() or char == "\n" for char in outcome.err)
