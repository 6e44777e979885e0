"""Documents that are rendered once and filled in have the same bytes as newly rendered ones."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.golden.cases import Case, cases
from tests.making import ALICE, EXAMPLE_COM, domain, host_service, url_service
from tests.providers_file.catalogs import PROVIDERS, services
from waypost.core.address import DomainName, EmailAddress
from waypost.core.document_template import ANY_USER
from waypost.core.errors import AddressError, NoUsableService, ServiceNotOffered
from waypost.core.model import (
    PASSWORD_CLEARTEXT,
    ClientConfig,
    DirectoryPolicy,
    Domain,
    DomainPattern,
    FileDirectory,
    ProfileSettings,
    Service,
    User,
)
from waypost.formats import autoconfig
from waypost.formats.autodiscover import activesync, pox
from waypost.formats.autodiscover import json as autodiscover_json
from waypost.formats.autodiscover.json import Protocol
from waypost.formats.mobileconfig import profile as mobileconfig
from waypost.formats.pacc import document
from waypost.lookup.lookup import LookupResult
from waypost.lookup.render_cache import RenderCache
from waypost.providers_file.load import read_providers

Render = Callable[[ClientConfig], bytes]

FORMATS: list[Render] = [autoconfig.render, pox.render, activesync.render]
MAIL = (host_service(), host_service("smtp", "smtp.example.com"))
# Every place that may contain a placeholder, and texts that a user's own name can be equal to.
PIECES = ("%EMAILADDRESS%", "%emaillocalpart%", "%EMAILDOMAIN%", "%{login_name}", "%{x}", "a", "-")
TEXTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map("".join)
PERSONAL = st.one_of(
    st.builds(lambda text: host_service(host=f"{text}.example.com"), TEXTS),
    st.builds(lambda text: host_service(login_name=text), TEXTS),
    st.builds(
        lambda kind, host, path, query: url_service(
            kind, f"https://{host}.example.com/{path}?{query}"
        ),
        st.sampled_from(["caldav", "carddav", "activesync", "ews", "jmap"]),
        *(st.sampled_from(["a", "%EMAILDOMAIN%"]) | TEXTS, TEXTS, TEXTS),
    ),
)
PLAIN = "abAB019._+-"
LABELS = st.text("ab0-", min_size=1, max_size=63).map(lambda label: f"a{label}b"[:63].strip("-"))
DOMAINS = st.one_of(
    st.sampled_from(["example.com", "example.org", "a.example", "münchen.example", "b"]),
    st.sampled_from([ANY_USER.domain.ascii, f"mail.{ANY_USER.domain.ascii}", "1.xn--p1ai"]),
    st.lists(LABELS, min_size=1, max_size=4).map(".".join),
)


@st.composite
def entries(draw: st.DrawFn) -> Domain:
    """Create an entry of a store, often with a pair of mail services."""
    found = draw(st.lists(services() | PERSONAL, max_size=5))
    pair = draw(st.sampled_from([MAIL, MAIL, ()]))
    pattern = draw(st.sampled_from(["example.com", "example.com", "*"]))
    return Domain(DomainPattern(pattern), draw(PROVIDERS), (*found, *pair))


@st.composite
def addresses(draw: st.DrawFn) -> EmailAddress:
    """Create addresses, most of them plain, and some of them difficult."""
    any_user = ANY_USER.local_part
    traps = st.sampled_from(
        [any_user, any_user.lower(), "a", "-", "example", '"a b"', "a&<b>", "ü"]
    )
    local_part = draw(st.text(PLAIN, min_size=1, max_size=20) | traps | st.text(min_size=1))
    try:
        return EmailAddress.parse(f"{local_part}@{draw(DOMAINS)}")
    except AddressError:
        return ALICE


def asked(entry: Domain, address: EmailAddress | None) -> LookupResult:
    """Create the result of a lookup for an address, or for its domain."""
    return LookupResult(entry, EXAMPLE_COM if address is None else address.domain, address, User())


def outcome(documents: RenderCache | None, render: Render, found: LookupResult) -> bytes | str:
    """Render from the cache or, without one, again; an error is returned as its text."""
    try:
        if documents is None:
            return render(found.config())
        return documents.render(render, found).body
    except (NoUsableService, ServiceNotOffered) as error:
        return f"{error.code}: {error}"


def profile_of(documents: RenderCache | None, found: LookupResult) -> bytes | str:
    """Render a profile from the cache or, without one, again."""
    settings = ProfileSettings(description="Accounts of example.anydomain", days=3)
    try:
        if documents is None:
            return mobileconfig.render(found.config(), settings)
        template = mobileconfig.template
        return documents.render(mobileconfig.render, found, settings, template=template).body
    except NoUsableService as error:
        return f"{error.code}: {error}"


@hypothesis_settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(entries(), st.lists(addresses(), min_size=2, max_size=5))
def test_same_bytes(entry: Domain, users: list[EmailAddress]) -> None:
    """For any configuration and any user, the bytes are those of rendering it again."""
    documents = RenderCache()

    for render in FORMATS:
        for address in users:
            found = asked(entry, address)
            assert outcome(documents, render, found) == outcome(None, render, found)
    for address in users:
        found = asked(entry, address)
        assert profile_of(documents, found) == profile_of(None, found)
    for render in (autoconfig.render, document.render, document.render):
        found = asked(entry, None)
        assert outcome(documents, render, found) == outcome(None, render, found)


def test_more_than_a_configuration() -> None:
    """Another argument of the format makes another document."""
    documents = RenderCache()
    eas = url_service("activesync", "https://eas.example.com/%EMAILADDRESS%/Server")
    ews = url_service("ews", "https://ews.example.com/EWS")

    for found in users(domain("example.com", *MAIL, eas, ews), "alice", "bob"):
        for more in (
            (protocol, url) for protocol in Protocol for url in ("https://a", "https://b")
        ):
            anew = autodiscover_json.render(found.config(), *more)
            assert documents.render(autodiscover_json.render, found, *more).body == anew


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_golden_providers(case: Case) -> None:
    """The same is true of every provider of the golden answers, for the second request too."""
    text = (case.folder / "providers.toml").read_text(encoding="utf-8")
    documents = RenderCache()

    for entry in read_providers(text, name=case.name, format="toml").catalog.domains:
        name = entry.pattern.text.replace("*", "wild.example")
        for render in FORMATS:
            for user in ("alice", "b.ob+tag"):
                found = asked(entry, EmailAddress.parse(f"{user}@{name}"))
                assert outcome(documents, render, found) == outcome(None, render, found)


class Counting:
    """A format that counts how often it is rendered."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, config: ClientConfig) -> bytes:
        self.count += 1
        return autoconfig.render(config)


