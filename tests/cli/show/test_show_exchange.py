"""What clients that search for Exchange would receive, from the command line."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Waypost
from waypost.core.errors import DomainNotServed, NoUsableService, ServiceNotOffered, WaypostError
from waypost.formats.autodiscover import json as autodiscover_json
from waypost.formats.autodiscover import pox

MAIL = """
[[provider]]
name = "Groupware"
domains = ["groupware.example"]
services = [
  { type = "activesync", url = "https://eas.groupware.example/Microsoft-Server-ActiveSync" },
  { type = "ews", url = "https://ews.groupware.example/EWS/Exchange.asmx" },
]

[[provider]]
name = "Mail"
domains = [
  "mail.example",
  { name = "moved.example", redirect_address = "mail.example" },
  { name = "hosted.example", redirect_url = "https://other.example/autodiscover/autodiscover.xml" },
]
services = [{ type = "imap", host = "imap.mail.example" }, { type = "smtp", host = "smtp.mail" }]
"""
EAS = "https://eas.groupware.example/Microsoft-Server-ActiveSync"


@pytest.fixture(name="mail", autouse=True)
def _mail(home: Path) -> None:
    (home / "waypost.toml").write_text('providers = "mail.toml"\n', encoding="utf-8")
    (home / "mail.toml").write_text(MAIL, encoding="utf-8")


def test_activesync(waypost: Waypost) -> None:
    """An address gets the URL of its ActiveSync service, with the given name."""
    outcome = waypost("show", "activesync", "alice@groupware.example", "--name", "Alice Ö.")
    assert (outcome.code, outcome.err) == (0, "")
    assert f"<Url>{EAS}</Url>" in outcome.out
    assert "<DisplayName>Alice Ö.</DisplayName>" in outcome.out


URLS = [
    # flags, the protocol of the answer, its URL
    (["--protocol", "AutodiscoverV1"], "AutodiscoverV1", "https://autodiscover.groupware.example/"),
    ([], "AutodiscoverV1", "https://autodiscover.groupware.example/autodiscover/autodiscover.xml"),
    (["--protocol", "ACTIVESYNC"], "ActiveSync", EAS),
    (["--protocol", "Ews"], "Ews", "https://ews.groupware.example/EWS/Exchange.asmx"),
]


@pytest.mark.parametrize(("flags", "protocol", "url"), URLS)
def test_autodiscover_json(waypost: Waypost, flags: list[str], protocol: str, url: str) -> None:
    """An address gets the URL of the requested protocol, in upper or lower case."""
    outcome = waypost("show", "autodiscover-json", "alice@groupware.example", *flags)
    assert (outcome.code, outcome.err) == (0, "")
    answer = json.loads(outcome.out)
    assert answer["Protocol"] == protocol
    assert answer["Url"].startswith(url)


def test_public_url(waypost: Waypost, home: Path) -> None:
    """The URL of Waypost itself is that of the settings, as in the answer of a server."""
    settings = 'providers = "mail.toml"\npublic_url = "https://waypost.example.net"\n'
    (home / "waypost.toml").write_text(settings, encoding="utf-8")
    answer = json.loads(waypost("show", "autodiscover-json", "a@mail.example").out)
    assert answer["Url"] == "https://waypost.example.net/autodiscover/autodiscover.xml"


REFUSALS: list[tuple[list[str], WaypostError, str]] = [
    # the request, the error for the client, the message for the operator
    (["autodiscover", "a@groupware.example"], NoUsableService(""), "has no mail service"),
    (["autodiscover", "a@unserved.example"], DomainNotServed(""), "is not served here"),
    (["activesync", "a@mail.example"], ServiceNotOffered(""), "has no activesync service"),
    (["activesync", "a@unserved.example"], DomainNotServed(""), "is not served here"),
    (["autodiscover-json", "a@unserved.example"], DomainNotServed(""), "is not served here"),
    (
        ["autodiscover-json", "a@mail.example", "--protocol", "ews"],
        ServiceNotOffered(""),
        "has no ews service",
    ),
    (
        ["autodiscover-json", "a@mail.example", "--protocol", "Rest"],
        ServiceNotOffered(""),
        "only Exchange Online",
    ),
]


@pytest.mark.parametrize(("asked", "error", "said"), REFUSALS)
def test_refusals(waypost: Waypost, asked: list[str], error: WaypostError, said: str) -> None:
    """A refusal is printed as a client gets it, with a line for the operator and exit code 1."""
    outcome = waypost("show", *asked)
    render = autodiscover_json if asked[0] == "autodiscover-json" else pox
    assert outcome.code == 1
    assert outcome.out.encode() == render.render_refusal(error)
    assert outcome.err.startswith("error: ")
    assert said in outcome.err
    assert outcome.err.count("\n") == 1


MOVED = [
    # what is asked, what is printed
    (["autodiscover", "a@moved.example"], "<RedirectAddr>a@mail.example</RedirectAddr>"),
    (["autodiscover", "a@hosted.example"], "<RedirectUrl>https://other.example/autodiscover/"),
    (["activesync", "a@moved.example"], "<Redirect>a@mail.example</Redirect>"),
    (["activesync", "a@hosted.example"], None),
    (["autodiscover-json", "a@moved.example"], None),
]


@pytest.mark.parametrize(("asked", "printed"), MOVED)
def test_moved(waypost: Waypost, asked: list[str], printed: str | None) -> None:
    """A domain that has moved gets the redirect of the format, and a line for the operator."""
    outcome = waypost("show", *asked)
    assert (outcome.code, outcome.err.count("\n")) == (1, 1)
    assert "has moved to" in outcome.err
    assert outcome.out == "" if printed is None else printed in outcome.out


def test_dns_of_a_moved_domain(waypost: Waypost) -> None:
    """A domain that has moved publishes the names where clients get its redirect."""
    public_url = ("--public-url", "https://waypost.example.net")
    moved = waypost("show", "dns", "moved.example", *public_url)
    hosted = waypost("show", "dns", "a@hosted.example", *public_url)
    assert (moved.code, moved.err, hosted.code, hosted.err) == (0, "", 0, "")
    assert "autoconfig.moved.example." in moved.out
    assert "_autodiscover._tcp.hosted.example." in hosted.out
    assert waypost("show", "dns", "moved.example").code == 1


BAD = [
    # arguments, what is said
    (["activesync", "mail.example"], "this format needs an address"),
    (["autodiscover-json", "mail.example"], "this format needs an address"),
    (["autodiscover-json", "a@mail.example", "--protocol", "Imap"], "error: --protocol: Imap: "),
    (["autodiscover-json", "a@mail.example", "--protocol", " "], "error: --protocol"),
]


@pytest.mark.parametrize(("arguments", "said"), BAD)
def test_wrong_use(waypost: Waypost, arguments: list[str], said: str) -> None:
    """Wrong use ends with exit code 2 and the reason, and prints no document."""
    outcome = waypost("show", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
