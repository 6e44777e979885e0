"""`waypost lint`, and its findings in `waypost apply`."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Outcome, Waypost
from tests.cli.golden_text import REPORTS, check

pytestmark = pytest.mark.usefixtures("upgraded_database")

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
uri = "sqlite:////missing.sqlite"
domains_query = "SELECT a FROM b WHERE c = :domain"
"""
PLACE = "plain.example and 2 more: smtp smtp.plain.example:2525 none"
PLAIN_SECTION = (
    "plain-section (K-9, Thunderbird for iOS): one IMAP or SMTP service without TLS makes "
    "these clients refuse the whole document; remove the service, protect it with TLS, or "
    'exclude it from Autoconfig: formats = ["autodiscover", "mobileconfig", "dns"]; '
    f"see waypost explain plain-section; found in {PLACE}"
)


def heads(outcome: Outcome) -> list[str]:
    """Return the severity and the code of each paragraph."""
    return [
        line.partition(":")[0]
        for line in outcome.out.splitlines()
        if re.match("(error|warning|note) ", line)
    ]


def places(outcome: Outcome) -> list[str]:
    """Return the places of all paragraphs."""
    return [line[4:] for line in outcome.out.splitlines() if line.startswith("  - ")]


@pytest.fixture(autouse=True)
def _files(home: Path) -> None:
    """Write providers files to the working folder."""
    for name, text in (("good", GOOD), ("plain", GOOD + PLAIN), ("many", MANY)):
        (home / f"{name}.toml").write_text(text, encoding="utf-8")


def test_nothing_found(waypost: Waypost) -> None:
    """Without a finding, the exit code is 0, and the verdict is the only line."""
    outcome = waypost("lint", "--providers", "good.toml")
    assert (outcome.code, outcome.out, outcome.err) == (0, "2 domains: nothing found\n", "")


def test_findings(waypost: Waypost) -> None:
    """Each code is one paragraph, ordered by the number of clients; the exit code is 1."""
    outcome = waypost("lint", "--providers", "plain.toml")
    assert outcome.code == 1
    assert outcome.out.splitlines()[0] == "5 domains: 2 errors"
    assert heads(outcome) == ["error plain-section", "error plain-last"]
    assert places(outcome) == [PLACE, PLACE]


