"""URLs of LDAP address books."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.core.model import LdapScope, LdapUrl

BASE, ONE, SUB = LdapScope.BASE, LdapScope.ONE, LdapScope.SUB
GOOD = [
    # the URL, its parts: host, port, TLS, base, scope, whether there is more
    ("ldaps://a.example", LdapUrl("a.example", 636, True, "", BASE)),
    ("ldap://A.example/", LdapUrl("a.example", 389, False, "", BASE)),
    ("LDAPS://a.example:1636/dc=x??SUB", LdapUrl("a.example", 1636, True, "dc=x", SUB)),
    ("ldap://[2001:db8::1]/dc=x??one", LdapUrl("2001:db8::1", 389, False, "dc=x", ONE)),
    (
        "ldaps://a.example/o=a%20b%2Cc,c=%C3%A4",
        LdapUrl("a.example", 636, True, "o=a b,c,c=ä", BASE),
    ),
    ("ldaps://a.example/dc=x???", LdapUrl("a.example", 636, True, "dc=x", BASE)),
    ("ldaps://a.example/dc=x?cn", LdapUrl("a.example", 636, True, "dc=x", BASE, True)),
    ("ldaps://a.example/dc=x??sub?(cn=*)", LdapUrl("a.example", 636, True, "dc=x", SUB, True)),
    ("ldaps://a.example/dc=x????!e=x", LdapUrl("a.example", 636, True, "dc=x", BASE, True)),
]
BAD = [
    # the URL, the rule
    ("", "must be an absolute URL"),
    ("a.example/dc=x", "must be an absolute URL"),
    ("https://a.example/dc=x", "begins with ldaps:// or ldap://"),
    ("ldapi://%2Frun%2Fldapi/dc=x", "begins with ldaps:// or ldap://"),
    ("ldaps:///dc=x", "must be an absolute URL"),
    ("ldaps://a.example/dc=x??all", "an unknown scope; use one of base, one, sub"),
    ("ldaps://a.example:x/dc=x", "Port"),
    ("ldaps://a.example:65536/", "Port"),
]


@pytest.mark.parametrize(("url", "said"), GOOD)
def test_good(url: str, said: LdapUrl) -> None:
    """Each part is read and decoded, and has the default of the standard."""
    assert LdapUrl.parse(url) == said


@pytest.mark.parametrize(("url", "rule"), BAD)
def test_bad(url: str, rule: str) -> None:
    """An invalid URL is refused."""
    with pytest.raises(ValueError, match=rule):
        LdapUrl.parse(url)


@given(st.text(max_size=60).map("ldaps://a.example{}".format) | st.text(max_size=60))
def test_any_text(text: str) -> None:
    """Any text is parsed, or refused with ValueError."""
    with suppress(ValueError):
        assert LdapUrl.parse(text).host
