"""The keys of each payload of a profile."""

import plistlib
from dataclasses import replace
from typing import Any

import pytest

from tests.making import ALICE, domain, host_service, url_service
from waypost.core.address import EmailAddress
from waypost.core.errors import NoUsableService
from waypost.core.model import (
    CLIENT_IP_ADDRESS,
    GSSAPI,
    HTTP_DIGEST,
    NO_AUTHENTICATION,
    NTLM,
    OAUTH2,
    PASSWORD_CLEARTEXT,
    PASSWORD_ENCRYPTED,
    Authentication,
    ProfileSettings,
    Service,
)
from waypost.formats.mobileconfig.profile import render
from waypost.lookup.lookup import client_config

IMAP = host_service()
SMTP = host_service("smtp", "smtp.example.com")


def payloads(*services: Service, address: EmailAddress = ALICE) -> list[dict[str, Any]]:
    config = client_config(domain("example.com", *services), address.domain, address)
    found: list[dict[str, Any]] = plistlib.loads(render(config))["PayloadContent"]
    return found


@pytest.mark.rule("mobileconfig-account-type")
@pytest.mark.parametrize(("kind", "shown"), [("imap", "EmailTypeIMAP"), ("pop3", "EmailTypePOP")])
def test_account_type(kind: str, shown: str) -> None:
    """The type of the account is that of its incoming service."""
    (mail,) = payloads(host_service(kind), SMTP)

    assert mail["EmailAccountType"] == shown


METHODS = [
    # methods, Apple's value
    ((PASSWORD_CLEARTEXT,), "EmailAuthPassword"),
    ((PASSWORD_ENCRYPTED,), "EmailAuthCRAMMD5"),
    ((NTLM,), "EmailAuthNTLM"),
    ((HTTP_DIGEST,), "EmailAuthHTTPMD5"),
    ((NO_AUTHENTICATION,), "EmailAuthNone"),
    ((CLIENT_IP_ADDRESS,), "EmailAuthNone"),
    ((OAUTH2, GSSAPI, PASSWORD_CLEARTEXT), "EmailAuthPassword"),
]


@pytest.mark.rule("mobileconfig-authentication")
@pytest.mark.parametrize(("methods", "word"), METHODS)
def test_authentication(methods: tuple[Authentication, ...], word: str) -> None:
    """The profile has the first method that Apple's format has, for reading and for sending."""
    (mail,) = payloads(*(replace(one, authentication=methods) for one in (IMAP, SMTP)))

    assert mail["IncomingMailServerAuthentication"] == word
    assert mail["OutgoingMailServerAuthentication"] == word


@pytest.mark.rule("mobileconfig-no-oauth2-mail")
@pytest.mark.parametrize("methods", [(OAUTH2,), (OAUTH2, GSSAPI)])
def test_unsupported_method_makes_no_mail_account(methods: tuple[Authentication, ...]) -> None:
    """A service with an unknown method makes no mail account; other accounts stay."""
    oauth2 = replace(IMAP, authentication=methods)
    (rest,) = payloads(oauth2, SMTP, url_service())

    assert rest["PayloadType"] == "com.apple.caldav.account"
    with pytest.raises(NoUsableService):
        payloads(oauth2, SMTP)


SWITCHES = [
    # security, port for reading, port for sending, UseSSL
    ("tls", 993, 465, True),
    ("starttls", 143, 587, True),
    ("none", 143, 25, False),
]


@pytest.mark.rule("mobileconfig-use-ssl", "mobileconfig-hosts-and-ports")
@pytest.mark.parametrize(("security", "reading", "sending", "switch"), SWITCHES)
def test_protection(security: str, reading: int, sending: int, *, switch: bool) -> None:
    """The profile has host, port and the switch for TLS in both directions, also if false."""
    (mail,) = payloads(
        host_service(port=reading, security=security),
        host_service("smtp", "smtp.example.com", sending, security),
    )

    for way, host, port in (("Incoming", "imap", reading), ("Outgoing", "smtp", sending)):
        assert mail[f"{way}MailServerHostName"] == f"{host}.example.com"
        assert mail[f"{way}MailServerPortNumber"] == port
        assert mail[f"{way}MailServerUseSSL"] is switch


