"""No domain, and no well-known URL, redirects to the URL that its client has requested."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.making import domain, url_service
from tests.web.asgi import Client
from tests.web.public.test_autodiscover import MOBILESYNC, PATH, question
from waypost.core.model import Catalog, Redirect

URL = f"https://autodiscover.b.example{PATH}"
MOVED = Catalog(
    (
        replace(domain("a.example"), redirect=Redirect(url=URL)),
        domain("b.example"),
        replace(domain("c.example"), redirect=Redirect("d.example")),
        replace(domain("d.example"), redirect=Redirect("e.example")),
        replace(domain("e.example"), redirect=Redirect("c.example")),
        replace(domain("f.example"), redirect=Redirect("c.example")),
    )
)


@pytest.fixture(name="moved", scope="module")
def _moved() -> Iterator[Client]:
    client = Client(MOVED)
    yield client
    client.close()


@pytest.mark.parametrize("spelling", [PATH, "/AutoDiscover/AutoDiscover.xml/", f"/{PATH}"])
def test_moved_to_the_requested_url(moved: Client, spelling: str) -> None:
    """A request to the URL that a domain has moved to is refused as for an unknown domain."""
    here, there = "autodiscover.b.example", "autodiscover.a.example"
    outlook = moved.post(spelling, question("x@a.example"), host=f"{here}:443")
    phone = moved.post(spelling, question("x@a.example", MOBILESYNC), host=here.upper())
    other = moved.post(spelling, question("x@a.example"), host=there)

    assert (outlook.value("ErrorCode"), phone.value("ErrorCode")) == ("500", "500")
    assert other.value("RedirectUrl") == URL


def test_json_that_moved_to_the_requested_url(moved: Client) -> None:
    """The same is true for Autodiscover's JSON."""
    path = "/autodiscover/autodiscover.json?Email=x@a.example&Protocol=AutodiscoverV1"

    assert moved.get(path, host="autodiscover.b.example").status == 404
    assert moved.get(path, host="autodiscover.a.example").status == 302


@pytest.mark.parametrize(("name", "status"), [("c", 404), ("d", 404), ("e", 404), ("f", 302)])
def test_domains_that_moved_to_each_other(moved: Client, name: str, status: int) -> None:
    """Domains that redirect in a circle, as in rows of a database, are as if not served."""
    answer = moved.get(f"/mail/config-v1.1.xml?emailaddress=x@{name}.example")
    outlook = moved.post(PATH, question(f"x@{name}.example"))

    assert answer.status == status
    assert (outlook.value("ErrorCode") == "500") is (status == 404)


DAV = Catalog(
    tuple(
        domain(name, url_service("caldav", url))
        for name, url in {
            "autoconfig.test.example": "https://x.example/",
            "a.example": "https://autoconfig.a.example/.well-known/caldav",
            "b.example": "https://www.b.example//.well-known//CalDAV/",
            "c.example": "https://c.example/%2Ewell-known/caldav",
            "d.example": "https://d.example/.well-known/carddav",
            "e.example": "https://www.e.example/dav/",
        }.items()
    )
)


@pytest.mark.parametrize(
    ("host", "location"),
    [
        ("autoconfig.a.example", None),
        ("a.example", "https://autoconfig.a.example/.well-known/caldav"),
        ("www.b.example", None),
        ("WWW.B.example.:443", None),
        ("b.example", "https://www.b.example//.well-known//CalDAV/"),
        ("c.example", None),
        ("d.example", None),
        ("www.e.example", "https://www.e.example/dav/"),
    ],
)
def test_well_known(host: str, location: str | None) -> None:
    """A well-known URL does not redirect to itself, under any of its host names."""
    client = Client(DAV)
    answer = client.request("PROPFIND", "/.well-known//caldav", host=host)
    client.close()

    assert answer.headers.get("location") == location
    assert answer.status == (404 if location is None else 307)
