"""Searches in a real directory, over every kind of connection."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.directory.ldap.finding import ask, opened, raw, user
from tests.servers.authority import Authority, KeyPair
from tests.servers.people import FOREIGN, LARGE_CHARS, LONG, STRANGE
from tests.servers.slapd import PASSWORD, PEOPLE, PUBLIC, READER, SUFFIX, Slapd
from waypost.core.errors import DirectoryError
from waypost.core.model import (
    AttributeRule,
    LdapBind,
    LdapDirectory,
    LdapScope,
    LdapSecurity,
    LdapServer,
    Secret,
    User,
)
from waypost.directory.ldap.errors import AMBIGUOUS
from waypost.providers_file.directories.validators import check_filter

pytestmark = pytest.mark.servers


def test_user_is_found(directory: LdapDirectory) -> None:
    """Exactly one of 10,000 people is found by an address in any case."""
    assert user(directory, "person4711@example.com") == User("p4711", "Person 4711")
    assert user(directory, "Person4711@example.com") == User("p4711", "Person 4711")
    assert user(directory, "person10000@example.com") is None
    capitals = replace(directory, attr_uid="UID", attr_cn="CN")
    assert user(capitals, "person4711@example.com") == User("p4711", "Person 4711")


def test_automx2_row(server: Slapd, authority_file: str) -> None:
    """automx2's row is searched over ldaps with the authorities of the setting `ldap_ca_file`."""
    row = LdapServer(
        id=3,
        name="localhost",
        port=server.tls_port,
        use_ssl=True,
        search_base=SUFFIX,
        search_filter="(mail={0})",
        attr_uid="uid",
        attr_cn="cn",
        bind_user=READER,
        bind_password=PASSWORD,
    )
    entry = ask(row, "several@example.com", ldap_ca_file=authority_file)
    assert entry == {"uid": ["first.login", "second.login"], "cn": ["Several"]}
    plain = replace(row, port=server.port, use_ssl=False)
    assert ask(plain, "several@example.com") == entry
    anonymous = replace(plain, bind_user=None, bind_password=None, search_base=PUBLIC)
    assert ask(anonymous, "open@example.com") == {"uid": ["open"], "cn": ["Open to All"]}
    with pytest.raises(DirectoryError, match=r"ldapserver-3: ldaps://localhost:.* authority"):
        ask(row, "several@example.com")


@pytest.fixture(name="authority_file")
def _authority_file(directory: LdapDirectory) -> str:
    assert directory.ca_file is not None
    return directory.ca_file


def test_only_used_attributes_are_requested(directory: LdapDirectory) -> None:
    """Only used attributes are requested, also those of rules."""
    assert ask(directory, "several@example.com") == {
        "uid": ["first.login", "second.login"],
        "cn": ["Several"],
    }
    rule = AttributeRule("mailHost", pattern=r".*\.example\.com", default="mail.example.com")
    found = user(replace(directory, rules=(rule,)), "several@example.com")
    assert found == User("first.login", "Several", (("mailHost", "mx7.example.com"),))


def test_login_pattern(directory: LdapDirectory) -> None:
    """Of several login names, the first one that matches the pattern is used."""
    second = replace(directory, login_pattern="second.*")
    assert user(second, "other@example.com") == User("second.login", "Several")


def test_attribute_options(directory: LdapDirectory) -> None:
    """Attribute names keep their language tags, and count as the plain attribute."""
    entry = ask(directory, "deutsch@example.com")
    assert entry is not None
    assert entry["cn;lang-de"] == ["Jörg Müller"]
    assert entry["cn;lang-en"] == ["George Miller"]
    assert user(directory, "deutsch@example.com") == User("joerg", "Jörg Müller")


def test_bytes_that_are_no_text(directory: LdapDirectory) -> None:
    """Values that are not UTF-8 are left out, and the others are returned."""
    entry = ask(replace(directory, attr_cn="jpegPhoto"), "photo@example.com")
    assert entry == {"uid": ["photo"], "jpegPhoto": []}


