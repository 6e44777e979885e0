"""What a client would receive, from the command line."""

import plistlib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.conftest import Waypost

MAIL = """
[[provider]]
name = "Own Mail"
domains = ["own.example", "*.own.example"]
services = [{ type = "imap", host = "imap.own.example" }, { type = "smtp", host = "smtp.own" }]
"""


@pytest.mark.parametrize("address", ["alice@example.com", "Alice@EXAMPLE.com."])
def test_autoconfig(waypost: Waypost, address: str) -> None:
    """The output for an address is the same document as from a server."""
    outcome = waypost("show", "autoconfig", address, "--demo")
    assert (outcome.code, outcome.err) == (0, "")
    root = ET.fromstring(outcome.out)
    assert root.findtext("emailProvider/incomingServer/hostname") == "imap.example.com"
    login_name = root.findtext("emailProvider/incomingServer/username")
    assert login_name == f"{address.partition('@')[0]}@example.com"


@pytest.mark.parametrize("domain", ["bücher.example", "xn--bcher-kva.example"])
def test_autoconfig_for_a_domain(waypost: Waypost, domain: str) -> None:
    """Autoconfig needs only a domain, and the login name is then a placeholder."""
    root = ET.fromstring(waypost("show", "autoconfig", domain, "--demo").out)
    provider = root.find("emailProvider")
    assert provider is not None
    assert provider.get("id") == "xn--bcher-kva.example"
    assert provider.findtext("incomingServer/username") == "%EMAILADDRESS%"


def test_autodiscover(waypost: Waypost) -> None:
    """An address gets an Autodiscover answer with its services."""
    outcome = waypost("show", "autodiscover", "alice@example.net", "--demo")
    assert outcome.code == 0
    assert "<Server>mail.example.net</Server>" in outcome.out
    assert "<LoginName>alice</LoginName>" in outcome.out


def test_mobileconfig_with_a_name(waypost: Waypost) -> None:
    """An address gets a profile for Apple devices with the given name."""
    outcome = waypost("show", "mobileconfig", "alice@example.com", "--name", "Alice Ö.", "--demo")
    profile = plistlib.loads(outcome.out.encode())
    mail = profile["PayloadContent"][0]
    assert mail["EmailAccountName"] == "Alice Ö."
    assert mail["IncomingMailServerHostName"] == "imap.example.com"


@pytest.mark.parametrize("asked", ["example.com", "alice@Example.COM."])
def test_pacc(waypost: Waypost, asked: str) -> None:
    """A domain gets its PACC document, byte for byte as from a server."""
    outcome = waypost("show", "pacc", asked, "--demo")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith('{"authentication"')
    assert outcome.out.endswith("}")


@pytest.mark.parametrize("form", ["zone", "json", "octodns", "terraform", "nsupdate"])
def test_dns(waypost: Waypost, form: str) -> None:
    """A domain gets its records in each format, with the given TTL."""
    flags = ("--public-url", "https://waypost.example.net", "--ttl", "77", "--format", form)
    outcome = waypost("show", "dns", "example.com", "--demo", *flags)
    assert (outcome.code, outcome.err) == (0, "")
    assert "waypost.example.net." in outcome.out
    assert "77" in outcome.out


def test_dns_lists_left_out_records(waypost: Waypost) -> None:
    """What cannot be published is a warning, and a comment in the zone."""
    outcome = waypost("show", "dns", "example.com", "--demo")
    assert outcome.code == 0
    assert outcome.err.startswith("warning: left out: autoconfig and autodiscover and ua-auto-con")
    assert "; Left out: autoconfig and autodiscover and ua-auto-config: public_url" in outcome.out
    assert "; set public_url in the settings, or use --public-url" in outcome.err
    assert "--public-url" not in outcome.out


def test_providers_file(waypost: Waypost, home: Path) -> None:
    """A providers file is used as it is, without a database."""
    (home / "mail.toml").write_text(MAIL, encoding="utf-8")
    outcome = waypost("show", "autoconfig", "a@b.own.example", "--providers", "mail.toml")
    assert outcome.code == 0
    assert "<hostname>imap.own.example</hostname>" in outcome.out
    assert list(home.iterdir()) == [home / "mail.toml"]


def test_database(waypost: Waypost, home: Path) -> None:
    """Without a flag, the database of the settings is used."""
    (home / "mail.toml").write_text(MAIL, encoding="utf-8")
    assert waypost("apply", "mail.toml").code == 0
    outcome = waypost("show", "autoconfig", "a@own.example")
    assert "<hostname>imap.own.example</hostname>" in outcome.out


FINDINGS = [
    # format, address, what is said
    ("autoconfig", "alice@unserved.example", "unserved.example is not served here"),
    ("autoconfig", "unserved.example", "unserved.example is not served here"),
    ("mobileconfig", "alice@unserved.example", "unserved.example is not served here"),
    ("autoconfig", "alice@fails.example", "fails.example"),
    ("mobileconfig", "alice@fails.example", "fails.example"),
    ("autoconfig", "a_b@boxes.example", "boxes.example"),
    ("pacc", "unserved.example", "unserved.example is not served here"),
    ("dns", "unserved.example", "unserved.example is not served here"),
    ("pacc", "fails.example", "fails.example cannot be described by PACC"),
]


@pytest.mark.parametrize(("form", "address", "said"), FINDINGS)
def test_findings(waypost: Waypost, form: str, address: str, said: str) -> None:
    """An address without an answer ends with exit code 1 and one line on standard error."""
    outcome = waypost("show", form, address, "--demo")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error: ")
    assert said in outcome.err
    assert outcome.err.count("\n") == 1