def counted(documents: RenderCache, render: Counting, *found: LookupResult) -> int:
    """Request documents, and return how many of them were rendered."""
    before = render.count
    for one in found:
        assert documents.render(render, one).body == autoconfig.render(one.config())
    return render.count - before


def users(entry: Domain, *local_parts: str, at: str = "example.com") -> list[LookupResult]:
    """Request the document of several users of a domain."""
    return [asked(entry, EmailAddress.parse(f"{name}@{at}")) for name in local_parts]


def test_rendered_once() -> None:
    """For plain addresses of a domain a document is rendered once, and once for the domain."""
    documents, render, entry = RenderCache(), Counting(), domain()

    assert counted(documents, render, *users(entry, "alice", "bob", "a.b_c-d", "ALICE")) == 1
    assert counted(documents, render, asked(entry, None), asked(entry, None)) == 1


EACH: dict[str, tuple[Service, ...]] = {
    "a host": (*MAIL, host_service(host="%EMAILLOCALPART%.example.com")),
    "the host of a URL": (*MAIL, url_service(url="https://%EMAILLOCALPART%.example.com?x")),
    "an attribute in a host": (*MAIL, host_service(host="%{login_name}.example.com")),
    "an attribute in a URL": (*MAIL, url_service(url="https://example.com/%{login_name}")),
}


@pytest.mark.parametrize("found", EACH.values(), ids=EACH)
def test_each_has_another_one(found: tuple[Service, ...]) -> None:
    """If the host of a service depends on the user, nothing is cached."""
    entry = domain("example.com", *found)

    assert counted(RenderCache(), Counting(), *users(entry, "alice", "alice")) == 2


def test_other_addresses() -> None:
    """A document for an address with a character that some document escapes is not cached."""
    documents, render = RenderCache(), Counting()

    assert counted(documents, render, *users(domain(), "a&b", "a&b", '"<"', "ü", "a'b")) == 5


EQUAL: dict[str, tuple[Service, ...]] = {
    "a login name of one user": (
        host_service(login_name="%EMAILLOCALPART%"),
        host_service("smtp", "smtp.example.com", login_name="relay"),
    ),
    "a login name of one domain": (
        host_service(login_name="%EMAILADDRESS%"),
        host_service("smtp", "smtp.example.com", login_name="%EMAILLOCALPART%@example.com"),
    ),
    "a URL of one user": (
        url_service(url="https://dav.example.com/%EMAILLOCALPART%/"),
        url_service(url="https://dav.example.com/relay/"),
    ),
    "a URL of one domain": (
        url_service(url="https://dav.%EMAILDOMAIN%/"),
        url_service(url="https://dav.example.com/"),
    ),
}


