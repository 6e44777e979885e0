"""PACC documents of domains, and the reasons why others have none."""

import base64
import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.test_properties import FAST
from tests.making import EXAMPLE_COM, domain, host_service, url_service
from tests.providers_file.catalogs import PROVIDERS, services
from waypost.core.errors import NoUsableService
from waypost.core.model import (
    HTTP_BASIC,
    OAUTH2,
    PASSWORD_CLEARTEXT,
    TLS_CLIENT_CERT,
    ClientConfig,
    DirectoryPolicy,
    Domain,
    DomainPattern,
    FileDirectory,
    Format,
    HostEndpoint,
    Logo,
    OAuth2,
    Provider,
    Security,
    Service,
)
from waypost.core.placeholders import shared_url
from waypost.diagnostics.document_checks.pacc import pacc_findings
from waypost.formats.pacc import document as pacc
from waypost.lookup.lookup import client_config

TEXT_PORTS = {"imap": 993, "pop3": 995, "smtp": 465, "submit": 465, "managesieve": 4190}
SMTP = host_service("smtp", "smtp.example.com")
IMAP = host_service()
CALDAV = url_service(url="https://dav.example.com/c/")


def config(*found: Service, provider: Provider | None = None) -> ClientConfig:
    entry = domain("example.com", *found)
    if provider is not None:
        entry = Domain(entry.pattern, provider, entry.services)
    return client_config(entry, EXAMPLE_COM, None)


def document(*found: Service, provider: Provider | None = None) -> dict[str, dict[str, object]]:
    read: dict[str, dict[str, object]] = json.loads(pacc.render(config(*found, provider=provider)))
    return read


# What PACC cannot express, and the reason; another SASL method is not a password.
SILENT = [
    # service, reason
    (host_service(port=143, security="starttls"), "it does not use TLS from the first byte"),
    (host_service(port=143, security="none"), "it does not use TLS from the first byte"),
    (host_service(port=10993), "its port is 10993, not 993"),
    (host_service(host="%EMAILLOCALPART%.example.com"), "its host differs from user to user"),
    (host_service(host="192.0.2.1"), "its host is not a name"),
    (host_service(host="2001:db8::1"), "its host is not a name"),
    (host_service(login_name="%EMAILLOCALPART%"), "its login name is not the email address"),
    (host_service(login_name=None), "its login name is not the email address"),
    (host_service(authentication=(TLS_CLIENT_CERT,)), "neither a password nor OAuth2"),
    (host_service(authentication=(OAUTH2,)), "neither a password nor OAuth2"),
]


@pytest.mark.rule(
    "pacc-no-document", "pacc-default-ports", "pacc-host-names", "pacc-login-name", "pacc-issuer"
)
@pytest.mark.parametrize(("service", "reason"), SILENT)
def test_mail_services_that_pacc_cannot_express(service: Service, reason: str) -> None:
    """If PACC cannot express a mail service, the domain has no document, with a reason."""
    with pytest.raises(NoUsableService, match="cannot be described by PACC") as caught:
        pacc.render(config(service, SMTP))

    assert reason in str(caught.value)
    assert [reason in line for line in pacc.findings(config(service, SMTP))] == [True]


@pytest.mark.rule("pacc-login-name")
def test_login_names_of_a_directory() -> None:
    """A domain with a directory has no document: only the directory knows the login names."""
    users = DirectoryPolicy(FileDirectory("people", "/srv/people.csv"))
    found = client_config(
        replace(domain("example.com", IMAP, SMTP), users=users), EXAMPLE_COM, None
    )

    with pytest.raises(NoUsableService, match="its login name comes from a directory"):
        pacc.render(found)


@pytest.mark.rule("pacc-login-name")
def test_login_names_without_detail() -> None:
    """If sub-addresses log in with another name, there is no document: PACC cannot express it."""
    entry = domain("example.com", IMAP, SMTP)
    provider = replace(entry.provider, subaddress_separators="+")

    with pytest.raises(NoUsableService, match="leaves out the detail of a sub-address"):
        pacc.render(client_config(replace(entry, provider=provider), EXAMPLE_COM, None))


