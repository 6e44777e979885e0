"""Autoconfig documents for one user."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.importers.test_ispdb import IMAP, SMTP, document
from waypost.core.address import DomainName, EmailAddress
from waypost.core.model import HostEndpoint, Service, UrlEndpoint
from waypost.importers.import_result import ImportResult
from waypost.importers.ispdb.document import read_ispdb
from waypost.importers.ispdb.generalize import address_in_url
from waypost.lookup.lookup import client_config
from waypost.store.memory import MemoryStore

ALICE = EmailAddress("alice", DomainName("example.com"))
BASIC = '<authentication system="http">Basic</authentication>'


def read(inner: str, address: EmailAddress = ALICE, domains: str = "example.com") -> ImportResult:
    """Read a document for one user."""
    elements = "".join(f"<domain>{name}</domain>" for name in domains.split())
    return read_ispdb(document(inner, elements), name="x.xml", address=address)


def first(found: ImportResult) -> Service:
    """Return the preferred service."""
    return found.catalog.domains[0].services[0]


LOGINS = [
    # address, username in the document, login name
    ("alice@example.com", "alice@example.com", "%EMAILADDRESS%"),
    ("alice@example.com", "Alice@EXAMPLE.com", "%EMAILADDRESS%"),
    ("alice@example.com", "alice", "%EMAILLOCALPART%"),
    ("alice@example.com", "ALICE", "%EMAILLOCALPART%"),
    ("alice@example.com", "alice.example.com", "%EMAILLOCALPART%.%EMAILDOMAIN%"),
    ("alice@example.com", "example.com\\alice", "%EMAILDOMAIN%\\%EMAILLOCALPART%"),
    ("alice@example.com", "CORP\\alice", "CORP\\%EMAILLOCALPART%"),
    ("alice@example.com", "alice%example.com", "%EMAILLOCALPART%%%EMAILDOMAIN%"),
    ("alice@example.com", "alice@mail.example.com", "%EMAILLOCALPART%@mail.%EMAILDOMAIN%"),
    ("alice@example.com", "%EMAILADDRESS%", "%EMAILADDRESS%"),
    ("alice@example.com", "malice@example.com", "malice@%EMAILDOMAIN%"),
    ("alice@example.com", "alice2", "alice2"),
    ("alice@example.com", "u12345", "u12345"),
    ("a+b@example.com", "a+b@example.com", "%EMAILADDRESS%"),
    ("mail@example.com", "mail", "%EMAILLOCALPART%"),
    ("emailaddress@example.com", "%EMAILADDRESS%", "%EMAILADDRESS%"),
    ("a.*@example.com", "alice@example.com", "alice@%EMAILDOMAIN%"),
    ("alice@bücher.example", "alice@bücher.example", "%EMAILADDRESS%"),
    ("alice@bücher.example", "alice@xn--bcher-kva.example", "%EMAILADDRESS%"),
]


@pytest.mark.parametrize(("address", "username", "login_name"), LOGINS)
def test_login_names(address: str, username: str, login_name: str) -> None:
    """In a login name, the address, its local part and its domain become placeholders."""
    inner = IMAP.replace("%EMAILADDRESS%", username) + SMTP
    parsed = EmailAddress.parse(address)

    assert first(read(inner, parsed, parsed.domain.ascii)).login_name == login_name


HOSTS = [
    # local part, host in the document, its domains, imported host
    ("alice", "imap.example.com", "example.com", "imap.%EMAILDOMAIN%"),
    ("alice", "example.com", "example.com", "%EMAILDOMAIN%"),
    ("alice", "IMAP.Example.Com", "Example.com", "IMAP.%EMAILDOMAIN%"),
    ("alice", "imap.example.com", "example.com example.net", "imap.example.com"),
    ("alice", "imap.notexample.com", "example.com", "imap.notexample.com"),
    ("alice", "imap.example.com.hoster.example", "example.com", "imap.example.com.hoster.example"),
    ("alice", "alice.mx.example.net", "example.com", "%EMAILLOCALPART%.mx.example.net"),
    ("alice", "alice.example.com", "example.com", "%EMAILLOCALPART%.%EMAILDOMAIN%"),
    ("imap", "imap.example.com", "example.com", "imap.%EMAILDOMAIN%"),
    ("alice", "malice.example.net", "example.com", "malice.example.net"),
]


@pytest.mark.parametrize(("local_part", "written", "domains", "host"), HOSTS)
def test_hosts(local_part: str, written: str, domains: str, host: str) -> None:
    """In a host, a single domain, and a label that is the user, become placeholders."""
    address = EmailAddress(local_part, DomainName("example.com"))
    found = read(IMAP.replace("imap.example.com", written) + SMTP, address, domains)

    endpoint = first(found).endpoint
    assert isinstance(endpoint, HostEndpoint)
    assert endpoint.host == host


URLS = [
    # local part, URL in the document, imported URL
    ("alice", "https://d.example/alice@example.com/", "https://d.example/%EMAILADDRESS%/"),
    ("alice", "https://d.example/alice%40example.com/", "https://d.example/%EMAILADDRESS%/"),
    ("alice", "https://d.example/?u=Alice%40example.com", "https://d.example/?u=%EMAILADDRESS%"),
    ("alice", "https://d.example/dav/alice/cal", "https://d.example/dav/%EMAILLOCALPART%/cal"),
    ("alice", "https://d.example/~alice/", "https://d.example/~%EMAILLOCALPART%/"),
    ("alice", "https://d.example/?u=alice&v=1", "https://d.example/?u=%EMAILLOCALPART%&v=1"),
    (
        "alice",
        "https://d.example/example.com/alice/",
        "https://d.example/%EMAILDOMAIN%/%EMAILLOCALPART%/",
    ),
    ("alice", "https://dav.example.com:8443/x", "https://dav.%EMAILDOMAIN%:8443/x"),
    ("alice", "https://d.example/alices/", "https://d.example/alices/"),
    ("dav", "https://dav.example.net/dav/", "https://dav.example.net/dav/"),
    ("alice", "https://d.example/%2Falice%40example.com/", "https://d.example/%2F%EMAILADDRESS%/"),
    (
        "alice",
        "https://d.example/?u=%22alice@example.com",
        "https://d.example/?u=%22%EMAILADDRESS%",
    ),
    ("a+b", "https://d.example/a%2Bb/", "https://d.example/%EMAILLOCALPART%/"),
]


@pytest.mark.parametrize(("local_part", "written", "url"), URLS)
def test_urls(local_part: str, written: str, url: str) -> None:
    """In a URL, the address becomes a placeholder; its parts only as a segment or a value."""
    address = EmailAddress(local_part, DomainName("example.com"))
    jmap = f'<incomingServer type="jmap">{BASIC}<url>{written}</url></incomingServer>'
    found = read(jmap.replace("&", "&amp;"), address)

    assert first(found).endpoint == UrlEndpoint(url)
    changed = [one for one in found.warnings if one.what == "url"]
    assert len(changed) == (written != url)


@given(st.sampled_from(["alice", "a.b", "x_1"]), st.sampled_from(["example.com", "b.example"]))
def test_the_same_user_gets_the_same(local_part: str, domain: str) -> None:
    """After the import, each user gets their own values from Waypost."""
    address = EmailAddress(local_part, DomainName(domain))
    inner = (IMAP + SMTP).replace("%EMAILADDRESS%", str(address))
    catalog = read(inner, address, domain).catalog

    for one in (address, EmailAddress("bob", DomainName(domain))):
        found = MemoryStore(catalog).find(one.domain)
        imap, _ = client_config(found, one.domain, one).services
        assert imap.login_name == str(one)
        assert isinstance(imap.endpoint, HostEndpoint)
        assert imap.endpoint.host == "imap.example.com"


def test_address_in_names_and_attributes() -> None:
    """The address in a provider's name becomes a placeholder; in an attribute it gets a warning."""
    page = '<documentation url="https://d.example/?u=alice@example.com"/>'
    inner = f"<displayShortName>alice@example.com</displayShortName>{IMAP}{SMTP}{page}"
    found = read(inner)

    assert found.catalog.domains[0].provider.short_name == "%EMAILADDRESS%"
    lines = [str(one) for one in found.warnings]
    assert [one for one in lines if "documentation: its url contains alice@example.com" in one]
    assert [one for one in lines if "'alice@example.com' became %EMAILADDRESS%" in one]


