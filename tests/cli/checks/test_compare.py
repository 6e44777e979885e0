"""`waypost compare` on the command line; tests.automx2.test_side_by_side.py runs a real automx2."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Waypost
from tests.diagnostics.scripted import fixed, scripted
from tests.servers.waypost import free_port

DOCUMENT = (
    b"<clientConfig><incomingServer type='imap'><hostname>i.example</hostname></incomingServer>"
    b"<outgoingServer type='smtp'><hostname>s.example</hostname></outgoingServer></clientConfig>"
)


@pytest.fixture(name="refusing")
def _refusing() -> Iterator[str]:
    """A server that serves nothing."""
    with scripted(fixed(404)) as url:
        yield url


@pytest.fixture(name="domains")
def _domains(home: Path) -> Path:
    """A file with domains."""
    path = home / "domains"
    path.write_text("\ufeffexample.com\r\n\n# a comment\nB\u00fccher.example # another\n", "utf-8")
    return path


def test_no_difference(waypost: Waypost, refusing: str, domains: Path) -> None:
    """A server has no difference from itself, with exit code 0."""
    outcome = waypost("compare", "--old", refusing, "--new", refusing, "--domains", domains)

    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == "2 domains: 0 differences, 0 expected ones\n"


def test_differences(waypost: Waypost, refusing: str, domains: Path) -> None:
    """What only the old server serves is reported, a line each or as JSON, with exit code 1."""
    with scripted(fixed(200, DOCUMENT)) as old:
        arguments = "compare", "--old", old, "--new", refusing, "--domains", domains
        lines, parsed = waypost(*arguments), waypost(*arguments, "--json")

    assert (lines.code, parsed.code) == (1, 1)
    what = "only the old server serves it: imap i.example, smtp s.example; now status 404"
    assert lines.out.splitlines() == [
        f"example.com autoconfig: {what}",
        f"Bücher.example autoconfig: {what}",
    ]
    assert lines.err.splitlines()[-1] == "2 domains: 2 differences, 4 expected ones"
    answer = json.loads(parsed.out)
    assert (answer["domains"], answer["unexpected"], len(answer["differences"])) == (2, 2, 2)
    assert sum(answer["expected"].values()) == 4


def test_domains_of_the_settings(waypost: Waypost, refusing: str) -> None:
    """Without a file, all domains of the database are compared, except patterns."""
    providers = Path("p.toml")
    providers.write_text(
        '[[provider]]\nname = "P"\ndomains = ["example.com", "*.example.com", "*"]\n'
        'services = [{ type = "imap", host = "i.example.com" }]\n',
        encoding="utf-8",
    )
    uri = "sqlite:///./waypost.sqlite"
    assert waypost("apply", providers, "--db-uri", uri).code == 0
    for source in (("--db-uri", uri), ("--providers", providers)):
        outcome = waypost("compare", "--old", refusing, "--new", refusing, *source)
        assert outcome.code == 0
        assert "2 names are patterns or not domains, and are skipped\n" in outcome.err
        assert outcome.err.endswith("1 domain: 0 differences, 0 expected ones\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "contains no domain"),
        (b"# only\n", "contains no domain"),
        (b"ok.example\nno domain\n\nb_d.example\n", "domains:4: "),
        (b"\xff\xfea", "is not UTF-8 (byte 0)"),
        (b"a..b\n" * 100, "80 more lines like these"),
        (b"x" * 10_000, "longer than 253 bytes"),
        (b"a\0b.example\n", "domains:1: "),
    ],
)
def test_bad_files(
    waypost: Waypost, refusing: str, domains: Path, content: bytes, said: str
) -> None:
    """A file of domains that cannot be used is an error with its lines, and exit code 2."""
    domains.write_bytes(content)
    outcome = waypost("compare", "--old", refusing, "--new", refusing, "--domains", domains)

    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert len(outcome.err.splitlines()) <= 21


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--old", "nonsense"], "--old: 'nonsense' is not a URL"),
        (["--new", "ftp://x"], "--new: 'ftp://x' is not a URL"),
        (["--local-part", "a b"], "--local-part: "),
        (["--local-part", ""], "--local-part: "),
        (["--user", "a b"], "--local-part: "),
        (["--domains", "missing"], "--domains: missing cannot be read"),
        (["--jobs", "0"], "--jobs"),
        (["--timeout", "0"], "--timeout"),
    ],
)
def test_wrong_use(
    waypost: Waypost, refusing: str, domains: Path, arguments: list[str], said: str
) -> None:
    """The error names the wrong flag, with exit code 2."""
    given = ["--old", refusing, "--new", refusing, "--domains", str(domains), *arguments]
    outcome = waypost("compare", *given)

    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err


def test_no_server_listens(waypost: Waypost, refusing: str, domains: Path) -> None:
    """A server that is not running is an error with its option, and exit code 2."""
    dead = f"http://127.0.0.1:{free_port()}"
    outcome = waypost("compare", "--old", refusing, "--new", dead, "--domains", domains)

    assert (outcome.code, outcome.out) == (2, "")
    assert "--new: 127.0.0.1 port" in outcome.err
    assert "start the server first" in outcome.err