CASES = sorted((REPORTS / "lint").glob("*.toml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_cases(waypost: Waypost, path: Path) -> None:
    """Each providers file of a folder gets the report in the file next to it."""
    outcome = waypost("lint", "--providers", path)
    check(path.with_suffix(".txt"), outcome.out)
    assert outcome.code == (0 if outcome.out.endswith(": nothing found\n") else 1)


def test_all_links(waypost: Waypost) -> None:
    """With --verbose, each client of a code has its link."""
    for flag in ("-v", "--verbose"):
        outcome = waypost("lint", "--providers", "plain.toml", flag)
        assert "\n  see: waypost explain evolution\n  see: waypost explain aerc\n" in outcome.out


def test_one_domain(waypost: Waypost) -> None:
    """`--domain` checks one domain, or a pattern; a domain that is not served is an error."""
    below = waypost("lint", "--providers", "plain.toml", "--domain", "X.bare.example")
    assert below.code == 1
    assert below.out.splitlines()[0] == "1 domain: 2 errors"
    assert places(below) == ["*.bare.example: smtp smtp.plain.example:2525 none"] * 2
    assert waypost("lint", "--providers", "plain.toml", "--domain", "fine.example").code == 0
    missing = waypost("lint", "--providers", "plain.toml", "--domain", "bare.example")
    assert (missing.code, missing.out) == (1, "")
    assert missing.err.splitlines()[-1] == "error: bare.example is not served here"
    assert waypost("lint", "--demo", "--domain", "a..b").code == 2


def test_one_pattern(waypost: Waypost) -> None:
    """`--domain` accepts a pattern in the form of findings, from a file and from the database."""
    waypost("apply", "plain.toml")
    for source in (["--providers", "plain.toml"], []):
        found = waypost("lint", *source, "--domain", "*.BARE.example")
        assert found.code == 1
        assert "error plain-section: " in found.out
        assert places(found)[0].startswith("*.bare.example: ")
        missing = waypost("lint", *source, "--domain", "*.good.example")
        assert (missing.code, missing.out) == (1, "")
        assert missing.err.endswith("no provider has the pattern *.good.example in its domains\n")
    assert waypost("lint", "--demo", "--domain", "a.*.b").code == 2


def test_for_scripts(waypost: Waypost) -> None:
    """JSON has the same data, in separate members."""
    outcome = waypost("lint", "--providers", "plain.toml", "--json")
    found = json.loads(outcome.out)
    assert (outcome.code, found["domains"], found["count"]) == (1, 5, 2)
    assert found["findings"][1] == {
        "code": "plain-last",
        "severity": "error",
        "clients": ["Evolution", "aerc"],
        "where": "smtp smtp.plain.example:2525 none",
        "message": "the last service of its type has no TLS, and these clients use it "
        "(aerc: of SMTP only)",
        "fix": "remove the service, or protect it with TLS",
        "link": "waypost explain plain-last",
        "domain": "plain.example",
        "domains": 3,
        "links": ["waypost explain evolution", "waypost explain aerc"],
    }
    clean = waypost("lint", "--providers", "good.toml", "--json")
    assert json.loads(clean.out) == {"domains": 2, "count": 0, "findings": []}
    assert (clean.code, clean.err) == (0, "")


@pytest.mark.parametrize("flags", [[], ["--domain", "plain.example"], ["--json"]])
def test_warnings_of_the_file(waypost: Waypost, flags: list[str]) -> None:
    """The warnings of the providers file itself are printed, for one domain and for all."""
    outcome = waypost("lint", "--providers", "plain.toml", *flags)
    warnings = [line for line in outcome.err.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 1
    assert "provider[1].services[2].security: is none" in warnings[0]
    assert "warning" not in outcome.out


def test_many_findings(waypost: Waypost) -> None:
    """Five places of each code are shown and the others counted, 20 in JSON; `--all` lists all."""
    short = waypost("lint", "--providers", "many.toml")
    assert heads(short) == ["error pop3-only"]
    assert places(short)[4] == "d4.example and 1 more: pop3 pop4.example.com:995 tls"
    assert len(places(short)) == 5
    assert "\n  and 20 more\n" in short.out
    assert short.err == "--all lists all places\n"
    whole = waypost("lint", "--providers", "many.toml", "--all")
    assert (len(places(whole)), whole.err) == (25, "")
    found = json.loads(waypost("lint", "--providers", "many.toml", "--json").out)
    assert (found["count"], len(found["findings"])) == (25, 20)
    all_findings = json.loads(waypost("lint", "--providers", "many.toml", "--json", "--all").out)
    assert len(all_findings["findings"]) == 25


def test_no_code_hides_another(waypost: Waypost, home: Path) -> None:
    """Many findings of one code do not hide the others; the most severe are first."""
    last = GOOD.replace("good", "late").replace("fine", "last").replace("imap.late", "imap.late")
    starttls = last.replace(
        '"imap.late.example" }', '"imap.late.example", security = "starttls", port = 143 }'
    )
    (home / "more.toml").write_text(starttls + MANY, encoding="utf-8")
    outcome = waypost("lint", "--providers", "more.toml")
    assert heads(outcome) == ["error pop3-only", "note starttls-only"]
    found = json.loads(waypost("lint", "--providers", "more.toml", "--json").out)
    assert [one["code"] for one in found["findings"]] == ["pop3-only"] * 20 + ["starttls-only"]


def test_domains_from_a_directory(waypost: Waypost, home: Path) -> None:
    """Domains of a directory are checked without asking the directory."""
    text = PLAIN.replace('domains = ["plain.example", "blank.example", "*.bare.example"]', FROM)
    (home / "borrowed.toml").write_text(text + DIRECTORY, encoding="utf-8")
    outcome = waypost("lint", "--providers", "borrowed.toml")
    assert outcome.code == 1
    assert heads(outcome) == ["error plain-section", "error plain-last"]
    assert {place.partition(":")[0] for place in places(outcome)} == {
        "domains of directory postfix"
    }
    assert outcome.out.splitlines()[0] == "0 domains: 2 errors"
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
    """`apply` prints findings as warnings on standard error, and applies the file."""
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
    many = waypost("apply", "many.toml", "--allow-removal", "5").err
    assert many.count("these clients read mail with IMAP only") == 1
    assert "d2.example and 1 more: pop3 pop2.example.com:995 tls; and 22 more\n" in many
    assert "warning: waypost lint --all lists all places\n" in many


def test_apply_leaves_notes_to_lint(waypost: Waypost, home: Path) -> None:
    """A note about a redirect that may exist is not a warning of `apply`."""
    cards = '  { type = "carddav", url = "https://dav.good.example/cards/%EMAILADDRESS%/" },\n]'
    (home / "cards.toml").write_text(GOOD.strip()[:-1] + cards, encoding="utf-8")
    assert heads(waypost("lint", "--providers", "cards.toml")) == ["note macos-carddav"]
    assert "macos-carddav" not in waypost("apply", "cards.toml").err


def test_if_empty_prints_no_warnings(waypost: Waypost) -> None:
    """With `--if-empty`, a file that is not applied has no warnings."""
    waypost("apply", "good.toml")
    outcome = waypost("apply", "plain.toml", "--if-empty")
    assert outcome.err.splitlines()[-1] == (
        "the database has providers already; nothing was changed"
    )
    assert "plain-section" not in outcome.err


def test_each_configuration_once(waypost: Waypost, home: Path) -> None:
    """Domains that differ only in the names of their providers are one place."""
    other = PLAIN.replace("Plain Mail", "Other Mail").replace('["plain', '["plan')
    other = other.replace("blank", "blind").replace("bare", "base")
    (home / "two.toml").write_text(PLAIN + other, encoding="utf-8")
    outcome = waypost("lint", "--providers", "two.toml")
    assert {place.partition(":")[0] for place in places(outcome)} == {"plain.example and 5 more"}
