"""`waypost explain`: codes and clients."""

import json
import re

import pytest

from tests.cli.conftest import Waypost
from waypost.core.clients import CLIENTS
from waypost.diagnostics.api_codes import API_CODES
from waypost.diagnostics.codes import CODE_TABLES
from waypost.diagnostics.explain import records_of
from waypost.diagnostics.sign_in_codes import SIGN_IN_CODES

REFUSED = "one IMAP or SMTP service without TLS makes these clients refuse the whole document"
FIX = (
    "remove the service, protect it with TLS, or exclude it from Autoconfig: "
    'formats = ["autodiscover", "mobileconfig", "dns"]'
)
CODES = [(one, table.command) for table in CODE_TABLES for one in table.codes]


def test_a_code(waypost: Waypost) -> None:
    """A code has its message, its severity, its command, its clients and its fix."""
    outcome = waypost("explain", "plain-section")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines() == [
        f"plain-section: {REFUSED}",
        "  severity: error (some users get no account or no mail, or their passwords can be read)",
        "  found by: waypost lint",
        "  breaks: K-9, Thunderbird for iOS",
        f"  fix: {FIX}",
        "  see: waypost explain CLIENT; CLIENT is one of k-9, thunderbird-ios",
    ]


def test_a_code_of_one_client(waypost: Waypost) -> None:
    """A code that breaks one client has the command that describes this client."""
    code, client = next((one.code, *one.clients) for one, _ in CODES if len(one.clients) == 1)
    assert waypost("explain", code).out.splitlines()[-1] == f"  see: waypost explain {client.topic}"


def test_a_code_without_clients(waypost: Waypost) -> None:
    """A code whose clients are not known has no such line."""
    code = next(one.code for one, _ in CODES if not one.clients)
    assert "see:" not in waypost("explain", code).out


def test_every_code(waypost: Waypost) -> None:
    """The list has every code of the four commands, and JSON has the data of each."""
    listed = waypost("explain")
    assert (listed.code, listed.err) == (0, "")
    rows = re.findall(r"^  (?:error|warning|note) ([a-z0-9-]+): (.+)$", listed.out, re.MULTILINE)
    assert rows == [(one.code, one.message) for one, _ in CODES]
    found = json.loads(waypost("explain", "--json").out)
    assert [(one["code"], one["command"]) for one in found["codes"]] == [
        (one.code, command) for one, command in CODES
    ]
    assert {command for _, command in CODES} == {
        f"waypost {name}" for name in ("lint", "doctor", "conformance", "db check")
    }


def test_a_code_of_the_api(waypost: Waypost) -> None:
    """An error of the API has its status and its fix, also if it is typed with hyphens."""
    for topic in ("version_conflict", "Version-Conflict"):
        outcome = waypost("explain", topic)
        assert (outcome.code, outcome.err) == (0, "")
        assert outcome.out.splitlines()[1:3] == [
            "  status: 412 Precondition Failed",
            "  found by: the REST API",
        ]
        assert "\n  fix: read the object again" in outcome.out


def test_every_code_of_the_api(waypost: Waypost) -> None:
    """The lists have every code of the API, and JSON has the data of each."""
    found = json.loads(waypost("explain", "--json").out)["api_codes"]
    assert [(one["code"], one["status"]) for one in found] == [
        (one.code, one.status) for one in API_CODES
    ]
    assert json.loads(waypost("explain", "in_use", "--json").out) in found
    listed = waypost("explain").out.partition("codes of the REST API:\n")[2].partition("\n\n")[0]
    assert [line.split(":")[0].strip() for line in listed.splitlines()] == [
        one.code for one in API_CODES
    ]


def test_a_code_of_a_sign_in(waypost: Waypost) -> None:
    """A failed sign-in has its place and its fix, and `no-address` stays the code of a client."""
    outcome = waypost("explain", "wrong_issuer")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[1:] == [
        "  found by: the admin pages, the page /sign-in of mail users",
        (
            "  fix: copy `issuer` from the provider's /.well-known/openid-configuration; compare "
            "the slash at its end"
        ),
    ]
    assert "  found by: the page /sign-in of mail users" in waypost("explain", "no_address").out
    assert "  found by: waypost conformance" in waypost("explain", "no-address").out


def test_every_code_of_a_sign_in(waypost: Waypost) -> None:
    """The lists have every code of sign-ins, and JSON has the data of each."""
    found = json.loads(waypost("explain", "--json").out)["sign_in_codes"]
    assert [one["code"] for one in found] == [one.code for one in SIGN_IN_CODES]
    assert json.loads(waypost("explain", "No-Role", "--json").out) in found
    listed = waypost("explain").out.partition("codes of sign-ins that fail:\n")[2]
    rows = listed.partition("\n\n")[0].splitlines()
    assert [line.split(":")[0].strip() for line in rows] == [one.code for one in SIGN_IN_CODES]


@pytest.mark.parametrize(
    ("code", "command"), [(table.codes[0], table.command) for table in CODE_TABLES]
)
def test_one_code_of_each_table(waypost: Waypost, code: object, command: str) -> None:
    """A code of each command is described, in any case."""
    topic = getattr(code, "code", "")
    outcome = waypost("explain", topic.upper())
    assert f"\n  found by: {command}\n" in outcome.out
    parsed = json.loads(waypost("explain", topic, "--json").out)
    assert (parsed["code"], parsed["command"]) == (topic, command)


def test_a_client(waypost: Waypost) -> None:
    """A client has its platforms, its record with the requests, and the codes that name it."""
    outcome = waypost("explain", "thunderbird")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("Thunderbird\n  platforms: Linux, macOS, Windows\n")
    assert "\n  access log: thunderbird\n" in outcome.out
    assert "GET `https://autoconfig.D/mail/config-v1.1.xml?emailaddress=E`" in outcome.out
    assert "\n  - pop3-first: POP3 comes before IMAP: " in outcome.out


def test_older_versions(waypost: Waypost) -> None:
    """The record of an older version is described with its client."""
    for topic in ("kmail", "KMail 22.12", "kmail-2212"):
        found = json.loads(waypost("explain", topic, "--json").out)
        assert found["key"] == "kmail"
        assert [one["key"] for one in found["records"]] == ["kmail", "kmail-2212"]


def test_every_client(waypost: Waypost) -> None:
    """Each client is listed with the word that explains it, and has a record unless it is PACC."""
    found = json.loads(waypost("explain", "--json").out)["clients"]
    assert [one["key"] for one in found] == [one.key for one in CLIENTS]
    listed = waypost("explain").out.partition("\nclients:\n")[2]
    assert [line.split()[0] for line in listed.splitlines()] == [one.topic for one in CLIENTS]
    assert {one.key for one in CLIENTS if not records_of(one)} == {"pacc"}


UNKNOWN = [
    ("plain-sect", "'plain-sect' is neither a code nor a client. Did you mean 'plain-section'?"),
    ("Thunderbrid", "Did you mean 'thunderbird'?"),  # codespell:ignore thunderbrid
    ("xxxx", "error: 'xxxx' is neither a code nor a client. `waypost explain` lists them.\n"),
    ("", "error: '' is neither a code nor a client. `waypost explain` lists them.\n"),
    ("a\x1b[2Jb", r"'a\x1b[2Jb' is neither"),
]


@pytest.mark.parametrize(("topic", "said"), UNKNOWN)
def test_unknown(waypost: Waypost, topic: str, said: str) -> None:
    """An unknown word is wrong use, with the most similar word if there is one."""
    outcome = waypost("explain", topic)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
