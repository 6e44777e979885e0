"""Well-known URLs redirect to the configured URLs, and to nothing else."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.making import domain, url_service
from tests.web.asgi import Client
from waypost.core.address import DomainName
from waypost.core.errors import StoreUnavailable
from waypost.core.model import ALL_FORMATS, Catalog, Domain, Format

CATALOG = Catalog(
    (
        domain(
            "example.com",
            url_service("caldav", "https://dav.example.com/c/"),
            url_service("carddav", "https://dav.example.com/a/%EMAILADDRESS%/book/?x=1"),
            url_service("jmap", "https://jmap.example.com/session?v=1"),
        ),
        domain(
            "unsafe.example",
            url_service("caldav", "http://dav.unsafe.example/plain/"),
            url_service("caldav", "https://dav.unsafe.example/safe/"),
            url_service("carddav", "https://%EMAILLOCALPART%.unsafe.example/a/"),
        ),
        domain("hosted.example", url_service("caldav", "https://dav.example.com/h/")),
        domain("loop.example", url_service("caldav", "https://loop.example/.well-known/caldav/")),
        domain(
            "dot.example",
            url_service("caldav", "https://DAV.dot.example./c/"),
            url_service("carddav", "https://dot.example./.well-known/carddav"),
        ),
        domain(
            "ports.example",
            url_service("caldav", "https://ports.example:8443/.well-known/caldav"),
            url_service("carddav", "https://ports.example:443/.well-known/carddav"),
        ),
        domain(
            "kept.example",
            replace(
                url_service("caldav", "https://dav.kept.example/c/"),
                formats=ALL_FORMATS - {Format.DNS},
            ),
            replace(
                url_service("jmap", "https://jmap.kept.example/"), formats=frozenset({Format.DNS})
            ),
        ),
        domain("*.hosting.example", url_service("caldav", "https://dav.%EMAILDOMAIN%/c/")),
        domain("mail.example"),
    )
)


@pytest.fixture(name="client")
def _client() -> Iterator[Client]:
    client = Client(CATALOG)
    yield client
    client.close()


PLACES = [
    # Host, place, its target
    ("example.com", "caldav", "https://dav.example.com/c/"),
    ("EXAMPLE.com.:443", "caldav", "https://dav.example.com/c/"),
    ("example.com", "carddav", "https://dav.example.com/a/"),
    ("example.com", "jmap", "https://jmap.example.com/session?v=1"),
    ("dav.example.com", "caldav", "https://dav.example.com/c/"),
    ("dav.example.com", "carddav", "https://dav.example.com/a/"),
    ("jmap.example.com", "jmap", "https://jmap.example.com/session?v=1"),
    ("unsafe.example", "caldav", "https://dav.unsafe.example/safe/"),
    ("hosted.example", "caldav", "https://dav.example.com/h/"),
    ("dav.dot.example", "caldav", "https://DAV.dot.example./c/"),
    ("kept.example", "jmap", "https://jmap.kept.example/"),
    # another port is another server
    ("ports.example", "caldav", "https://ports.example:8443/.well-known/caldav"),
    ("ports.example:443", "caldav", "https://ports.example:8443/.well-known/caldav"),
    ("ports.example:8444", "carddav", "https://ports.example:443/.well-known/carddav"),
    ("a.hosting.example", "caldav", "https://dav.a.hosting.example/c/"),
    ("dav.a.hosting.example", "caldav", "https://dav.a.hosting.example/c/"),
]


@pytest.mark.rule("dns-dav-well-known", "dns-jmap-well-known")
@pytest.mark.parametrize("method", ["GET", "HEAD", "PROPFIND", "OPTIONS"])
@pytest.mark.parametrize(("host", "place", "url"), PLACES)
def test_redirects(client: Client, method: str, host: str, place: str, url: str) -> None:
    """A domain, or the host of its service, redirects to the service, and the method is kept."""
    answer = client.request(method, f"/.well-known/{place}", host=host, query="x=//evil.example")

    assert (answer.status, answer.headers["location"]) == (307, url)
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert answer.body == b""


NO_REDIRECT = [
    # Host, place, why there is no redirect
    ("mail.example", "caldav", "the domain has no such service"),
    ("unsafe.example", "carddav", "the host differs from user to user"),
    ("kept.example", "caldav", "its formats do not name dns"),
    ("dav.kept.example", "caldav", "its formats do not name dns"),
    ("unserved.example", "caldav", "the domain is not served"),
    ("other.example.com", "caldav", "it is not the host of the service"),
    ("jmap.example.com", "caldav", "it is the host of another service"),
    ("loop.example", "caldav", "it would redirect to itself"),
    ("dot.example", "carddav", "it would redirect to itself, in other letters"),
    ("ports.example:8443", "caldav", "it would redirect to itself, on its own port"),
    ("ports.example", "carddav", "it would redirect to itself, though only one names the port"),
    ("ports.example:80", "carddav", "it would redirect to itself behind a proxy that ends TLS"),
    ("192.0.2.1", "jmap", "it is no name"),
    (None, "jmap", "there is no Host"),
]


@pytest.mark.rule("dns-dav-well-known-elsewhere")
@pytest.mark.parametrize(("host", "place", "_why"), NO_REDIRECT)
def test_no_redirect_without_service(
    client: Client, host: str | None, place: str, _why: str
) -> None:
    """Without a service there is no redirect."""
    answer = client.request("PROPFIND", f"/.well-known/{place}", host=host)

    assert answer.status == 404
    assert "location" not in answer.headers


class _Away:
    """A store that has one domain, and then becomes unavailable."""

    def find(self, domain: DomainName) -> Domain | None:
        if domain.ascii != "hosted.example.net":
            raise StoreUnavailable("away")
        return host_of_a_calendar("hosted.example.net")

    def close(self) -> None:
        """Close nothing."""


def host_of_a_calendar(name: str) -> Domain:
    return domain(name, url_service("caldav", "https://dav.example.com/h/"))


def test_known_domains_do_without_those_above() -> None:
    """A known domain redirects to its service, even if the domains above cannot be looked up."""
    client = Client(_Away())
    expected = client.get("/.well-known/caldav", host="hosted.example.net")
    other = client.get("/.well-known/caldav", host="other.example.net")
    client.close()

    assert (expected.status, expected.headers["location"]) == (
        307,
        "https://dav.example.com/h/",
    )
    assert other.status == 503


def test_wrong_method(client: Client) -> None:
    """Another method is a 405 that names the right ones."""
    answer = client.post("/.well-known/caldav", host="example.com")

    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, PROPFIND, OPTIONS")


def test_autoconfig_of_an_earlier_draft(client: Client) -> None:
    """The path of an earlier draft answers as Autoconfig, for all users of a domain."""
    query = "emailaddress=alice@mail.example"
    answer = client.get("/.well-known/mail-v1.xml", query=query)

    assert answer.status == 200
    assert answer.body == client.get("/mail/config-v1.1.xml", host="mail.example").body


@pytest.mark.parametrize("host", ["autoconfig.mail.example", "ua-auto-config.mail.example"])
def test_autodiscover_is_not_at_other_names(client: Client, host: str) -> None:
    """The redirect probe of Autodiscover gets no redirect at a host name of another protocol."""
    answer = client.get("/autodiscover/autodiscover.xml", host=host, scheme="http")

    assert answer.status == 405
