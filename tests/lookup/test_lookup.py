"""Store and directory together: which is asked, and what that changes in an answer."""

import asyncio
from dataclasses import replace

import pytest

from tests.directory.scripted import ScriptedDirectory
from tests.making import ALICE, EXAMPLE_COM, PROVIDER, domain, host_service, url_service
from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import (
    DirectoryError,
    DirectoryUnavailable,
    DomainNotServed,
    UserDeclined,
    WaypostError,
)
from waypost.core.model import (
    AttributeRule,
    ClientConfig,
    Directory,
    DirectoryPolicy,
    Domain,
    FileDirectory,
    HostEndpoint,
    UnknownUser,
    UrlEndpoint,
    User,
)
from waypost.directory.directories import Directories
from waypost.lookup.lookup import Lookup, client_config

RULES = (
    AttributeRule("mailHost", pattern="mx[0-9]+[.]example", default="mail.example"),
    AttributeRule("account", pattern="[0-9]+"),
)
PEOPLE = FileDirectory("people", "/people.csv", RULES)
SERVICES = (
    host_service(),
    host_service("smtp", "smtp.example.com", login_name="%EMAILLOCALPART%"),
    host_service("pop3", "%{mailHost}", login_name=None),
    url_service("caldav", "https://%{mailHost}/%{login_name}/"),
    host_service("managesieve", "sieve.example.com", login_name="u%{account}"),
)
ENTRY = replace(domain("example.com", *SERVICES), users=DirectoryPolicy(PEOPLE))
KNOWN = User("a/1", "Alice A.", (("mailHost", "mx7.example"), ("account", "42")))


class Finder:
    """A store and a directory with one domain and one user, and the list of requests."""

    def __init__(self, entry: Domain | None, user: User | WaypostError | None) -> None:
        self._entry = entry
        self._user = user
        self.asked: list[tuple[Directory, EmailAddress]] = []

    async def find(self, domain: DomainName) -> Domain | None:
        assert domain == EXAMPLE_COM
        return self._entry

    async def user_for(self, directory: Directory, address: EmailAddress) -> User | None:
        self.asked.append((directory, address))
        if isinstance(self._user, WaypostError):
            raise self._user
        return self._user


def ask(entry: Domain | None, user: User | WaypostError | None) -> ClientConfig:
    finder = Finder(entry, user)
    return asyncio.run(Lookup(finder, finder).for_address(ALICE))


def logins(config: ClientConfig) -> list[tuple[str, str | None]]:
    """Return place and login name of each service."""
    places = []
    for service in config.services:
        endpoint = service.endpoint
        place = endpoint.url if isinstance(endpoint, UrlEndpoint) else endpoint.host
        places.append((place, service.login_name))
    return places


GENERAL = [
    ("imap.example.com", "alice@example.com"),
    ("mail.example", None),
    ("smtp.example.com", "alice"),
    ("https://mail.example/alice@example.com/", "alice@example.com"),
    ("sieve.example.com", "alice@example.com"),
]


def test_known_user() -> None:
    """The login name of the directory is in every service that names no attribute."""
    assert logins(ask(ENTRY, KNOWN)) == [
        ("imap.example.com", "a/1"),
        ("mx7.example", "a/1"),
        ("smtp.example.com", "a/1"),
        ("https://mx7.example/a%2F1/", "a/1"),
        ("sieve.example.com", "u42"),
    ]


@pytest.mark.rule("autoconfig-stand-in")
@pytest.mark.parametrize("unknown_user", UnknownUser)
def test_stand_in(unknown_user: UnknownUser) -> None:
    """A request for a stand-in address gets the general answer, and no directory is asked."""
    entry = replace(ENTRY, users=DirectoryPolicy(PEOPLE, unknown_user))
    finder = Finder(entry, None)
    anybody = EmailAddress.parse("EVOLUTIONUSER@example.com")
    config = asyncio.run(Lookup(finder, finder).for_address(anybody))
    assert finder.asked == []
    assert logins(config)[0] == ("imap.example.com", "EVOLUTIONUSER@example.com")


@pytest.mark.rule("autoconfig-unknown-users")
@pytest.mark.parametrize(
    "user",
    [None, User(), DirectoryUnavailable("away"), DirectoryError("wrong password")],
    ids=repr,
)
def test_nothing_known(user: User | WaypostError | None) -> None:
    """The answer is the same for an unknown user, one without data, and a failing directory."""
    assert logins(ask(ENTRY, user)) == GENERAL