@pytest.mark.parametrize("name", ["u1", "alice@example.com", "info@%EMAILDOMAIN%"])
def test_common_login_name_gets_a_warning(name: str) -> None:
    """A login name without a placeholder for the user is kept, with a warning and its line."""
    found = read_ispdb(document(IMAP.replace("%EMAILADDRESS%", name) + SMTP), name="x.xml")

    assert first(found).login_name == name
    assert [str(one) for one in found.warnings] == [
        f"x.xml: line 2: username: {name!r} is the login name of all users"
    ]


@pytest.mark.parametrize("written", ["%EMAILADDRESS", "EMAILADDRESS%", "%emailAddress"])
def test_placeholder_that_lacks_a_sign(written: str) -> None:
    """A placeholder with only one %, as in a document of the ISPDB, is completed."""
    found = read_ispdb(document(IMAP.replace("%EMAILADDRESS%", written) + SMTP), name="x.xml")

    assert (first(found).login_name or "").upper() == "%EMAILADDRESS%"
    assert f"username: {written!r} is read as %" in str(found.warnings[0])


ASKED = [
    ("https://a.example/mail/config-v1.1.xml?emailaddress=alice@example.com", "alice@example.com"),
    ("https://a.example/?x=1&emailaddress=alice%40example.com", "alice@example.com"),
    ("https://a.example/?emailaddress=a+b@example.com", "a+b@example.com"),
    ("https://a.example/?email=Alice@Example.com", "Alice@example.com"),
    ("https://a.example/?emailaddress=%25EMAILADDRESS%25", None),
    ("https://a.example/?emailaddress=", None),
    ("https://a.example/?emailaddress=%ff@example.com", None),
    ("https://a.example/?a@b@c..d", None),
    ("https://a.example/v1.1/example.com", None),
    ("https://[/?emailaddress=alice@example.com", None),
]


@pytest.mark.parametrize(("url", "address"), ASKED)
def test_address_in_a_url(url: str, address: str | None) -> None:
    """The address in a URL is the first parameter that is an address."""
    found = address_in_url(url)

    assert (None if found is None else str(found)) == address