BAD = [
    # arguments, what is said
    (["autoconfig", "alice@", "--demo"], "error: the domain is empty"),
    (["autoconfig", "@example.com", "--demo"], "error: the part before the @ is empty"),
    (
        ["autoconfig", "a..b", "--demo"],
        "nor a domain such as example.com: it has no @, and the domain has an empty label",
    ),
    (["autodiscover", "example.com", "--demo"], "error: example.com: this format needs an address"),
    (["mobileconfig", "example.com", "--demo"], "as alice@example.com"),
    (["autoconfig", "a@b.example", "--providers", "no.toml"], "no.toml: cannot be read: No such"),
    (["autoconfig", "a@b.example", "--providers", "no.toml", "--demo"], "exclude each other"),
    (["autoconfig", "a@b.example", "--db-uri", "nonsense"], "db_uri"),
    (["autoconfig", "a@b.example"], "error: db_uri: there is no database file "),
    (
        ["dns", "a..b", "--demo"],
        "nor a domain such as example.com: it has no @, and the domain has an empty label",
    ),
    (
        ["dns", "example.com", "--demo", "--public-url", "http://a.example"],
        "--public-url: public_url",
    ),
    (
        ["dns", "example.com", "--demo", "--public-url", "https://a_b.example"],
        "must be an https URL",
    ),
    (["dns", "example.com", "--demo", "--public-url", "https://[::1"], "error: --public-url: "),
    (["dns", "example.com", "--demo", "--public-url", "https://a.example/b"], "without a path"),
    (["dns", "*.example.com", "--demo"], "error: a pattern publishes nothing; use a"),
    (["pacc", "*", "--demo"], "error: a pattern publishes nothing; use a domain"),
    (["dns", "example.com", "--demo", "--format", "bind"], "--format"),
]


@pytest.mark.parametrize(("arguments", "said"), BAD)
def test_wrong_input(waypost: Waypost, arguments: list[str], said: str) -> None:
    """Wrong input ends with exit code 2 and the reason on standard error."""
    outcome = waypost("show", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert "Traceback" not in outcome.err


def test_mobileconfig_with_aliases(waypost: Waypost) -> None:
    """Aliases are in the mail account; a text that is not an address is an error."""
    asked = ("show", "mobileconfig", "alice@example.com", "--demo")
    aliases = ("--alias", "b@example.com", "--alias", "c@e.test", "--alias", "b@example.com")
    mail = plistlib.loads(waypost(*asked, *aliases).out.encode())["PayloadContent"][0]
    assert mail["EmailAddress"] == "alice@example.com, b@example.com, c@e.test"
    assert mail["IncomingMailServerUsername"] == "alice@example.com"

    outcome = waypost(*asked, "--alias", "b")
    assert outcome.code == 2
    assert outcome.err.startswith("error: b: ")


NEITHER = [
    # what was typed, why it is neither an address nor a domain
    ("alice", "it has no @ and no dot, and no such domain is served"),
    ("alice.", "it has no @ and no dot, and no such domain is served"),
    ("Alice Smith", "it has no @, and a label of the domain has characters other than"),
    ("alice_smith.example", "it has no @, and a label of the domain has characters other than"),
    ("192.0.2.1", "it has no @, and the domain ends in a number"),
    ("", "it has no @, and the domain is empty"),
    ("x" * 64, "it has no @, and a label of the domain is longer than 63 bytes"),
]


@pytest.mark.parametrize(
    "command",
    [("show", "autoconfig"), ("show", "pacc"), ("show", "dns"), ("domain", "show")],
    ids=" ".join,
)
@pytest.mark.parametrize(("typed", "why"), NEITHER)
def test_neither_address_nor_domain(
    waypost: Waypost, command: tuple[str, ...], typed: str, why: str
) -> None:
    """The error for a text that is neither an address nor a domain says so, not "not served"."""
    outcome = waypost(*command, typed, "--demo")
    assert (outcome.code, outcome.out) == (2, "")
    assert (
        "is neither an address such as alice@example.com nor a domain such as example.com"
        in outcome.err
    )
    assert why in outcome.err
    assert "is not served here" not in outcome.err


@pytest.mark.parametrize("typed", ["unserved.example", "alice@unserved.example", "alice@unserved"])
def test_possible_domain_that_is_not_served(waypost: Waypost, typed: str) -> None:
    """A valid address or domain that is not served ends with exit code 1."""
    outcome = waypost("show", "autoconfig", typed, "--demo")
    assert (outcome.code, outcome.out) == (1, "")
    assert "is not served here" in outcome.err


def test_one_word_that_is_served(waypost: Waypost, home: Path) -> None:
    """A domain of one label, as intranets have, is served like any other."""
    (home / "mail.toml").write_text(
        '[[provider]]\nname = "Own"\ndomains = ["corp"]\nservices = ['
        '{ type = "imap", host = "a.example" }, { type = "smtp", host = "b.example" }]\n',
        encoding="utf-8",
    )
    outcome = waypost("show", "autoconfig", "corp", "--providers", "mail.toml")
    assert (outcome.code, "<domain>corp</domain>" in outcome.out) == (0, True)


@pytest.mark.parametrize("form", ["mobileconfig", "autodiscover", "activesync"])
def test_word_for_a_format_that_needs_an_address(waypost: Waypost, form: str) -> None:
    """The example in the message is a valid address."""
    assert "as alice@example.com\n" in waypost("show", form, "alice", "--demo").err
