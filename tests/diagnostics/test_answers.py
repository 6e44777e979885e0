"""Reading of good answers and of all others."""

import plistlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.making import domain
from tests.profiles.making import signing
from waypost.core.address import EmailAddress
from waypost.diagnostics.comparison.answers import (
    ANSWER_MAX_BYTES,
    Answer,
    AnswerFormat,
    ParsedService,
    read_answer,
)
from waypost.diagnostics.comparison.server import FORMATS
from waypost.formats.mobileconfig import profile as mobileconfig
from waypost.formats.mobileconfig.signing import sign
from waypost.lookup.lookup import client_config
from waypost.profiles.credentials import load_credentials

ALICE = EmailAddress.parse("alice@example.com")
OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"


def autoconfig(inner: str) -> bytes:
    return f"<clientConfig><emailProvider id='x'>{inner}</emailProvider></clientConfig>".encode()


def autodiscover(inner: str) -> bytes:
    return (
        "<Autodiscover xmlns='http://schemas.microsoft.com/exchange/autodiscover/responseschema/"
        f"2006'><Response xmlns='{OUTLOOK}'><Account><Protocol>{inner}</Protocol></Account>"
        "</Response></Autodiscover>"
    ).encode()


def read(form: AnswerFormat, body: bytes) -> Answer:
    return read_answer(form, 200, body, ALICE)


def test_signed_profile(tmp_path: Path) -> None:
    """A signed profile means the same as the profile in it; a truncated one is a failure."""
    config = client_config(domain(), ALICE.domain, ALICE)
    plain = mobileconfig.render(config)
    signed = sign(plain, load_credentials(signing(tmp_path).files, datetime.now(UTC)))

    assert read("mobileconfig", signed) == read("mobileconfig", plain)
    assert read("mobileconfig", signed).outcome == "served"
    assert read("mobileconfig", signed[:-1]).outcome == "failed"


IMAP = (
    "<incomingServer type='imap'><hostname>IMAP.%EMAILDOMAIN%</hostname><port>143</port>"
    "<socketType>STARTTLS</socketType><username>%EMAILADDRESS%</username>"
    "<authentication>{}</authentication></incomingServer>"
)
IMAP_OFFER = ParsedService(
    *("imap", "imap.example.com", 143, "starttls", ("password-cleartext",), "alice@example.com")
)


def test_spellings_of_autoconfig() -> None:
    """The old and the new name of a method mean the same, and placeholders are expanded."""
    old = read("autoconfig", autoconfig(IMAP.format("plain")))
    new = read("autoconfig", autoconfig(IMAP.format("password-cleartext")))

    assert old.services == new.services == (IMAP_OFFER,)
    assert (set(old.notes), set(new.notes)) == ({"plain"}, set())


def test_list_of_domains() -> None:
    """A document that names several domains has a note."""
    body = autoconfig("<domain>a.example</domain><domain>b.example</domain>")
    assert read("autoconfig", body) == Answer(
        "nothing", "status 200 without services", notes=frozenset({"all domains"})
    )


@pytest.mark.parametrize(
    ("inner", "security", "notes"),
    [
        ("<SSL>on</SSL><Encryption>SSL</Encryption>", "tls", set()),
        ("<SSL>on</SSL><Encryption>TLS</Encryption>", "starttls", set()),
        ("<SSL>off</SSL><Encryption>TLS</Encryption>", "starttls", {"SSL off"}),
        ("<SSL>off</SSL><Encryption>None</Encryption>", "none", set()),
        ("<SSL>off</SSL>", "none", set()),
        ("<SSL>on</SSL>", "tls", set()),
        ("", "tls", set()),
    ],
)
def test_security_of_autodiscover(inner: str, security: str, notes: set[str]) -> None:
    """Encryption overrides SSL, which is on if it is missing."""
    text = "<Type>IMAP</Type><Server>imap.example.com</Server><Port>143</Port><SPA>off</SPA>"
    answer = read("autodiscover", autodiscover(text + inner))

    assert answer.services == (ParsedService("imap", "imap.example.com", 143, security),)
    assert answer.notes == notes


def test_urls_of_calendars() -> None:
    """A port in a URL means the same as a separate port, and a bare slash changes nothing."""
    plain = "<Type>CalDAV</Type><Server>https://DAV.example.com</Server><SSL>on</SSL>"
    ported = "<Type>CalDAV</Type><Server>https://dav.example.com:443/</Server><Port>443</Port>"
    first = read("autodiscover", autodiscover(plain)).services
    second = read("autodiscover", autodiscover(ported)).services

    assert first == second == (ParsedService("caldav", "https://dav.example.com", 443, "tls"),)


