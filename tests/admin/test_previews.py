"""Previews are the bytes that clients get."""

import pytest

from tests.admin.cases import served
from waypost.admin.facade import Admin
from waypost.core.errors import DomainMoved, InvalidObject, NoUsableService, ObjectNotFound
from waypost.store.sql.store import SqlStore
from waypost.web.public.responder import Options, Responder, WebRequest, WebResponse

POX = (
    '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/{}/requestschema/2006">'
    "<Request><EMailAddress>{}</EMailAddress><AcceptableResponseSchema>"
    "http://schemas.microsoft.com/exchange/autodiscover/{}/responseschema/2006{}"
    "</AcceptableResponseSchema></Request></Autodiscover>"
)


def answer(admin: Admin, address: str, preview_format: str) -> WebResponse:
    """Return the answer of a server with the same domains."""
    domain = address.partition("@")[2]
    requests = {
        "autoconfig": ("GET", "/mail/config-v1.1.xml", f"emailaddress={address}", ""),
        "autodiscover": (
            *("POST", "/autodiscover/autodiscover.xml", ""),
            POX.format("outlook", address, "outlook", "a"),
        ),
        "activesync": (
            *("POST", "/autodiscover/autodiscover.xml", ""),
            POX.format("mobilesync", address, "mobilesync", ""),
        ),
        "autodiscover-json": (
            *("GET", "/autodiscover/autodiscover.json"),
            f"Email={address}&Protocol=AutodiscoverV1",
            "",
        ),
        "mobileconfig": ("GET", "/mobileconfig/", f"emailaddress={address}", ""),
        "pacc": ("GET", "/.well-known/user-agent-configuration.json", "", ""),
    }
    method, path, query, body = requests[preview_format]
    host = f"ua-auto-config.{domain}" if preview_format == "pacc" else f"autoconfig.{domain}"
    headers = [("Host", host), ("Content-Type", "text/xml")]
    responder = Responder(SqlStore(admin.source.database()), Options())
    return responder.respond(
        WebRequest(method, path, query.encode(), headers, body.encode(), "https", True)
    )


@pytest.mark.parametrize("domain", ["example.com", "moved.example", "a.example.edu"])
@pytest.mark.parametrize(
    "preview_format",
    ["autoconfig", "autodiscover", "autodiscover-json", "activesync", "mobileconfig", "pacc"],
)
def test_same_bytes(admin: Admin, domain: str, preview_format: str) -> None:
    """A preview has the bytes and the type of the answer; without a document it is refused."""
    admin.put_domain("moved.example", served(redirect_address="example.com"))
    got = answer(admin, f"alice@{domain}", preview_format)
    if got.status != 200:
        with pytest.raises((DomainMoved, NoUsableService)):
            admin.preview(f"alice@{domain}", preview_format)
        return
    preview = admin.preview(f"alice@{domain}", preview_format)
    assert (preview.body, preview.content_type) == (got.body, dict(got.headers)["content-type"])


BAD = [
    # address, format
    ("alice", "autoconfig"),
    ("a@b@c", "autoconfig"),
    ("alice@example.com", "fax"),
    ("example.com", "mobileconfig"),
]


@pytest.mark.parametrize(("address", "preview_format"), BAD)
def test_bad_requests(admin: Admin, address: str, preview_format: str) -> None:
    """An address or a format that cannot be used is refused."""
    with pytest.raises((InvalidObject, ObjectNotFound)):
        admin.preview(address, preview_format)


def test_a_domain_alone(admin: Admin) -> None:
    """Some documents need no address."""
    assert b"%EMAILADDRESS%" in admin.preview("example.com", "autoconfig").body
    assert admin.preview("example.com", "pacc").body


def test_records_and_names(admin: Admin) -> None:
    """DNS records and host names are those of the commands."""
    zone = admin.dns("example.com", "zone", 300).body.decode()
    assert "_imaps._tcp.example.com." in zone
    assert " 300 " in zone
    assert "autoconfig.example.com" in admin.names("example.com")
    admin.put_domain("gone.example", served(declined=True))
    assert admin.names("gone.example") == ()
    for call in (
        lambda: admin.dns("*.example.edu"),
        lambda: admin.dns("example.com", "xml"),
        lambda: admin.dns("example.com", ttl=0),
        lambda: admin.names("a..b"),
    ):
        with pytest.raises(InvalidObject):
            call()


def test_lint(admin: Admin) -> None:
    """Findings about a domain are those of the command."""
    admin.put_domain("bad.example", served(services=[]))
    report = admin.lint("bad.example")
    assert report["domains"] == 1
    assert report["findings"]
