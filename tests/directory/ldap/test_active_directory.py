"""Active Directory, provided by Samba's server: its schema, references and refusals."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.directory.ldap.examples import example
from tests.directory.ldap.finding import ask, raw, user
from tests.servers.authority import Authority
from tests.servers.samba import LOGIN, PASSWORD, SUFFIX, Samba, samba
from waypost.core.errors import DirectoryError
from waypost.core.model import DirectoryLimits, LdapDirectory, LdapSecurity, Secret, User
from waypost.directory.probe import probe

pytestmark = [pytest.mark.servers, pytest.mark.slow]
ANNA = User("abeispiel", "Anna Beispiel")


@pytest.fixture(name="samba_server", scope="module")
def _samba_server(authority: Authority) -> Iterator[Samba]:
    with samba(authority) as server:
        yield server


@pytest.fixture(name="corp")
def _corp(samba_server: Samba, authority: Authority) -> LdapDirectory:
    """Return the directory of docs/directories/ldap.md's example."""
    corp = example("corp")
    assert corp.search_base == SUFFIX
    return replace(
        corp,
        urls=(samba_server.tls_url,),
        bind_user=LOGIN,
        bind_password=Secret(PASSWORD),
        ca_file=f"{authority.certificate}",
        limits=DirectoryLimits(time_limit_seconds=10, connect_timeout_seconds=10),
    )


def test_user_is_found(corp: LdapDirectory, samba_server: Samba) -> None:
    """A user is found from the root, by any address, over ldaps and StartTLS."""
    for way in (corp, replace(corp, urls=(samba_server.url,))):
        assert user(way, "anna@example.com") == ANNA
        assert user(way, "A.Beispiel@example.com") == ANNA
        assert user(way, "*@example.com") is None
        assert user(way, "*)(sAMAccountName=*@example.com") is None


@pytest.mark.parametrize(
    ("search_filter", "attr_uid", "address", "login"),
    [
        ("(mail={0})", "sAMAccountName", "bernd@example.com", "bbeispiel"),
        ("(mail={0})", "userPrincipalName", "anna@example.com", "anna@corp.example.com"),
        ("(userPrincipalName={0})", "mail", "anna@corp.example.com", "anna@example.com"),
        ("(sAMAccountName={local_part})", "mail", "abeispiel@x.org", "anna@example.com"),
    ],
)
def test_other_attributes(
    corp: LdapDirectory, search_filter: str, attr_uid: str, address: str, login: str
) -> None:
    """Users are found by the attributes that operators of Active Directory use."""
    way = replace(corp, search_filter=search_filter, attr_uid=attr_uid, attr_cn=None)
    assert user(way, address) == User(login, None)


def test_wrong_password(corp: LdapDirectory) -> None:
    """The error shows the number for a wrong password in words."""
    with pytest.raises(DirectoryError, match="the user or the password is wrong; data 52e"):
        ask(replace(corp, bind_password=Secret("not this one")), "anna@example.com")


def test_password_without_tls(corp: LdapDirectory, samba_server: Samba) -> None:
    """A password over a connection without TLS is refused, and the message says what to use."""
    way = replace(corp, urls=(samba_server.url,), security=LdapSecurity.NONE)
    with pytest.raises(DirectoryError, match="accepts a bind over TLS only; use ldaps://"):
        ask(way, "anna@example.com")


def test_step_by_step(corp: LdapDirectory) -> None:
    """All steps of a lookup are shown, and the references of its root do not count as hits."""
    steps = list(probe(corp, raw("anna@example.com")))
    assert [step.ok for step in steps] == [True] * 8
    assert steps[-1].text == "login name: abeispiel; display name: Anna Beispiel"
