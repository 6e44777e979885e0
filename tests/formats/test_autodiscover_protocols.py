"""The login elements of Autodiscover's Protocol, and the list of Protocols."""

from dataclasses import replace

import pytest
from lxml import etree

from tests.formats.reading import OUTLOOK, text
from tests.making import ALICE, domain, host_service, url_service
from waypost.core.errors import NoUsableService
from waypost.core.model import (
    CLIENT_IP_ADDRESS,
    GSSAPI,
    NO_AUTHENTICATION,
    NTLM,
    OAUTH2,
    PASSWORD_CLEARTEXT,
    PASSWORD_ENCRYPTED,
    Authentication,
    ClientConfig,
    Service,
)
from waypost.formats.autodiscover.pox import render
from waypost.lookup.lookup import client_config

IMAP = host_service()
SMTP = host_service("smtp", "smtp.example.com")


def config(*services: Service) -> ClientConfig:
    return client_config(domain("example.com", *services), ALICE.domain, ALICE)


def protocols(*services: Service) -> dict[str | None, etree._Element]:
    root = etree.fromstring(render(config(*services)))
    return {text(one, "Type"): one for one in root.iter(f"{OUTLOOK}Protocol")}


LOGINS = [
    # methods, SPA, AuthRequired
    ((PASSWORD_CLEARTEXT,), "off", "on"),
    ((PASSWORD_ENCRYPTED,), "off", "on"),
    ((OAUTH2, PASSWORD_CLEARTEXT), "off", "on"),
    ((NTLM,), "on", "on"),
    ((GSSAPI, NTLM), "on", "on"),
    ((GSSAPI, PASSWORD_CLEARTEXT), "off", "on"),
    ((NO_AUTHENTICATION,), "off", "off"),
    ((CLIENT_IP_ADDRESS, NO_AUTHENTICATION), "off", "off"),
    ((NO_AUTHENTICATION, PASSWORD_CLEARTEXT), "off", "on"),
]


@pytest.mark.rule("autodiscover-spa", "autodiscover-auth-required")
@pytest.mark.parametrize(("methods", "spa", "required"), LOGINS)
def test_logging_in(methods: tuple[Authentication, ...], spa: str, required: str) -> None:
    """SPA is off if a password is enough, and AuthRequired is off if no login is needed."""
    smtp = host_service("smtp", "smtp.example.com", authentication=methods)
    for kind, service in (("SMTP", smtp), ("IMAP", replace(IMAP, authentication=methods))):
        shown = protocols(*(one for one in (IMAP, SMTP) if one.type is not service.type), service)
        assert (text(shown[kind], "SPA"), text(shown[kind], "AuthRequired")) == (spa, required)


@pytest.mark.rule("autodiscover-domain-required")
def test_domain_required() -> None:
    """DomainRequired is on if the operator configures it."""
    shown = protocols(replace(IMAP, domain_required=True), SMTP)

    assert [text(shown[kind], "DomainRequired") for kind in ("IMAP", "SMTP")] == ["on", "off"]


@pytest.mark.rule("autodiscover-smtp-alone")
def test_elements_of_smtp() -> None:
    """Only the Protocol of SMTP has UsePOPAuth and SMTPLast, both off."""
    shown = protocols(IMAP, host_service("pop3", "pop.example.com"), SMTP)

    for name in ("UsePOPAuth", "SMTPLast"):
        assert [text(shown[kind], name) for kind in shown] == [None, None, "off"]


@pytest.mark.rule("autodiscover-imap-first", "autodiscover-one-of-a-type")
def test_order() -> None:
    """In any configured order, the first protected IMAP comes before POP3, and SMTP is last."""
    shown = protocols(
        SMTP,
        host_service("pop3", "pop.example.com"),
        # The operator prefers it, but a client that cannot choose must get a protected one.
        host_service(host="open.example.com", port=143, security="none", priority=1),
        IMAP,
        host_service(host="second.example.com"),
    )

    places = [(kind, text(one, "Server")) for kind, one in shown.items()]
    assert places == [
        ("IMAP", "imap.example.com"),
        ("POP3", "pop.example.com"),
        ("SMTP", "smtp.example.com"),
    ]


@pytest.mark.rule("autodiscover-login-name")
def test_no_login_name() -> None:
    """If the client must ask its user for the login name, LoginName is missing."""
    shown = protocols(
        host_service(login_name=None), host_service("smtp", login_name="a%EMAILLOCALPART%")
    )

    assert [text(shown[kind], "LoginName") for kind in ("IMAP", "SMTP")] == [None, "aalice"]


@pytest.mark.rule("autodiscover-display-name")
@pytest.mark.parametrize(("name", "shown"), [("Alice Ä & Co", "Alice Ä & Co"), (None, None)])
def test_display_name(name: str | None, shown: str | None) -> None:
    """A known name is in User, before Account; without a name there is no User."""
    (response,) = etree.fromstring(render(config().with_display_name(name)))

    assert response.findtext(f"{OUTLOOK}User/{OUTLOOK}DisplayName") == shown
    assert response[-1].tag == f"{OUTLOOK}Account"
    assert len(response) == (1 if shown is None else 2)


EWS = url_service("ews", "https://ews.example.com/EWS/Exchange.asmx")


@pytest.mark.rule("autodiscover-types-of-exchange")
def test_exchange_web_services() -> None:
    """EWS is never a Protocol, with or without a mail account: Outlook would ignore IMAP."""
    assert list(protocols(EWS, IMAP, SMTP)) == ["IMAP", "SMTP"]
    with pytest.raises(NoUsableService):
        protocols(EWS)
