"""Placeholders are expanded the same way in every text, and only once."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.making import ALICE, EXAMPLE_COM, domain, host_service, url_service
from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import AddressError
from waypost.core.model import HostEndpoint, UrlEndpoint
from waypost.core.placeholders import (
    PlaceholderContext,
    expand,
    expand_domain,
    expand_service,
    expand_url,
    has_placeholder,
    shared_url,
)

TEMPLATES = [
    ("%EMAILADDRESS%", "alice@example.com", "%EMAILADDRESS%"),
    ("%EMAILLOCALPART%", "alice", "%EMAILLOCALPART%"),
    ("%EMAILDOMAIN%", "example.com", "example.com"),
    ("%EmailAddress%", "alice@example.com", "%EMAILADDRESS%"),
    ("mail.%EMAILDOMAIN%", "mail.example.com", "mail.example.com"),
    ("%EMAILLOCALPART%%EMAILDOMAIN%", "aliceexample.com", "%EMAILLOCALPART%example.com"),
    ("%%EMAILDOMAIN%%", "%example.com%", "%example.com%"),
    ("%REALNAME%", "%REALNAME%", "%REALNAME%"),
    ("EMAILADDRESS", "EMAILADDRESS", "EMAILADDRESS"),
    ("", "", ""),
]


@pytest.mark.rule("autoconfig-placeholder-words")
@pytest.mark.parametrize(("template", "with_address", "without"), TEMPLATES)
def test_expand(template: str, with_address: str, without: str) -> None:
    """With an address all are replaced; for a domain, those with the local part stay."""
    assert with_address == expand(template, EXAMPLE_COM, ALICE)
    assert without == expand(template, EXAMPLE_COM, None)


@pytest.mark.rule("addresses-in-a-url")
@pytest.mark.parametrize(
    ("local_part", "url"),
    [
        ("alice", "https://dav.example.com/alice@example.com/"),
        ("a+b", "https://dav.example.com/a+b@example.com/"),
        ("a/../b", "https://dav.example.com/a%2F..%2Fb@example.com/"),
        ("a?b#c", "https://dav.example.com/a%3Fb%23c@example.com/"),
        ("ä", "https://dav.example.com/%C3%A4@example.com/"),
        ("50%", "https://dav.example.com/50%25@example.com/"),
    ],
)
def test_expand_url(local_part: str, url: str) -> None:
    """In a URL a local part stays one path segment."""
    address = EmailAddress(local_part, EXAMPLE_COM)

    assert url == expand_url("https://dav.example.com/%EMAILADDRESS%/", EXAMPLE_COM, address)


LDAP = "ldaps://ldap.example.com/uid=%EMAILLOCALPART%,ou=%{team},dc=x??sub"
IN_NAMES = [
    # the local part, the team, the text in the URL
    ("a.b-c", "sales", "uid=a.b-c,ou=sales"),
    ("x+y", "a,b", "uid=x%5C+y,ou=a%5C,b"),
    ("#a", "#a#", "uid=%5C%23a,ou=%5C%23a%23"),
    ('"a,b"', " a ", "uid=%5C%22a%5C,b%5C%22,ou=%5C%20a%5C%20"),
    ("a=b", " ", "uid=a=b,ou=%5C%20"),
    ('"a/b?c"', "a\\b<c>;d", "uid=%5C%22a%2Fb%3Fc%5C%22,ou=a%5C%5Cb%5C%3Cc%5C%3E%5C;d"),
    ("ä", "\\", "uid=%C3%A4,ou=%5C%5C"),
]


@pytest.mark.parametrize(("local_part", "team", "said"), IN_NAMES)
def test_names_in_ldap_urls(local_part: str, team: str, said: str) -> None:
    """A value stays one value of the distinguished name (RFC 4514), then of the URL (RFC 4516)."""
    subject = PlaceholderContext(
        EXAMPLE_COM, EmailAddress(local_part, EXAMPLE_COM), None, {"team": team}
    )
    found = expand_service(url_service("ldap", LDAP), subject)

    assert found is not None
    assert isinstance(found.endpoint, UrlEndpoint)
    assert found.endpoint.url == f"ldaps://ldap.example.com/{said},dc=x??sub"


@pytest.mark.parametrize(
    ("template", "login_name"),
    [
        ("uid=%EMAILLOCALPART%,ou=people", r"uid=x\+y,ou=people"),
        ("%EMAILADDRESS%", "x+y@example.com"),
    ],
)
def test_names_that_log_in_to_address_books(template: str, login_name: str) -> None:
    """The distinguished name of an LDAP login is kept whole as well."""
    service = replace(url_service("ldap", LDAP.replace("%{team}", "x")), login_name=template)
    found = expand_service(
        service, PlaceholderContext(EXAMPLE_COM, EmailAddress("x+y", EXAMPLE_COM))
    )

    assert found is not None
    assert found.login_name == login_name


def test_names_in_ldap_urls_are_read_as_they_were() -> None:
    """Nothing is escaped outside of the distinguished name, nor in other schemes."""
    address = EmailAddress("x+y", EXAMPLE_COM)
    for url in (
        "https://dav.example.com/%EMAILLOCALPART%",
        "ldaps://a.example/dc=x?%EMAILLOCALPART%",
    ):
        assert expand_url(url, EXAMPLE_COM, address) == url.replace("%EMAILLOCALPART%", "x+y")


def test_every_text_of_a_service() -> None:
    """Host, URL and login name are all expanded."""
    host = host_service(host="%EMAILLOCALPART%.%EMAILDOMAIN%", login_name="%EMAILLOCALPART%")
    url = url_service(url="https://%EMAILDOMAIN%/%EMAILLOCALPART%")
    expanded_host = expand_service(host, PlaceholderContext(EXAMPLE_COM, ALICE))
    expanded_url = expand_service(url, PlaceholderContext(EXAMPLE_COM, ALICE))

    assert expanded_host is not None
    assert isinstance(expanded_host.endpoint, HostEndpoint)
    assert expanded_host.endpoint.host == "alice.example.com"
    assert expanded_host.login_name == "alice"
    assert expanded_url is not None
    assert isinstance(expanded_url.endpoint, UrlEndpoint)
    assert expanded_url.endpoint.url == "https://example.com/alice"


URLS_BEHIND = ("dav.example.com/", "dav.example.com:8443/%EMAILADDRESS%/")


@pytest.mark.rule("addresses-in-a-host")
@pytest.mark.parametrize("local_part", ["a_b", "a/b", "a b", "-a", "<script>", "x" * 64])
def test_host_that_cannot_exist(local_part: str) -> None:
    """A service with an invalid host name is left out, and the others stay."""
    address = EmailAddress(local_part, EXAMPLE_COM)
    entry = domain("example.com", host_service(host="%EMAILLOCALPART%.example.com"), url_service())

    assert len(expand_domain(entry, EXAMPLE_COM, address).services) == 1


@pytest.mark.rule("addresses-in-a-host")
@pytest.mark.parametrize("local_part", ["a:b", "x@y", "a:1", '"a b"', "[", "<b>", "ä/", "-a"])
def test_url_whose_host_cannot_exist(local_part: str) -> None:
    """An address cannot become the host's port or user name: the service is left out."""
    address = EmailAddress(local_part, EXAMPLE_COM)
    services = [url_service(url=f"https://%EMAILLOCALPART%.{rest}") for rest in URLS_BEHIND]
    entry = domain("example.com", *services, url_service())

    assert len(expand_domain(entry, EXAMPLE_COM, address).services) == 1
    assert len(expand_domain(entry, EXAMPLE_COM, ALICE).services) == 1 + len(URLS_BEHIND)
    assert len(expand_domain(entry, EXAMPLE_COM, None).services) == 1 + len(URLS_BEHIND)


