"""Parts of Outlook's answer that the golden answers do not show."""

from dataclasses import replace

import pytest
from lxml import etree

from tests.formats.reading import OUTLOOK
from tests.making import ALICE, PROVIDER, domain, host_service, url_service
from waypost.core.errors import IncompleteMailService, NoUsableService
from waypost.core.model import (
    CLIENT_IP_ADDRESS,
    GSSAPI,
    NO_AUTHENTICATION,
    NTLM,
    OAUTH2,
    PASSWORD_CLEARTEXT,
    TLS_CLIENT_CERT,
    Authentication,
    AuthenticationSystem,
    Documentation,
)
from waypost.formats.autodiscover.pox import check_mail, error_code, render, render_redirect
from waypost.lookup.lookup import client_config

SCRAM = Authentication("SCRAM-SHA-256", AuthenticationSystem.SASL)
BEARER = Authentication("OAUTHBEARER", AuthenticationSystem.SASL)


@pytest.mark.rule("autodiscover-service-home")
@pytest.mark.parametrize(
    ("pages", "home"),
    [
        ((), None),
        (("https://a.example/",), "https://a.example/"),
        (("https://a.example/1", "https://a.example/2"), "https://a.example/1"),
        (("https://%EMAILDOMAIN%/?%EMAILADDRESS%",), "https://example.com/?alice@example.com"),
    ],
)
def test_service_home(pages: tuple[str, ...], home: str | None) -> None:
    """ServiceHome is the first page of documentation, with expanded placeholders, if any."""
    provider = replace(PROVIDER, documentation=tuple(Documentation(page) for page in pages))
    entry = replace(domain(), provider=provider)
    root = etree.fromstring(render(client_config(entry, ALICE.domain, ALICE)))

    shown = [one.text for one in root.iter(f"{OUTLOOK}ServiceHome")]
    assert shown == ([] if home is None else [home])


def test_incomplete_mail_accounts() -> None:
    """Half of a mail account has another error than none."""
    imap, smtp = host_service(), host_service("smtp", "smtp.example.com")
    for services, error in [
        ((imap,), IncompleteMailService),
        ((smtp,), IncompleteMailService),
        ((url_service(),), NoUsableService),
    ]:
        config = client_config(domain("example.com", *services), ALICE.domain, ALICE)
        with pytest.raises(NoUsableService) as caught:
            check_mail(config)
        assert type(caught.value) is error


OPENED = [
    # authentication of IMAP, POP3 and SMTP, the types in the answer
    ([(OAUTH2,), (PASSWORD_CLEARTEXT,), (PASSWORD_CLEARTEXT,)], ["POP3", "SMTP"]),
    ([(OAUTH2, PASSWORD_CLEARTEXT), (OAUTH2,), (NTLM,)], ["IMAP", "SMTP"]),
    ([(GSSAPI,), (TLS_CLIENT_CERT,), (CLIENT_IP_ADDRESS,)], ["IMAP", "SMTP"]),
    ([(SCRAM,), (BEARER,), (OAUTH2, NO_AUTHENTICATION)], ["IMAP", "SMTP"]),
    ([(OAUTH2,), (TLS_CLIENT_CERT,), (PASSWORD_CLEARTEXT,)], None),
    ([(PASSWORD_CLEARTEXT,), (PASSWORD_CLEARTEXT,), (BEARER,)], None),
    ([(OAUTH2,), (OAUTH2,), (OAUTH2,)], None),
]


@pytest.mark.parametrize(("methods", "shown"), OPENED)
def test_services_without_passwords_are_left_out(
    methods: list[tuple[Authentication, ...]], shown: list[str] | None
) -> None:
    """Services with only OAuth2 or certificates are left out; ErrorCode 501 if none is left."""
    services = [
        host_service(kind, f"{kind}.example.com", authentication=some)
        for kind, some in zip(("imap", "pop3", "smtp"), methods, strict=True)
    ]
    config = client_config(domain("example.com", *services), ALICE.domain, ALICE)
    if shown is None:
        with pytest.raises(NoUsableService) as caught:
            render(config)
        assert error_code(caught.value) == 501
        return
    assert [one.text for one in etree.fromstring(render(config)).iter(f"{OUTLOOK}Type")] == shown


def test_first_service_that_accepts_a_password() -> None:
    """Of several services of a type, the answer has the first one that accepts a password."""
    modern = host_service("imap", "modern.example.com", authentication=(OAUTH2,))
    services = (modern, host_service("imap", "old.example.com"), host_service("smtp"))
    config = client_config(domain("example.com", *services), ALICE.domain, ALICE)

    assert etree.fromstring(render(config)).findtext(f".//{OUTLOOK}Server") == "old.example.com"


@pytest.mark.rule(
    "autodiscover-redirect-address",
    "autodiscover-redirect-url",
    "autodiscover-no-markup",
)
def test_redirect_has_an_address_or_a_url() -> None:
    """A redirect has a new address or a URL, never both, and markup is escaped."""
    address = replace(ALICE, local_part="<a>&")
    there = etree.fromstring(render_redirect(address, "new.example", "https://a.example/"))
    other = etree.fromstring(render_redirect(address, None, "https://a.example/?a&b"))

    assert there.findtext(f".//{OUTLOOK}RedirectAddr") == "<a>&@new.example"
    assert there.find(f".//{OUTLOOK}RedirectUrl") is None
    assert other.findtext(f".//{OUTLOOK}RedirectUrl") == "https://a.example/?a&b"
    assert other.find(f".//{OUTLOOK}RedirectAddr") is None


@pytest.mark.rule("autoconfig-then-imap-first")
def test_imap_is_first() -> None:
    """In any configured order, IMAP comes before POP3 and SMTP, each in capitals."""
    services = (
        host_service("smtp", "smtp.example.com"),
        host_service("pop3", "pop.example.com"),
        host_service(),
    )
    config = client_config(domain("example.com", *services), ALICE.domain, ALICE)
    types = [one.text for one in etree.fromstring(render(config)).iter(f"{OUTLOOK}Type")]

    assert types == ["IMAP", "POP3", "SMTP"]