URLS = [
    # URL, reason
    ("http://dav.example.com/c/", "its URL is not https"),
    ("https://dav.example.com:8443/c/", "its URL names a port"),
    ("https://dav.example.com:443/c/", "its URL names a port"),
    ("https://dav.example.com:/c/", "its URL names a port"),
    ("https://%EMAILLOCALPART%.example.com/c/", "its host differs from user to user"),
    ("https://[2001:db8::1]/c/", "its host is not a name"),
]


@pytest.mark.rule("pacc-urls", "pacc-host-names")
@pytest.mark.parametrize(("url", "reason"), URLS)
def test_calendars_that_pacc_cannot_express(url: str, reason: str) -> None:
    """A calendar that PACC cannot express is left out of the document, with a reason."""
    found = (IMAP, SMTP, url_service(url=url))

    assert set(document(*found)["protocols"]) == {"imap", "smtp", "submit"}
    assert pacc.findings(config(*found)) == (f"caldav at {url}: {reason}",)


def test_preferred_service_that_pacc_can_express() -> None:
    """Of several services of a type, the preferred one that PACC can express is written."""
    starttls = host_service(host="a.example.com", port=143, security="starttls", priority=1)
    found = (starttls, host_service(host="b.example.com"), SMTP)

    assert document(*found)["protocols"]["imap"] == {"host": "b.example.com"}
    assert pacc.findings(config(*found)) == ()


SHARED_URLS = [
    # type, URL of each user, URL in the document (None: left out)
    ("caldav", "https://dav.example.com/c/%EMAILADDRESS%/", "https://dav.example.com/c/"),
    ("carddav", "https://dav.example.com/a/%EMAILLOCALPART%/x/", "https://dav.example.com/a/"),
    ("caldav", "https://dav.example.com/c/u-%EMAILLOCALPART%", "https://dav.example.com/c/"),
    ("carddav", "https://dav.example.com/a/?u=%EMAILADDRESS%", "https://dav.example.com/a/"),
    ("caldav", "https://dav.example.com/%EMAILADDRESS%/", "https://dav.example.com/"),
    ("caldav", "https://dav.%EMAILDOMAIN%/c/%EMAILADDRESS%/", "https://dav.example.com/c/"),
    # RFC 6764 and RFC 5397 apply to these two types only.
    ("webdav", "https://files.example.com/%EMAILADDRESS%/", None),
    ("jmap", "https://jmap.example.com/%EMAILADDRESS%/", None),
]


@pytest.mark.rule("pacc-urls")
@pytest.mark.parametrize(("kind", "url", "said"), SHARED_URLS)
def test_urls_of_each_user(kind: str, url: str, said: str | None) -> None:
    """For calendars and address books, the document has the common root, as in DNS."""
    found = (IMAP, SMTP, url_service(kind, url))

    protocols = json.loads(pacc.render(config(*found)))["protocols"]
    assert protocols.get(kind, {}).get("url") == said
    assert bool(pacc.findings(config(*found))) == (said is None)


@pytest.mark.rule("pacc-submit", "pacc-password", "pacc-provider-name")
def test_members() -> None:
    """The document has the members of the draft, and no data about users."""
    provider = Provider("Example Inc.", "Example", (), (OAuth2(issuer="https://login.example/"),))
    both = host_service(authentication=(OAUTH2, PASSWORD_CLEARTEXT))

    assert document(both, SMTP, CALDAV, provider=provider) == {
        "authentication": {"oauth-public": {"issuer": "https://login.example/"}, "password": True},
        "info": {"provider": {"name": "Example Inc.", "shortName": "Example"}},
        "protocols": {
            "caldav": {"url": "https://dav.example.com/c/"},
            "imap": {"host": "imap.example.com"},
            "smtp": {"host": "smtp.example.com"},
            "submit": {"host": "smtp.example.com"},
        },
    }


ISSUERS = [
    # issuer, whether it is allowed
    ("https://login.example", True),
    ("https://login.example/tenant/", True),
    ("http://login.example", False),
    ("https://login.example/?a=1", False),
    ("https://login.example/#a", False),
]


@pytest.mark.rule("pacc-issuer", "pacc-password")
@pytest.mark.parametrize(("issuer", "allowed"), ISSUERS)
def test_issuers(issuer: str, allowed: bool) -> None:
    """The document has OAuth2 only with an issuer as RFC 8414 s2 requires it."""
    provider = Provider("Example Inc.", "Example", (), (OAuth2(issuer=issuer),))
    found = [
        host_service(kind, f"{kind}.example.com", authentication=(OAUTH2,))
        for kind in ("imap", "smtp")
    ]
    if not allowed:
        with pytest.raises(NoUsableService):
            document(*found, provider=provider)
        return

    shown = document(*found, provider=provider)["authentication"]
    assert shown == {"oauth-public": {"issuer": issuer}, "password": False}