@pytest.mark.parametrize("found", EQUAL.values(), ids=EQUAL)
def test_texts_that_are_equal_for_some(found: tuple[Service, ...]) -> None:
    """A profile has a URL once, and one password for one login name, for any user."""
    documents, entry = RenderCache(), domain("example.com", *found)

    for one in (*users(entry, "alice", at="example.org"), *users(entry, "alice", "relay")):
        assert profile_of(documents, one) == profile_of(None, one)


def test_a_plus_in_a_distinguished_name() -> None:
    """A plus sign separates two values in a distinguished name (RFC 4514 s2.4): it is escaped."""
    book = url_service(
        "ldap",
        "ldaps://ldap.example.com/uid=%EMAILLOCALPART%,dc=example??sub",
        authentication=(PASSWORD_CLEARTEXT,),
    )
    entry = domain(
        "example.com", *MAIL, replace(book, login_name="uid=%EMAILLOCALPART%,dc=example")
    )
    documents = RenderCache()

    for found in users(entry, "alice", "alice+shop"):
        assert profile_of(documents, found) == profile_of(None, found)


def test_sub_addresses() -> None:
    """If login names have no detail, a sub-address is rendered, and others come from the cache."""
    entry = domain()
    entry = replace(entry, provider=replace(entry.provider, subaddress_separators="+-"))
    asking = users(entry, "alice", "alice+shop", "bob", "bob-x")

    assert counted(RenderCache(), Counting(), *asking) == 3


def test_directories() -> None:
    """If a directory knows the users, all are rendered, so that timing does not reveal users."""
    documents, render = RenderCache(), Counting()
    entry = replace(domain(), users=DirectoryPolicy(FileDirectory("people", "/people.csv")))
    alice, bob = users(entry, "alice", "bob")
    known = replace(alice, user=User("a1", "Alice", (("x", "y"),)))

    assert counted(documents, render, alice, alice, known, bob) == 4
    assert counted(documents, render, asked(entry, None), asked(entry, None)) == 1


def test_a_change_is_seen() -> None:
    """A cached document is used for entries with the same provider and services."""
    documents, render, entry = RenderCache(), Counting(), domain()

    assert counted(documents, render, *users(entry, "alice"), *users(replace(entry), "bob")) == 1
    changed = domain("example.com", *MAIL, host_service(host="other.example.com"))
    assert counted(documents, render, *users(changed, "alice", "bob")) == 1
    renamed = replace(entry, provider=replace(entry.provider, name="Renamed"))
    assert counted(documents, render, *users(renamed, "alice", "bob")) == 1
    alias = replace(entry, alias_of="example.org")
    assert counted(documents, render, *users(alias, "alice", "bob")) == 1
    assert counted(documents, render, *users(entry, "alice")) == 0


def test_all_domains_of_a_provider() -> None:
    """A document is rendered once for all domains of a provider, if their names are short."""
    documents, render, entry = RenderCache(), Counting(), domain()
    other = replace(entry, pattern=DomainPattern("example.org"))

    at_other = users(other, "alice", at="example.org")
    assert counted(documents, render, *users(entry, "alice"), *at_other) == 1
    for name in ("xn--mnchen-3ya.example", f"{'a' * 40}.example", f"{'a.' * 60}example"):
        named = replace(entry, pattern=DomainPattern(name))
        assert counted(documents, render, *users(named, "alice", "bob", at=name)) == 1


def test_no_more_than_its_size() -> None:
    """The least recently used document is dropped."""
    documents, render = RenderCache(size=2), Counting()
    one, two, three = (
        users(domain(name, *MAIL), "alice", at=name)
        for name in ("xn--mnchen-3ya.example", "xn--bcher-kva.example", "xn--caf-dma.example")
    )

    assert counted(documents, render, *one, *two, *one, *three, *one) == 3
    assert counted(documents, render, *two) == 1


@pytest.mark.parametrize("pattern", ["*.example.com", "*"])
def test_invented_names(pattern: str) -> None:
    """Names that a pattern matches push out no configured domain."""
    documents, render = RenderCache(size=2), Counting()
    real, wild = domain(), domain(pattern)
    counted(documents, render, *users(real, "alice"))

    invented = [users(wild, "alice", at=f"{n}.example.com")[0] for n in range(3)]
    assert counted(documents, render, *invented, *invented) == 1
    long = [users(wild, "alice", at=f"{'a' * 40}{n}.example.com")[0] for n in range(3)]
    assert counted(documents, render, *long, *long) == 6
    assert counted(documents, render, *users(real, "bob")) == 0


def test_any_user_is_no_user() -> None:
    """The name that is replaced is plain, and no part of any domain or host."""
    assert ANY_USER.is_plain
    assert DomainName.parse(f"{ANY_USER.local_part}.example.com").ascii != (
        f"{ANY_USER.local_part}.example.com"
    )