ONE_PASSWORD = [
    # login name for sending, its methods, whether one password is used for both
    ("%EMAILADDRESS%", (PASSWORD_CLEARTEXT,), True),
    ("%EMAILLOCALPART%", (PASSWORD_CLEARTEXT,), False),
    ("%EMAILADDRESS%", (NO_AUTHENTICATION,), False),
]


@pytest.mark.rule("mobileconfig-same-password")
@pytest.mark.parametrize(("login_name", "methods", "same"), ONE_PASSWORD)
def test_same_password(login_name: str, methods: tuple[Authentication, ...], *, same: bool) -> None:
    """The device asks for one password if both servers accept it for the same login name."""
    (mail,) = payloads(IMAP, replace(SMTP, login_name=login_name, authentication=methods))

    assert mail["OutgoingPasswordSameAsIncomingPassword"] is same


@pytest.mark.rule("mobileconfig-account-stays")
def test_identity_of_the_mail_account_never_changes() -> None:
    """A mail account keeps its identity with another host, port, protocol or name."""
    found = [
        payloads(IMAP, SMTP),
        payloads(host_service("pop3", "new.example.net", 1995), SMTP, url_service()),
        payloads(
            replace(IMAP, login_name="x"),
            host_service("smtp", "out.example.net", 587, "starttls"),
        ),
    ]

    assert len({(one[0]["PayloadIdentifier"], one[0]["PayloadUUID"]) for one in found}) == 1


PLACES = [
    # URL, host, port, UseSSL
    ("https://dav.example.com/c/", "dav.example.com", 443, True),
    ("https://dav.example.com:8443/c/", "dav.example.com", 8443, True),
    ("http://dav.example.com/c/", "dav.example.com", 80, False),
]


@pytest.mark.rule("mobileconfig-dav")
@pytest.mark.parametrize(("kind", "prefix"), [("caldav", "CalDAV"), ("carddav", "CardDAV")])
@pytest.mark.parametrize(("url", "host", "port", "switch"), PLACES)
def test_calendars_and_address_books(
    kind: str, prefix: str, url: str, host: str, port: int, switch: bool
) -> None:
    """The profile has host, port, URL, login name and the switch for TLS, also if default."""
    (dav,) = payloads(url_service(kind, url))

    assert dav["PayloadType"] == f"com.apple.{kind}.account"
    assert (dav[f"{prefix}HostName"], dav[f"{prefix}Port"]) == (host, port)
    assert (dav[f"{prefix}PrincipalURL"], dav[f"{prefix}Username"]) == (url, str(ALICE))
    assert dav[f"{prefix}UseSSL"] is switch


@pytest.mark.rule("mobileconfig-names")
def test_names() -> None:
    """Profile and payloads have a description and an organization, by default the provider's."""
    config = client_config(domain("example.com", IMAP, SMTP, url_service()), ALICE.domain, ALICE)
    found = plistlib.loads(render(config, ProfileSettings()))

    assert found["PayloadDisplayName"] == found["PayloadOrganization"] == "Example Inc."
    assert str(ALICE) in found["PayloadDescription"]
    for payload in found["PayloadContent"]:
        assert payload["PayloadOrganization"] == "Example Inc."
        assert payload["PayloadDisplayName"] == "Example"
        assert str(ALICE) in payload["PayloadDescription"]


SMIME_CHOICES = {
    "SMIMEEnableEncryptionPerMessageSwitch",
    "SMIMEEncryptionCertificateUUIDUserOverrideable",
    "SMIMESigningCertificateUUIDUserOverrideable",
    "SMIMESigningUserOverrideable",
}


@pytest.mark.rule("mobileconfig-user-choices")
def test_choices_of_the_user() -> None:
    """The user may enable S/MIME and Mail Drop, which are off by default."""
    mail, exchange = payloads(IMAP, SMTP, url_service("activesync", "https://eas.example.com/"))
    chosen = {key for key in mail if key.startswith("SMIME")}

    assert chosen == {*SMIME_CHOICES, "SMIMEEncryptByDefaultUserOverrideable"}
    assert {key for key in exchange if key.startswith("SMIME")} == SMIME_CHOICES
    assert all(mail[key] is True for key in (*chosen, "allowMailDrop"))
    assert all(exchange[key] is True for key in (*SMIME_CHOICES, "allowMailDrop"))