@pytest.mark.rule("pacc-logo")
def test_logos_and_help() -> None:
    """Logos, the page for developers and the contacts are where clients read them."""
    logos = (
        Logo("https://a.example/l.svg", "image/svg+xml"),
        Logo("https://b/", "image/png", 8, 9),
    )
    contacts = ("mailto:help@example.com", "tel:+49-30-1")
    provider = Provider(
        "Ex", "Ex", logos=logos, developer_url="https://d.example/", contacts=contacts
    )
    assert document(IMAP, SMTP, provider=provider)["info"] == {
        "provider": {
            "name": "Ex",
            "shortName": "Ex",
            "logo": [
                {"url": "https://a.example/l.svg", "content-type": "image/svg+xml"},
                {"url": "https://b/", "content-type": "image/png", "width": 8, "height": 9},
            ],
        },
        "help": {"developer": "https://d.example/", "contact": list(contacts)},
    }


@pytest.mark.rule("pacc-provider-name")
def test_long_names() -> None:
    """Names over the draft's limits are left out; the short name replaces a long one."""
    provider = Provider("n" * 61, "s" * 21)

    assert document(IMAP, SMTP, provider=provider)["info"] == {"provider": {"name": "s" * 21}}
    (finding,) = pacc.findings(config(IMAP, SMTP, provider=provider))
    assert "longer than 60 characters" in finding


MISSING = [
    # services, the last reason
    ([IMAP], "there is no pair of an incoming and an outgoing mail service"),
    ([IMAP, url_service()], "there is no pair of an incoming and an outgoing mail service"),
    ([SMTP, url_service()], "there is no pair of an incoming and an outgoing mail service"),
    ([url_service()], "cannot be described by PACC: it has no mail account"),
    (
        [IMAP, host_service("smtp", port=587, security="starttls")],
        "it does not use TLS from the first byte",
    ),
]


@pytest.mark.rule("pacc-no-document")
@pytest.mark.parametrize(("found", "reason"), MISSING)
def test_missing(found: list[Service], reason: str) -> None:
    """The reason says what the mail account lacks, whatever else PACC cannot express."""
    with pytest.raises(NoUsableService) as caught:
        pacc.compose(config(*found))
    assert str(caught.value).endswith(reason)


@pytest.mark.rule("pacc-digest")
def test_digest() -> None:
    """The digest record has the SHA-256 of the document in base64."""
    body = pacc.render(config(IMAP, SMTP))
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()

    assert pacc.digest_record(body) == f"v=UAAC1; a=sha256; d={digest}"


BODY = b"{}"
DIGEST = base64.b64encode(hashlib.sha256(BODY).digest()).decode()
RECORDS = [
    # record, whether it has the digest of BODY
    (f"v=UAAC1; a=sha256; d={DIGEST}", True),
    (f"V=UAAC1;A=sha256;D={DIGEST}", True),
    (f" d = {DIGEST} ;; a = sha256 ; more ; x=y; v = UAAC1 ;", True),
    ("", False),
    (f"v=UAAC2; a=sha256; d={DIGEST}", False),
    (f"a=sha256; d={DIGEST}", False),
    (f"v=UAAC1; d={DIGEST}", False),
    (f"v=UAAC1; a=sha512; d={DIGEST}", False),
    (f"v=UAAC2; v=UAAC1; a=sha256; d={DIGEST}", False),
    ("v=UAAC1; a=sha256; d=", False),
    ("v=UAAC1; a=sha256", False),
    (f"v=UAAC1; a=sha256; d={DIGEST.rstrip('=')}", False),
    (f"v=UAAC1; a=sha256; d={DIGEST[:20]} {DIGEST[20:]}", False),
    (f"v=UAAC1; a=sha256; d={DIGEST.swapcase()}", False),
    ("v=UAAC1; a=sha256; d=ü", False),
]


@pytest.mark.parametrize(("record", "good"), RECORDS)
def test_records(record: str, good: bool) -> None:
    """A record matches a document by version, algorithm and digest, in any order."""
    assert pacc.has_digest(record, BODY) is good