def test_attribute_in_a_path_with_any_host() -> None:
    """A path may contain an attribute with any host, because the user cannot change it."""
    service = url_service(url="https://192.0.2.1/%{uid}/")
    found = expand_service(
        service, PlaceholderContext(EXAMPLE_COM, ALICE, attributes={"uid": "a1"})
    )

    assert found is not None
    assert found.endpoint == UrlEndpoint("https://192.0.2.1/a1/")


def test_missing_login_name_stays_missing() -> None:
    """A service without a login name still has none."""
    expanded = expand_service(host_service(login_name=None), PlaceholderContext(EXAMPLE_COM, ALICE))

    assert expanded is not None
    assert expanded.login_name is None


@given(st.text(min_size=1, max_size=80), st.sampled_from([row[0] for row in TEMPLATES]))
def test_no_placeholder_is_left(local_part: str, template: str) -> None:
    """With any known address, no text contains a placeholder."""
    try:
        address = EmailAddress.parse(f"{local_part}@{DomainName('example.com')}")
    except AddressError:
        return
    assert not has_placeholder(expand(template, address.domain, address))
    assert not has_placeholder(expand_url(template, address.domain, address))


SHARED = [
    # URL, the part that is the same for all users
    ("https://x.example/a/b?c=1", "https://x.example/a/b?c=1"),
    ("https://x.example/a/%EMAILADDRESS%/b/?c=1#d", "https://x.example/a/"),
    ("https://x.example/a/u-%EMAILLOCALPART%", "https://x.example/a/"),
    ("https://x.example/%emailaddress%", "https://x.example/"),
    ("https://x.example/a?u=%EMAILLOCALPART%", "https://x.example/a"),
    ("https://x.example/a#%EMAILLOCALPART%", "https://x.example/a"),
    ("https://x.example?u=%EMAILLOCALPART%", "https://x.example"),
    ("https://%EMAILLOCALPART%.x.example/a", None),
]


@pytest.mark.parametrize(("url", "shared"), SHARED)
def test_shared_url(url: str, shared: str | None) -> None:
    """A URL is cut before the part of a user."""
    assert shared_url(url) == shared


WHOLE_ADDRESSES = [
    # login name as configured, with an address, for a domain
    ("%EMAILADDRESS%", "alice@example.com", "%EMAILADDRESS%"),
    ("%emailLocalPart%@%EMAILDOMAIN%", "alice@example.com", "%EMAILADDRESS%"),
    ("%EMAILLOCALPART%@example.com", "alice@example.com", "%EMAILADDRESS%"),
    ("%EMAILLOCALPART%@example.net", "alice@example.net", "%EMAILLOCALPART%@example.net"),
    ("x%EMAILLOCALPART%@example.com", "xalice@example.com", "x%EMAILLOCALPART%@example.com"),
]


@pytest.mark.rule("autoconfig-placeholder-words")
@pytest.mark.parametrize(("template", "with_address", "without"), WHOLE_ADDRESSES)
def test_a_login_name_that_is_the_address(template: str, with_address: str, without: str) -> None:
    """The whole address is always one placeholder: some clients support no other."""
    service = host_service(login_name=template)
    for address, login in ((ALICE, with_address), (None, without)):
        expanded = expand_service(service, PlaceholderContext(EXAMPLE_COM, address))
        assert expanded is not None
        assert expanded.login_name == login
