"""Host names that mean a domain, and paths with several slashes."""

import plistlib
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.making import domain, host_service, url_service
from tests.web.asgi import Client, settings
from tests.web.public.test_autodiscover import PATH
from tests.web.public.test_initdb import Anybody
from waypost.core.model import Catalog, Redirect
from waypost.web.public.request import decode_path
from waypost.wiring.runtime import wire

CONFIG = "/mail/config-v1.1.xml"
CATALOG = Catalog(
    (
        domain(
            "example.com",
            host_service(host="imap.example.com"),
            host_service("smtp", "smtp.example.com"),
            url_service("caldav", "https://dav.example.com/c/"),
        ),
        domain("*.example.com"),
        domain("www.own.example"),
        domain("own.example"),
        domain("*.pattern.example"),
        domain("www.alone.example"),
        replace(domain("gone.example"), redirect=Redirect()),
        replace(domain("old.example"), redirect=Redirect("new.example")),
        domain("corp"),
    )
)
EVERYBODY = Catalog((domain("*"), domain("www.own.example")))

WWW = [
    # Host, the domain that it means; None for none
    ("www.example.com", "example.com"),
    ("WWW.Example.COM.:443", "example.com"),
    ("a.example.com", "a.example.com"),
    ("www.a.example.com", "a.example.com"),
    ("www.own.example", "www.own.example"),
    ("www.alone.example", "www.alone.example"),
    ("www.pattern.example", "www.pattern.example"),
    ("www.corp", "corp"),
    ("www.gone.example", None),
    ("www.unserved.example", None),
    ("www.com", None),
    ("www", None),
    ("www.", None),
    ("www2.example.org", None),
    ("wwwexample.com", None),
    # After the prefix of a protocol the name is that of the address.
    ("autoconfig.www.example.com", "www.example.com"),
    ("autoconfig.www.own.example", "www.own.example"),
]


@pytest.fixture(name="served", scope="module")
def _served() -> Iterator[Client]:
    client = Client(CATALOG)
    yield client
    client.close()


@pytest.mark.rule("autoconfig-www")
@pytest.mark.parametrize(("host", "name"), WWW)
@pytest.mark.parametrize("path", [CONFIG, "/.well-known/autoconfig/mail/config-v1.1.xml"])
def test_www(served: Client, host: str, name: str | None, path: str) -> None:
    """`www.D` means D, unless it has its own entry; a pattern is none."""
    answer = served.get(path, host=host)

    assert answer.status == (404 if name is None else 200)
    assert name is None or answer.value("domain") == name


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("www.any.example", "any.example"),
        ("www.own.example", "www.own.example"),
        ("www.com", "www.com"),
    ],
)
def test_www_where_every_domain_is_served(host: str, name: str) -> None:
    """A pattern for all domains does not make `www.D` a domain, nor a top-level domain one."""
    client = Client(EVERYBODY)
    found = client.get(CONFIG, host=host).value("domain")
    client.close()

    assert found == name


def test_www_in_all_formats() -> None:
    """Each format that reads the domain from Host does so."""
    client = Client(CATALOG, settings(proxy_count=1))
    host, http = "www.example.com", {"X-Forwarded-Proto": "http"}
    probe = client.get(PATH, host=host, scheme="http", headers=http)
    profile = client.get(
        "/mobileconfig?email=a@b.example.com", host=host, scheme="http", headers=http
    )
    dav = client.request("PROPFIND", "/.well-known/caldav", host=host)
    moved = client.get(CONFIG, host="www.old.example")
    pacc = client.get("/.well-known/user-agent-configuration.json", host=host)
    client.close()

    assert probe.headers["location"] == f"https://www.example.com{PATH}?redirected=1"
    assert profile.headers["location"].startswith("https://www.example.com/mobileconfig?email=")
    assert dav.headers["location"] == "https://dav.example.com/c/"
    assert moved.headers["location"].startswith("https://autoconfig.new.example/")
    # PACC has only one name, whose zone authenticates the document.
    assert pacc.status == 404


