"""LDAP address books in profiles, and in no other format."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from tests.formats.test_profile_settings import passwords, profile
from tests.making import ALICE, EXAMPLE_COM, domain, host_service, url_service
from tests.providers_file.catalogs import LDAP_URLS, LOGIN_NAMES
from tests.standards.apple import complaints
from waypost.core.model import (
    GSSAPI,
    NO_AUTHENTICATION,
    PASSWORD_CLEARTEXT,
    TLS_CLIENT_CERT,
    Authentication,
    Service,
)
from waypost.formats import autoconfig, dns
from waypost.formats.autodiscover import pox
from waypost.formats.mobileconfig.profile import Password
from waypost.formats.pacc import document
from waypost.lookup.lookup import client_config

MAIL = (host_service(), host_service("smtp", "smtp.example.com"))


def ldap(
    url: str = "ldaps://ldap.example.com/dc=example??sub",
    *methods: Authentication,
) -> Service:
    return url_service("ldap", url, authentication=methods or (PASSWORD_CLEARTEXT,))


def payloads(*services: Service, password: Password | None = None) -> list[dict[str, Any]]:
    found = profile(*MAIL, *services, password=password)["PayloadContent"]
    return [one for one in found if one["PayloadType"] == "com.apple.ldap.account"]


@pytest.mark.rule("mobileconfig-address-book")
def test_keys() -> None:
    """Host, protection, login name, base and scope are in Apple's keys."""
    (found,) = payloads(ldap("ldap://ldap.example.com/ou=a%20b??one"))

    assert found["LDAPAccountHostName"] == "ldap.example.com"
    assert found["LDAPAccountUseSSL"] is False
    assert found["LDAPAccountUserName"] == "alice@example.com"
    assert found["LDAPSearchSettings"] == [
        {
            "LDAPSearchSettingDescription": "Example",
            "LDAPSearchSettingSearchBase": "ou=a b",
            "LDAPSearchSettingScope": "LDAPSearchSettingScopeOneLevel",
        }
    ]
    assert complaints(found) == []


COUNTS = [
    # services, the number of accounts
    ([ldap()], 1),
    ([ldap(), ldap()], 1),
    ([ldap(), ldap("ldaps://ldap.example.com/dc=other??sub")], 2),
    ([ldap("ldaps://ldap.example.com:636/dc=x")], 1),
    ([ldap("ldaps://ldap.example.com:1636/dc=x")], 0),
    ([ldap("ldap://ldap.example.com:636/dc=x")], 0),
    ([ldap("ldaps://ldap.example.com/dc=x", GSSAPI, TLS_CLIENT_CERT)], 0),
    ([ldap("ldaps://ldap.example.com/dc=x", GSSAPI, PASSWORD_CLEARTEXT)], 1),
    ([ldap("ldaps://ldap.example.com/dc=x??%EMAILLOCALPART%")], 0),
]


@pytest.mark.parametrize(("services", "count"), COUNTS)
def test_count(services: list[Service], count: int) -> None:
    """A profile has each address book that it can express once."""
    found = payloads(*services)

    assert len(found) == len({one["PayloadUUID"] for one in found}) == count


def test_without_a_base() -> None:
    """With a URL without a base, the user enters the base."""
    (found,) = payloads(ldap("ldaps://ldap.example.com"))

    assert "LDAPSearchSettings" not in found


def test_password() -> None:
    """An account with a login gets the password, an account without one does not."""
    secret = Password("s3cret")
    whose = ldap(), ldap("ldaps://public.example.com/dc=x??sub", NO_AUTHENTICATION)
    own, public = payloads(*whose, password=secret)

    assert own["LDAPAccountPassword"] == "s3cret"
    assert "LDAPAccountPassword" not in public
    assert "LDAPAccountUserName" not in public
    assert "LDAPAccountPassword" in passwords({"PayloadContent": [own, public]})


def test_profile_with_only_an_address_book() -> None:
    """A profile may contain only an address book."""
    (found,) = profile(ldap())["PayloadContent"]

    assert found["PayloadType"] == "com.apple.ldap.account"


def test_other_formats_ignore_address_books() -> None:
    """The answers of the other formats do not change with an address book."""
    plain, with_book, plain_domain, domain_with_book = (
        client_config(domain("example.com", *MAIL, *more), EXAMPLE_COM, address)
        for address in (ALICE, None)
        for more in ((), (ldap(),))
    )

    for render in (autoconfig.render, pox.render):
        assert render(with_book) == render(plain)
    assert document.render(domain_with_book) == document.render(plain_domain)
    place = "https://waypost.example.net"
    assert dns.records_of(domain_with_book, place) == dns.records_of(plain_domain, place)


@given(LDAP_URLS, LOGIN_NAMES)
def test_any_url(url: str, login_name: str | None) -> None:
    """The profile has every value that a providers file may have, except another port."""
    service = replace(ldap(url), login_name=login_name)
    found = payloads(service)

    assert len(found) == (0 if ":1389" in url else 1)
    for one in found:
        assert url.lower().partition("://")[2].startswith(one["LDAPAccountHostName"])
        assert one["LDAPAccountUseSSL"] is url.lower().startswith("ldaps:")
        assert ("LDAPAccountUserName" in one) is (login_name is not None)
        (search,) = one.get("LDAPSearchSettings", [{}])
        base = search.get("LDAPSearchSettingSearchBase", "")
        assert base == ("ou=a b,dc=example.com" if "ou=" in url else "dc=x" * ("dc=x" in url))