@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
def test_large_answer(directory: LdapDirectory, server: Slapd, scheme: str) -> None:
    """An answer of many TLS records arrives completely."""
    way = replace(directory, attr_cn="description")
    way = replace(way, urls=(server.tls_url,)) if scheme == "ldaps" else way
    entry = ask(way, "large@example.com")
    assert entry is not None
    assert entry["description"] == ["x" * LARGE_CHARS]


@pytest.mark.parametrize("local_part", STRANGE)
def test_strange_addresses(directory: LdapDirectory, local_part: str) -> None:
    """An address with signs of a filter finds the user with exactly this text."""
    number = STRANGE.index(local_part)
    found = user(directory, f"{local_part}@example.com")
    assert found == User(f"strange{number}", f"Strange {number}")


@pytest.mark.parametrize("address", FOREIGN)
def test_foreign_addresses(directory: LdapDirectory, address: str) -> None:
    """An address that is not ASCII finds the user with exactly this text."""
    by_uid = replace(directory, search_filter="(uid={0})")
    assert user(by_uid, address) == User(address, f"Name of {address}")


INJECTED = [
    "*@example.com",
    "person1*@example.com",
    "*)(uid=*@example.com",
    "*)(|(uid=*@example.com",
    ")(|(uid=*@example.com",
    "person1@example.com)(uid=p1@example.com",
    "x)(!(uid=x)@example.com",
    "person1\0@example.com",
    "\0@example.com",
    "\\2a@example.com",
    "\\2A@example.com",
    "person1\\00@example.com",
    "p\u00e9rson1@example.com",
    "person1\u200b@example.com",
    "\ud800@example.com",
    "{local_part}@example.com",
    "{0}@example.com",
    f"{LONG[:-1]}@example.com",
    f"{LONG}*@example.com",
    f"{'(' * 255}@example.com",
]
STORED = {"*@example.com", "\\2a@example.com", "\\2A@example.com"}


@pytest.mark.parametrize("address", INJECTED, ids=ascii)
@pytest.mark.parametrize("search_filter", ["(mail={0})", "(|(mail={0})(uid={local_part}))"])
def test_nothing_is_injected(directory: LdapDirectory, address: str, search_filter: str) -> None:
    """Signs in an address have no meaning in the filter: the address finds no user."""
    found = ask(replace(directory, search_filter=search_filter), address)
    assert (found is not None) == (address in STORED)
    if found is not None:
        assert found["uid"][0].startswith("strange")


def test_longest_local_part(directory: LdapDirectory) -> None:
    """A local part of 255 characters finds its owner."""
    assert user(directory, f"{LONG}@example.com") == User("long", "Long")


@pytest.mark.parametrize("who", ["double", "triple"])
def test_ambiguous(directory: LdapDirectory, who: str) -> None:
    """Two or more entries count as an unknown user; the log line has no address."""
    with opened(directory) as source, capture_logs() as logs:
        assert [source.find(raw(f"{who}@example.com")) for _ in range(3)] == [None] * 3
    assert logs == [{"event": AMBIGUOUS, "directory": "staff", "log_level": "warning"}]


def test_filter_on_several_lines(directory: LdapDirectory) -> None:
    """A filter may be written on several lines, and contain operators."""
    lines = "(&\n  (objectClass=inetOrgPerson)\n  (|\n    (mail={0})\n    (uid=none)\n  )\n)"
    way = replace(directory, search_filter=check_filter(lines))
    assert user(way, "person1@example.com") == User("p1", "Person 1")


def test_scopes(directory: LdapDirectory) -> None:
    """A search is as deep as its scope."""
    address = "person1@example.com"
    found = {
        (scope, base): ask(replace(directory, scope=scope, search_base=base), address) is not None
        for scope in LdapScope
        for base in (SUFFIX, PEOPLE, f"uid=p1,{PEOPLE}")
    }
    assert [key for key, is_found in found.items() if is_found] == [
        (LdapScope.BASE, f"uid=p1,{PEOPLE}"),
        (LdapScope.ONE, PEOPLE),
        (LdapScope.SUB, SUFFIX),
        (LdapScope.SUB, PEOPLE),
        (LdapScope.SUB, f"uid=p1,{PEOPLE}"),
    ]