ADDRESS = "emailaddress=alice@example.com"
SLASHES = [
    # The spelling of a path, and its decoded form
    (f"//mail/config-v1.1.xml?{ADDRESS}", f"{CONFIG}?{ADDRESS}"),
    (f"/mail//config-v1.1.xml?{ADDRESS}", f"{CONFIG}?{ADDRESS}"),
    (f"/mail/config-v1.1.xml///?{ADDRESS}", f"{CONFIG}?{ADDRESS}"),
    (f"/.well-known//autoconfig///Mail/config-v1.1.xml?{ADDRESS}", f"{CONFIG}?{ADDRESS}"),
    ("//v1.1//example.com/", "/v1.1/example.com"),
    (f"//mobileconfig//?{ADDRESS}", f"/mobileconfig?{ADDRESS}"),
    (f"//email.mobileconfig?{ADDRESS}", f"/mobileconfig?{ADDRESS}"),
    (f"/{PATH}", PATH),
    (
        "/autodiscover//autodiscover.json?Email=a@example.com&Protocol=AutodiscoverV1",
        "/autodiscover/autodiscover.json?Email=a@example.com&Protocol=AutodiscoverV1",
    ),
    (
        "//autodiscover//autodiscover.json//v1.0//a@example.com?Protocol=AutodiscoverV1",
        "/autodiscover/autodiscover.json/v1.0/a@example.com?Protocol=AutodiscoverV1",
    ),
    ("///", "/"),
    ("//.well-known//caldav", "/.well-known/caldav"),
]


@pytest.mark.parametrize(("written", "canonical"), SLASHES)
def test_two_slashes(served: Client, written: str, canonical: str) -> None:
    """Several slashes in a path are one."""
    one, other = (served.get(path, host="example.com") for path in (written, canonical))

    assert other.status != 404
    assert (one.status, one.headers, one.body) == (other.status, other.headers, other.body)


@pytest.mark.parametrize(
    "path",
    [
        f"//mail%2F/config-v1.1.xml?{ADDRESS}",
        f"//mail%2F%2Fconfig-v1.1.xml?{ADDRESS}",
        "//v1.1%2F/example.com",
        "//nothing",
        "//mail//",
    ],
)
def test_slashes_that_stay(served: Client, path: str) -> None:
    """An encoded slash is not a second one, and an unknown path stays unknown."""
    assert served.get(path, host="example.com").status == 404


@pytest.mark.rule("proxies-initdb-path")
@pytest.mark.parametrize("path", ["//initdb", "//initdb/", "/initdb//"])
def test_initdb_has_one_spelling(path: str) -> None:
    """`/initdb/` has no spelling with more slashes, which a rule of a web server might miss."""
    runtime = wire(settings(db_uri="sqlite://"))
    client = Client(runtime, peer_check=Anybody())
    found, other = (client.request("HEAD", one, host="localhost") for one in ("/initdb/", path))
    client.close()

    assert (found.status, other.status) == (200, 404)


@pytest.mark.parametrize(
    ("rest", "address"),
    [
        ("/a//b@old.example", "a%2F%2Fb"),
        ("//v1.0/a//b@old.example", "a%2F%2Fb"),
        ("//V1//a@old.example", "a"),
        ("/v1.0//a/b@old.example//", "a%2Fb"),
        ("//a@old.example", "a"),
    ],
)
def test_slashes_of_an_address(rest: str, address: str) -> None:
    """A local part keeps its slashes, in the path of Autodiscover's JSON as well."""
    moved = replace(domain("old.example"), redirect=Redirect("new.example"))
    client = Client(Catalog((moved,)))
    answer = client.get(f"//autodiscover/autodiscover.json{rest}?Protocol=ActiveSync")
    client.close()

    assert f"?Email={address}%40new.example&" in answer.headers["location"]


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"//mail//x%20y", "/mail/x y"),
        (b"/mail%2F/x%2f%2fy", "/mail//x//y"),
        (b"//b%C3%BCcher", "/b\u00fccher"),
        (b"//b\xc3\xbccher%ff", "/b\u00fccher\ufffd"),
        (b"/at//a%2F/b//c", "/at/a//b//c"),
    ],
)
def test_decoded_paths(raw: bytes, path: str) -> None:
    """Slashes are merged before the path is decoded, and none of an address is."""
    assert decode_path(raw, re.compile("/at/+")) == path


def test_two_slashes_before_a_redirect() -> None:
    """A redirect has the path with one slash, so that no part of it becomes a host."""
    client = Client(CATALOG, settings(proxy_count=1))
    headers = {"X-Forwarded-Proto": "http"}
    answer = client.get(
        f"//mobileconfig?{ADDRESS}", host="example.com", scheme="http", headers=headers
    )
    client.close()

    expected = f"https://example.com/mobileconfig?{ADDRESS}&redirected=1"
    assert answer.headers["location"] == expected


def test_profile_of_an_address_by_www(served: Client) -> None:
    """An address decides over the host."""
    answer = served.get("/mobileconfig?emailaddress=a@own.example", host="www.example.com")

    assert plistlib.loads(answer.body)["PayloadContent"][0]["EmailAddress"] == "a@own.example"
