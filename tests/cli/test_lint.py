"""`waypost lint`, and what `waypost apply` says of the same."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Waypost

GOOD = """
[[provider]]
name = "Good Mail"
domains = ["good.example", "fine.example"]
services = [
  { type = "imap", host = "imap.good.example" },
  { type = "smtp", host = "smtp.good.example" },
]
"""
PLAIN = """
[[provider]]
name = "Plain Mail"
domains = ["plain.example", "blank.example", "*.bare.example"]
services = [
  { type = "imap", host = "imap.plain.example" },
  { type = "smtp", host = "smtp.plain.example" },
  { type = "smtp", host = "smtp.plain.example", port = 2525, security = "none" },
]
"""
MANY = "\n".join(
    f"""[[provider]]
name = "Mail {number}"
domains = ["d{number}.example", "e{number}.example"]
services = [
  {{ type = "pop3", host = "pop{number}.example.com" }},
  {{ type = "smtp", host = "smtp.example.com" }},
]"""
    for number in range(25)
)
FROM = 'domains_from = "postfix"'
DIRECTORY = """
[[directory]]
name = "postfix"
kind = "sql"
uri = "sqlite:////nowhere.sqlite"
domains_query = "SELECT a FROM b WHERE c = :domain"
"""
PLAIN_SECTION = (
    "plain.example and 2 more: plain-section (K-9): smtp smtp.plain.example:2525 none: "
    "one IMAP or SMTP service without TLS makes it refuse the whole document; "
    "take the service out, or protect it; see docs/clients.md#k-9"
)


@pytest.fixture(autouse=True)
def _files(home: Path) -> None:
    """Put providers files into the working folder."""
    for name, text in (("good", GOOD), ("plain", GOOD + PLAIN), ("many", MANY)):
        (home / f"{name}.toml").write_text(text, encoding="utf-8")


def test_nothing_found(waypost: Waypost) -> None:
    """Without a finding the exit code is 0, and standard output stays empty."""
    outcome = waypost("lint", "--providers", "good.toml")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "2 domains: nothing found\n")


def test_findings(waypost: Waypost) -> None:
    """Each finding is one line that names the first of its domains; the exit code is 1."""
    outcome = waypost("lint", "--providers", "plain.toml")
    assert outcome.code == 1
    assert [line.split(" (")[0] for line in outcome.out.splitlines()] == [
        "plain.example and 2 more: plain-section",
        "plain.example and 2 more: plain-last",
    ]
    assert outcome.out.splitlines()[0] == PLAIN_SECTION
    assert outcome.err.splitlines()[-1] == "5 domains: 2 findings"


def test_one_domain(waypost: Waypost) -> None:
    """`--domain` looks at what one domain gets, by a pattern too; one not served is told."""
    below = waypost("lint", "--providers", "plain.toml", "--domain", "X.bare.example")
    assert below.code == 1
    assert below.out.startswith("*.bare.example: plain-section (K-9)")
    assert below.err.splitlines()[-1] == "1 domain: 2 findings"
    assert waypost("lint", "--providers", "plain.toml", "--domain", "fine.example").code == 0
    missing = waypost("lint", "--providers", "plain.toml", "--domain", "bare.example")
    assert (missing.code, missing.out) == (1, "")
    assert missing.err.splitlines()[-1] == "error: bare.example is not served here"
    assert waypost("lint", "--demo", "--domain", "a..b").code == 2


def test_one_pattern(waypost: Waypost) -> None:
    """`--domain` takes a pattern as findings name it, from a file and from the database."""
    waypost("apply", "plain.toml")
    for places in (["--providers", "plain.toml"], []):
        found = waypost("lint", *places, "--domain", "*.BARE.example")
        assert found.code == 1
        assert found.out.startswith("*.bare.example: plain-section (K-9)")
        missing = waypost("lint", *places, "--domain", "*.good.example")
        assert (missing.code, missing.out) == (1, "")
        assert missing.err.endswith("*.good.example stands in no provider's domains here\n")
    assert waypost("lint", "--demo", "--domain", "a.*.b").code == 2


def test_for_scripts(waypost: Waypost) -> None:
    """JSON holds the same, each part on its own."""
    outcome = waypost("lint", "--providers", "plain.toml", "--json")
    found = json.loads(outcome.out)
    assert (outcome.code, found["domains"], found["count"]) == (1, 5, 2)
    assert found["findings"][1] == {
        "code": "plain-last",
        "clients": ["Evolution", "aerc"],
        "where": "smtp smtp.plain.example:2525 none",
        "why": "it is not protected, and the last service of a type is taken "
        "(by aerc of SMTP alone)",
        "cure": "take the service out, or protect it",
        "domain": "plain.example",
        "domains": 3,
        "links": ["docs/clients.md#evolution", "docs/clients.md#aerc"],
    }
    clean = waypost("lint", "--providers", "good.toml", "--json")
    assert json.loads(clean.out) == {"domains": 2, "count": 0, "findings": []}
    assert (clean.code, clean.err) == (0, "")


@pytest.mark.parametrize("flags", [[], ["--domain", "plain.example"], ["--json"]])
def test_warnings_of_the_file(waypost: Waypost, flags: list[str]) -> None:
    """The warnings of the providers file itself are told, for one domain as for all of them."""
    outcome = waypost("lint", "--providers", "plain.toml", *flags)
    warnings = [line for line in outcome.err.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 1
    assert "provider[1].services[2].security: is none" in warnings[0]
    assert "warning" not in outcome.out


def test_many_findings(waypost: Waypost) -> None:
    """The first 20 are told and the others counted, also in JSON; `--all` tells all."""
    lines = waypost("lint", "--providers", "many.toml").out.splitlines()
    assert len(lines) == 21
    assert lines[19].startswith("d19.example and 1 more: pop3-only")
    assert lines[20] == "and 5 more findings; waypost lint --all lists them"
    assert len(waypost("lint", "--providers", "many.toml", "--all").out.splitlines()) == 25
    short = json.loads(waypost("lint", "--providers", "many.toml", "--json").out)
    assert (short["count"], len(short["findings"])) == (25, 20)
    whole = json.loads(waypost("lint", "--providers", "many.toml", "--json", "--all").out)
    assert len(whole["findings"]) == 25


def test_domains_that_others_know(waypost: Waypost, home: Path) -> None:
    """Domains of another database are looked at without asking it for any of them."""
    text = PLAIN.replace('domains = ["plain.example", "blank.example", "*.bare.example"]', FROM)
    (home / "borrowed.toml").write_text(text + DIRECTORY, encoding="utf-8")
    outcome = waypost("lint", "--providers", "borrowed.toml")
    assert outcome.code == 1
    assert [line.split(" (")[0] for line in outcome.out.splitlines()] == [
        "domains of directory postfix: plain-section",
        "domains of directory postfix: plain-last",
    ]
    assert outcome.err.splitlines()[-1] == "0 domains: 2 findings"
    scripts = json.loads(waypost("lint", "--providers", "borrowed.toml", "--json").out)
    assert scripts["findings"][0]["domains"] is None


def test_database(waypost: Waypost) -> None:
    """A database gives the same findings as the file that was applied to it."""
    assert waypost("apply", "plain.toml").code == 0
    from_file = waypost("lint", "--providers", "plain.toml")
    from_database = waypost("lint")
    assert from_database.code == 1
    assert sorted(from_database.out.splitlines()) == sorted(from_file.out.splitlines())


def test_apply_warns(waypost: Waypost) -> None:
    """`apply` tells findings as warnings on standard error, and does its work."""
    dry = waypost("apply", "plain.toml", "--dry-run")
    assert f"warning: {PLAIN_SECTION}" in dry.err.splitlines()
    done = waypost("apply", "plain.toml")
    assert done.code == 0
    assert f"warning: {PLAIN_SECTION}" in done.err.splitlines()
    assert "plain-section" not in done.out
    printed = waypost("apply", "plain.toml", "--print-sql")
    assert printed.code == 0
    assert printed.err.splitlines() == done.err.splitlines()[:-1]
    again = waypost("apply", "plain.toml")
    assert again.err.splitlines()[-1] == "nothing to do"
    assert f"warning: {PLAIN_SECTION}" in again.err.splitlines()
    many = waypost("apply", "many.toml").err.splitlines()
    assert sum(line.startswith("warning: d") for line in many) == 20
    assert "warning: and 5 more findings; waypost lint --all lists them" in many


def test_apply_is_quiet_where_it_changes_nothing(waypost: Waypost) -> None:
    """With `--if-empty`, a file that is not applied is not talked about."""
    waypost("apply", "good.toml")
    outcome = waypost("apply", "plain.toml", "--if-empty")
    assert outcome.err.splitlines()[-1] == (
        "the database holds providers already; nothing was changed"
    )
    assert "plain-section" not in outcome.err


def test_each_offer_once(waypost: Waypost, home: Path) -> None:
    """Domains that differ in their providers' names alone are told in one line."""
    other = PLAIN.replace("Plain Mail", "Other Mail").replace('["plain', '["plan')
    other = other.replace("blank", "blind").replace("bare", "base")
    (home / "two.toml").write_text(PLAIN + other, encoding="utf-8")
    lines = waypost("lint", "--providers", "two.toml").out.splitlines()
    assert [line.split(" (")[0] for line in lines] == [
        "plain.example and 5 more: plain-section",
        "plain.example and 5 more: plain-last",
    ]