def test_ways_in(directory: LdapDirectory, server: Slapd, client_pair: KeyPair) -> None:
    """StartTLS, ldaps, plain and ldapi have the same answer, by password or EXTERNAL."""
    external = replace(directory, bind=LdapBind.EXTERNAL, bind_user=None, bind_password=Secret())
    certified = replace(
        external, cert_file=f"{client_pair.certificate}", key_file=f"{client_pair.key}"
    )
    ways = {
        "starttls": directory,
        "ldaps": replace(directory, urls=(server.tls_url,)),
        "plain": replace(directory, security=LdapSecurity.NONE),
        "ldapi": replace(directory, urls=(server.socket_url,)),
        "external over ldapi": replace(external, urls=(server.socket_url,)),
        "external over ldaps": replace(certified, urls=(server.tls_url,)),
        "external over starttls": certified,
        "unverified": replace(directory, ca_file=None, tls_verify=False),
    }
    found = {name: user(way, "person1@example.com") for name, way in ways.items()}
    assert found == dict.fromkeys(ways, User("p1", "Person 1"))


def test_passwords(
    directory: LdapDirectory, password_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password is the first line of a file, read for each connection, or a variable."""
    monkeypatch.setenv("LDAP_SECRET", PASSWORD)
    for secret in (Secret(file=f"{password_file}"), Secret(variable="LDAP_SECRET")):
        way = replace(directory, bind_password=secret)
        assert user(way, "person1@example.com") == User("p1", "Person 1")
    password_file.write_text("wrong\n", encoding="utf-8")
    with pytest.raises(DirectoryError, match="does not accept bind_user"):
        ask(replace(directory, bind_password=Secret(file=f"{password_file}")), "a@example.com")


def test_new_authorities(
    directory: LdapDirectory, authority: Authority, tmp_path: Path, server: Slapd
) -> None:
    """A changed file of authorities is used for the next connection."""
    other = Authority.create(tmp_path)
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(other.certificate.read_bytes())
    with opened(replace(directory, ca_file=f"{bundle}")) as source:
        with pytest.raises(DirectoryError, match="the authority of its certificate is not trusted"):
            source.find(raw("person1@example.com"))
        bundle.write_bytes(authority.certificate.read_bytes())
        os.utime(bundle, (0, 0))
        assert source.find(raw("person1@example.com")) is not None
    own = tmp_path / "own.pem"
    own.write_bytes((server.folder / "cert.pem").read_bytes())
    assert ask(replace(directory, ca_file=f"{own}"), "person1@example.com") is not None


def test_anonymous(directory: LdapDirectory) -> None:
    """Without a user, only public entries are found."""
    anonymous = replace(
        directory,
        bind=LdapBind.ANONYMOUS,
        bind_user=None,
        bind_password=Secret(),
        search_base=PUBLIC,
    )
    assert user(anonymous, "open@example.com") == User("open", "Open to All")


@pytest.mark.parametrize(
    ("search_filter", "attr_uid", "address", "login"),
    [
        ("(mail={0})", "sAMAccountName", "anna@example.com", "abeispiel"),
        ("(proxyAddresses=smtp:{0})", "userPrincipalName", "a.beispiel@example.com", None),
        ("(proxyAddresses=SMTP:{0})", "sAMAccountName", "anna@example.com", "abeispiel"),
        ("(&(objectClass=user)(sAMAccountName={local_part}))", "mail", "abeispiel@x.org", None),
    ],
)
def test_active_directory_attributes(
    directory: LdapDirectory, search_filter: str, attr_uid: str, address: str, login: str | None
) -> None:
    """From Active Directory's root, its attributes are found, and its references ignored."""
    way = replace(directory, search_filter=search_filter, attr_uid=attr_uid, attr_cn="displayName")
    expected = {"mail": "anna@example.com", "userPrincipalName": "anna@corp.example.com"}
    assert user(way, address) == User(login or expected[attr_uid], "Anna Beispiel")