@FAST
@given(st.binary(), st.binary(), st.text(max_size=20))
def test_digest_matches_only_its_document(body: bytes, other: bytes, more: str) -> None:
    """A digest record matches only its own document, and no text breaks the reader."""
    record = pacc.digest_record(body)

    assert pacc.has_digest(record, body)
    assert pacc.has_digest(record, other) is (body == other)
    assert pacc.has_digest(f"{record};{more}", body)
    assert not pacc.has_digest(more, body)


def test_pinned_document_is_unchanged() -> None:
    """A pinned document is served unchanged, and `compose` still returns the current one."""
    pinned = replace(config(IMAP, SMTP), pinned_pacc=b"old")
    silent = replace(config(SMTP), pinned_pacc=b"old")

    assert (pacc.render(pinned), pacc.render(silent)) == (b"old", b"old")
    assert pacc.compose(pinned) == pacc.render(config(IMAP, SMTP))
    with pytest.raises(NoUsableService):
        pacc.compose(silent)


@st.composite
def _configs(draw: st.DrawFn) -> ClientConfig:
    """Build the configuration of a domain, usually with a mail account."""
    found = (*draw(st.lists(services(), max_size=5)), *draw(st.sampled_from([(IMAP, SMTP), ()])))
    entry = Domain(DomainPattern("example.com"), draw(PROVIDERS), found)
    return client_config(entry, EXAMPLE_COM, None)


def _shared(kind: str, url: str) -> str | None:
    return shared_url(url) if kind in {"caldav", "carddav"} else url


@pytest.mark.rule("pacc-repeatable", "pacc-default-ports", "pacc-urls")
@FAST
@given(_configs())
def test_document_matches_the_services(found: ClientConfig) -> None:
    """The document has only configured values; a missing service has a reason or a substitute."""
    try:
        shown = json.loads(pacc.render(found))
    except NoUsableService:
        return
    assert pacc.render(found) == pacc.render(found)
    assert pacc_findings(pacc.render(found)) == []
    configured = {
        (one.type.value, one.endpoint.host, one.endpoint.port)
        for one in found.services
        if isinstance(one.endpoint, HostEndpoint) and one.endpoint.security is Security.TLS
    }
    configured |= {("submit", host, port) for kind, host, port in configured if kind == "smtp"}
    urls = {
        (one.type.value, _shared(one.type.value, one.endpoint.url))
        for one in found.services
        if not isinstance(one.endpoint, HostEndpoint)
    }
    for name, server in shown["protocols"].items():
        if name in TEXT_PORTS:
            assert (name, server["host"], TEXT_PORTS[name]) in configured
        else:
            assert (name, server["url"]) in urls
    silent = {one.type.value for one in found.for_format(Format.PACC).services}
    silent &= {*TEXT_PORTS, "jmap", "caldav", "carddav"}
    reasons = {line.partition(" ")[0] for line in pacc.findings(found)}
    assert silent - set(shown["protocols"]) <= reasons


@pytest.mark.rule("pacc-password")
def test_http_password() -> None:
    """A password over HTTP counts as a password."""
    jmap = url_service("jmap", "https://jmap.example.com/s", authentication=(HTTP_BASIC,))

    assert document(jmap)["authentication"] == {"password": True}


@pytest.mark.rule("pacc-repeatable")
def test_order_does_not_matter() -> None:
    """The digest does not depend on the order of services of different types."""
    found = (IMAP, SMTP, CALDAV, host_service("managesieve", "sieve.example.com"))

    assert pacc.render(config(*found)) == pacc.render(config(*reversed(found)))


def test_document_that_is_too_large() -> None:
    """A document that is too large for a database is refused, and the reason names its size."""
    logos = tuple(Logo(f"https://x.example/{number:0900}", "image/png") for number in range(70))
    large = config(IMAP, SMTP, provider=Provider("X", "X", logos=logos))
    small = config(IMAP, SMTP, provider=Provider("X", "X", logos=logos[:60]))

    assert 50_000 < len(pacc.render(small)) <= pacc.MAX_BYTES
    assert pacc.findings(small) == ()
    with pytest.raises(NoUsableService, match="bytes, more than 65535; configure fewer logos"):
        pacc.render(large)
    assert "configure fewer logos" in pacc.findings(large)[0]