def test_domain_alone() -> None:
    """Without an address no directory is asked, and defaults replace attributes."""
    finder = Finder(ENTRY, KNOWN)
    config = asyncio.run(Lookup(finder, finder).for_domain(EXAMPLE_COM))

    assert not finder.asked
    assert logins(config) == [
        ("imap.example.com", "%EMAILADDRESS%"),
        ("mail.example", None),
        ("smtp.example.com", "%EMAILLOCALPART%"),
        ("https://mail.example/%EMAILADDRESS%/", "%EMAILADDRESS%"),
        ("sieve.example.com", "%EMAILADDRESS%"),
    ]


def test_domain_without_directory_queries_none() -> None:
    """The directory of one domain is never asked about users of another one."""
    finder = Finder(domain("example.com"), KNOWN)
    asyncio.run(Lookup(finder, finder).for_address(ALICE))

    assert not finder.asked


@pytest.mark.rule(
    "addresses-login-without-tag", "addresses-sub-address-kept", "addresses-look-up-without-tag"
)
@pytest.mark.parametrize(
    ("separators", "asked", "user"),
    [
        ("", "alice+shop@example.com", "alice+shop@example.com"),
        ("+", "alice+shop@example.com", "alice@example.com"),
        ("-", "alice+shop@example.com", "alice+shop@example.com"),
        ("+-", "alice-shop@example.com", "alice@example.com"),
    ],
)
def test_sub_addresses(separators: str, asked: str, user: str) -> None:
    """A sub-address is looked up and logged in without its detail; the address stays as it is."""
    provider = replace(PROVIDER, subaddress_separators=separators)
    finder = Finder(replace(ENTRY, provider=provider), User())
    address = EmailAddress.parse(asked)
    config = asyncio.run(Lookup(finder, finder).for_address(address))

    assert finder.asked == [(PEOPLE, EmailAddress.parse(user))]
    assert logins(config) == [
        (place, name and name.replace("alice", user.partition("@")[0]))
        for place, name in (
            (place.replace("alice@example.com", user), name) for place, name in GENERAL
        )
    ]
    assert config.address == address


@pytest.mark.rule("addresses-look-up-without-tag")
def test_sub_addresses_are_one_query() -> None:
    """The directory is asked once for all sub-addresses of a user."""
    source = ScriptedDirectory({ALICE: {"login": ["u1"]}})

    async def ask_for_three() -> list[str | None]:
        people = Directories(lambda _directory: source)
        provider = replace(PROVIDER, subaddress_separators="+")
        lookup = Lookup(Finder(replace(ENTRY, provider=provider), None), people)
        texts = ("alice@example.com", "alice+a@example.com", "alice+b@example.com")
        found = [await lookup.for_address(EmailAddress.parse(text)) for text in texts]
        await people.close()
        return [config.user.login_name for config in found]

    assert asyncio.run(ask_for_three()) == ["u1"] * 3
    assert len(source.asked) == 1


@pytest.mark.parametrize("shown", [True, False])
def test_display_name_needs_consent(shown: bool) -> None:
    """The name of a user is shown for domains that opted in, and for no others."""
    entry = replace(ENTRY, users=DirectoryPolicy(PEOPLE, show_display_name=shown))

    assert ask(entry, KNOWN).user.display_name == ("Alice A." if shown else None)


DECLINING = replace(ENTRY, users=DirectoryPolicy(PEOPLE, UnknownUser.DECLINE))


def test_decline() -> None:
    """If unknown users are declined, they get nothing, as from a domain that is not served."""
    with pytest.raises(UserDeclined) as caught:
        ask(DECLINING, None)
    assert isinstance(caught.value, DomainNotServed)
    assert "alice" not in str(caught.value)


@pytest.mark.parametrize("user", [KNOWN, User(), DirectoryUnavailable("away")], ids=repr)
def test_decline_only_who_is_unknown(user: User | WaypostError) -> None:
    """No user is declined while the directory does not answer."""
    assert ask(DECLINING, user).services


HOSTILE = [
    # the value of mailHost, in a rule that allows anything
    "evil.example/", "a@evil.example", "evil.example:1", "-x", "a b", "x..y", "[::1]", "ü/",
    "%EMAILADDRESS%", "%{mailHost}", "a#b", "a?b",
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE)
def test_values_stay_in_their_place(value: str) -> None:
    """A value that is not a host name leaves out the service rather than name another host."""
    careless = FileDirectory("people", "/p.csv", (AttributeRule("mailHost", pattern=".*"),))
    services = (
        host_service(host="%{mailHost}"),
        url_service(url="https://%{mailHost}/"),
        url_service(url="https://%{mailHost}.example.com/"),
    )
    entry = replace(domain("example.com", *services), users=DirectoryPolicy(careless))
    user = User(attributes=(("mailHost", value),))
    config = client_config(entry, EXAMPLE_COM, ALICE, user)

    hosts = [one.endpoint for one in config.services if isinstance(one.endpoint, HostEndpoint)]
    assert hosts == []
    assert not any("evil" in place for place, _ in logins(config))