def test_profile() -> None:
    """A profile has two mail services and its calendars, without its random parts."""
    mail = {
        "PayloadType": "com.apple.mail.managed",
        "PayloadUUID": "random",
        "EmailAccountType": "EmailTypePOP",
        "IncomingMailServerHostName": "pop.example.com",
        "IncomingMailServerPortNumber": 995,
        "IncomingMailServerUseSSL": True,
        "IncomingMailServerUsername": "alice@EXAMPLE.com",
        "IncomingMailServerAuthentication": "EmailAuthPassword",
        "OutgoingMailServerHostName": "smtp.example.com",
        "OutgoingMailServerPortNumber": 25,
        "OutgoingMailServerUseSSL": False,
        "OutgoingMailServerAuthentication": "EmailAuthNone",
    }
    calendar = {
        "PayloadType": "com.apple.caldav.account",
        "CalDAVPrincipalURL": "https://dav.example.com/x",
        "CalDAVUseSSL": True,
    }
    answer = read("mobileconfig", plistlib.dumps({"PayloadContent": [mail, calendar]}))

    cleartext = ("password-cleartext",)
    assert answer.services == (
        ParsedService("pop3", "pop.example.com", 995, "protected", cleartext, "alice@example.com"),
        ParsedService("smtp", "smtp.example.com", 25, "none", ("none",)),
        ParsedService("caldav", "https://dav.example.com/x", 443, "protected"),
    )


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *((status, "nothing") for status in (204, 400, 404)),
        *((status, "failed") for status in (0, 301, 401, 500, 503)),
    ],
)
def test_statuses(status: int, outcome: str) -> None:
    """Only an answer that a client understands as no is a refusal; all others are failures."""
    for form in FORMATS:
        assert read_answer(form, status, b"whatever", ALICE).outcome == outcome


def test_error_code() -> None:
    """Autodiscover's error answer serves nothing, and its code is in the detail."""
    error = b"<Error><ErrorCode>500</ErrorCode></Error>"
    body = b"<Autodiscover><Response>" + error + b"</Response></Autodiscover>"
    assert read("autodiscover", body) == Answer("nothing", "ErrorCode 500")


BAD: list[tuple[AnswerFormat, bytes, str]] = [
    ("autoconfig", b"", "not well-formed"),
    ("autoconfig", b"\xff\xfe\x00", "not well-formed"),
    ("autoconfig", b"<html/>", "its root is not clientConfig"),
    ("autoconfig", b"<clientConfig>", "not well-formed"),
    ("autoconfig", b'<!DOCTYPE x [<!ENTITY a "b">]><clientConfig>&a;</clientConfig>', "document t"),
    ("autoconfig", b"<clientConfig>" + b"<a>" * 300 + b"</clientConfig>", "not well-formed"),
    ("autodiscover", b"<clientConfig/>", "its root is not Autodiscover"),
    ("mobileconfig", b"", "not a property list"),
    ("mobileconfig", b"<plist><string>x</string></plist>", "not a profile"),
    ("mobileconfig", plistlib.dumps({"PayloadContent": ["x"]}), "not a dictionary"),
    ("mobileconfig", b'<!DOCTYPE x [<!ENTITY a "b">]><plist/>', "defines entities"),
    ("mobileconfig", b"<plist><dict><key>a</key></dict></plist>", "not a property list"),
    ("mobileconfig", b"bplist00" + b"\xff" * 40, "not a property list"),
    ("autoconfig", b" " * (ANSWER_MAX_BYTES + 1), "longer than"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "body", "message"), BAD)
def test_bad_answers(form: AnswerFormat, body: bytes, message: str) -> None:
    """Bytes that are no document of the format are a failure with the reason."""
    answer = read(form, body)
    assert answer.outcome == "failed"
    assert message in answer.detail


@given(st.sampled_from(FORMATS), st.binary(max_size=300))
def test_any_bytes(form: AnswerFormat, body: bytes) -> None:
    """No bytes raise an error."""
    assert read(form, body).outcome in {"failed", "nothing"}


@given(st.sampled_from(FORMATS), st.text(max_size=60), st.text(max_size=60))
def test_any_texts(form: AnswerFormat, place: str, port: str) -> None:
    """No text of a value raises an error, and an offer is always one printable line."""
    body = plistlib.dumps(
        {
            "PayloadContent": [
                {
                    "PayloadType": "com.apple.caldav.account",
                    "CalDAVPrincipalURL": "".join(c for c in place if c.isprintable()),
                    "CalDAVPort": "".join(c for c in port if c.isprintable()),
                }
            ]
        }
    )
    if form == "mobileconfig":
        (service,) = read(form, body).services
        assert str(service).isprintable()
        return
    safe = "".join(c for c in place if c.isprintable() and c not in "<>&")
    number = "".join(c for c in port if c.isprintable() and c not in "<>&")
    inner = IMAP.format("x").replace("143", number).replace("IMAP.%EMAILDOMAIN%", safe)
    protocol = f"<Type>CalDAV</Type><Server>{safe}</Server><Port>{number}</Port>"
    document = autoconfig(inner) if form == "autoconfig" else autodiscover(protocol)
    for service in read(form, document).services:
        assert str(service).isprintable()
