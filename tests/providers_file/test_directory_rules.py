"""The rules for the strings of an LDAP directory."""

import pytest

from waypost.providers_file.directories.validators import check_filter, check_ldap_url
from waypost.providers_file.validators import RuleBroken

GOOD_FILTERS = [
    "(mail={0})",
    "(uid={local_part})",
    "(|(mail={0})(mailAlternateAddress={0}))",
    "(&(objectClass=inetOrgPerson)(!(accountLocked=true))(|(mail={0})(uid={local_part})))",
    "(proxyAddresses=smtp:{0})",
    "(cn;lang-de={0})",
    "(1.2.840.113556.1.4.656={0})",
    # RFC 4515 s4, some of its examples with a placeholder
    r"(&(o=Parens R Us \28for all your parenthetical needs\29)(mail={0}))",
    r"(&(cn=*\2A*)(mail={0}))",
    "(cn:caseExactMatch:={0})",
    "(o:dn:={0})",
    "(:1.2.3:={0})",
    "(:DN:2.4.6.8.10:={0})",
    "(&(userAccountControl:1.2.840.113556.1.4.803:=512)(mail={0}))",
    "(&(uidNumber>=1000)(cn~=x)(mail=*)(mail={0}))",
    "(&\n  (objectClass=person)\n  (mail={0})\n)",
    "(description=a=b{0})",
    "(|(mail=)(mail={0}))",
]


@pytest.mark.parametrize("text", GOOD_FILTERS)
def test_good_filters(text: str) -> None:
    """A filter that is valid by RFC 4515 and contains the address is accepted unchanged."""
    assert check_filter(text) == text


BAD_FILTERS = [
    # filter, broken rule
    ("", "must contain {0}"),
    ("(mail=alice@example.com)", "must contain {0}"),
    ("(o={domain})", "must contain {0}"),
    ("mail={0}", "parentheses do not match"),
    ("(mail={0}", "parentheses do not match"),
    ("(mail={0}))", "parentheses do not match"),
    ("((mail={0}))", "has no attribute and ="),
    ("(mail={0})(uid={0})", "parentheses do not match"),
    ("(&(mail={0})", "parentheses do not match"),
    ("(&mail={0})", "0 filters follow &"),
    ("(|)(mail={0})", "0 filters follow |"),
    ("(!(mail={0})(uid={0}))", "2 filters follow !"),
    ("(&(mail={0})uid=x)", "parentheses do not match"),
    ("({0}=mail)", "can contain placeholders only after ="),
    ("(mail{0})", "can contain placeholders only after ="),
    ("(={0})", "has no attribute"),
    ("(ma il={0})", "has no attribute and ="),
    (r"(mail=\{0})", "two hexadecimal digits must follow"),
    (r"(&(cn=a\2)(mail={0}))", "two hexadecimal digits must follow"),
    ("(&(uid>=1*)(mail={0}))", "* is only for ="),
    ("(&(cn:dn:=a*)(mail={0}))", "* is only for ="),
    ("(!" * 40 + "(mail={0})" + ")" * 40, "nested deeper than 32"),
]


@pytest.mark.parametrize(("text", "said"), BAD_FILTERS)
def test_bad_filters(text: str, said: str) -> None:
    """A filter that is not valid by RFC 4515 is refused with the broken rule."""
    with pytest.raises(RuleBroken) as caught:
        check_filter(text)
    assert said in str(caught.value)


GOOD_URLS = [
    "ldap://ldap.example.com",
    "ldaps://ldap.example.com:3269",
    "LDAPS://ldap.example.com/",
    "ldap://192.0.2.1:389",
    "ldap://[2001:db8::1]:389",
    "ldap://localhost",
    "ldapi://%2Frun%2Fslapd%2Fldapi",
    "ldapi://%2frun%2fslapd%2fldapi/",
]


@pytest.mark.parametrize("text", GOOD_URLS)
def test_good_urls(text: str) -> None:
    """A URL of a scheme, a host and a port, or of a socket, is accepted unchanged."""
    assert check_ldap_url(text) == text


BAD_URLS = [
    ("ldap.example.com", "must begin with"),
    ("http://ldap.example.com", "must begin with"),
    ("ldap://", "must have a host"),
    ("ldap://:389", "must have a host"),
    ("ldap://ldap.example.com:0", "must have a host, and a port from 1"),
    ("ldap://ldap.example.com:99999", "is not a URL"),
    ("ldap://ldap.example.com/dc=example,dc=com", "must be a scheme, a host and a port only"),
    ("ldap://user:secret@ldap.example.com", "must be a scheme, a host and a port only"),
    ("ldap://ldap.example.com?uid", "must be a scheme, a host and a port only"),
    ("ldapi:///run/slapd/ldapi", "with its slashes encoded"),
    ("ldapi://", "with its slashes encoded"),
]


@pytest.mark.parametrize(("text", "said"), BAD_URLS)
def test_bad_urls(text: str, said: str) -> None:
    """Any other URL is refused with the broken rule."""
    with pytest.raises(RuleBroken) as caught:
        check_ldap_url(text)
    assert said in str(caught.value)
