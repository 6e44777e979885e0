"""Reports about servers of all kinds, for all recorded clients."""

import gzip
import ssl
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.diagnostics.scripted import Reply, fixed, scripted
from tests.golden.cases import HERE as GOLDEN
from tests.servers.authority import Authority
from tests.servers.waypost import free_port
from waypost.core.errors import RequestError
from waypost.diagnostics.comparison.server import CheckedServer, check_reachable
from waypost.diagnostics.conformance.reports import ConformanceReport, reports
from waypost.diagnostics.conformance.target import ConformanceTarget
from waypost.diagnostics.simulated_clients.dns import DnsAnswer
from waypost.diagnostics.simulated_clients.documents import DOCUMENT_MAX_BYTES
from waypost.diagnostics.simulated_clients.session import ClientRequest
from waypost.diagnostics.transports.http_client import ExchangeLimits, HttpClient
from waypost.diagnostics.transports.transport import SingleServerTransport

DOCUMENT = (GOLDEN / "at-home" / "autoconfig.xml").read_bytes()
UNSERVED = "waypost-conformance.invalid"


def conformance_target(
    url: str, *, limits: ExchangeLimits | None = None, checks_certificates: bool = True
) -> ConformanceTarget:
    domains = ("example.com", UNSERVED)
    transport = SingleServerTransport(CheckedServer.parse(url), domains)
    http = HttpClient(
        transport, limits or ExchangeLimits(), checks_certificates=checks_certificates
    )
    return ConformanceTarget(http, "alice", *domains)


def by_key(url: str) -> dict[str, ConformanceReport]:
    return {report.key: report for report in reports(conformance_target(url))}


def static(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    """Return one file, as a web server with only that file."""
    known = handler.path.partition("?")[0] == "/mail/config-v1.1.xml"
    known = known and "example.com" in handler.headers["Host"] and handler.command == "GET"
    handler.send_response(200 if known else 404)
    handler.send_header("Content-Type", "application/xml")
    handler.send_header("Content-Length", str(len(DOCUMENT) if known else 0))
    handler.end_headers()
    handler.wfile.write(DOCUMENT if known else b"")


def test_a_static_file() -> None:
    """A file at the draft's first URL suits the clients of Autoconfig, and no others."""
    with scripted(static) as url:
        reports_by_key = by_key(url)

    working = {key for key, report in reports_by_key.items() if report.account}
    assert working == {
        *("thunderbird", "delta-chat", "thunderbird-for-android-and-k-9", "fairemail"),
        *("evolution", "evolution-346", "kmail", "kmail-2212", "aerc", "nextcloud-mail"),
        *("snappymail", "geary", "mailspring", "mustang", "sailfish-os"),
        *("thunderbird-for-ios", "himalaya"),
    }
    assert reports_by_key["claws-mail"].verdict == "not offered"
    assert reports_by_key["davx5"].findings == ("the server does not have CalDAV or CardDAV",)
    assert reports_by_key["outlook-for-windows"].verdict == "fails"
    assert "status 404" in reports_by_key["outlook-for-windows"].findings[0]
    assert reports_by_key["apple-mail"].verdict == "not offered"
    assert reports_by_key["autoconfig"].verdict == "works"
    assert reports_by_key["well-known"].findings == (
        "/.well-known/autoconfig/mail/config-v1.1.xml: status 404",
    )


def compressing(coding: str, body: bytes) -> Reply:
    """Answer everything with a compressed document, whatever the client accepts."""

    def reply(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/xml")
        handler.send_header("Content-Encoding", coding)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return reply


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(DOCUMENT)),
        ("X-GZIP", gzip.compress(DOCUMENT)),
        ("deflate", zlib.compress(DOCUMENT)),
        ("deflate", zlib.compress(DOCUMENT, wbits=-15)),
        ("identity", DOCUMENT),
    ],
)
def test_a_compressed_answer(coding: str, body: bytes) -> None:
    """A document that a server compresses unasked is read, as clients do."""
    request = ClientRequest("GET", "https", "example.com", "/mail/config-v1.1.xml")
    with scripted(compressing(coding, body)) as url:
        assert conformance_target(url).http.send_again(request).body == DOCUMENT


@pytest.mark.parametrize(
    ("coding", "body", "message"),
    [
        ("br", b"\x0b", "(Content-Encoding: br) was not requested"),
        ("gzip", DOCUMENT, "(Content-Encoding: gzip) is not valid"),
        ("deflate", b"\xff" * 9, "(Content-Encoding: deflate) is not valid"),
    ],
)
def test_undecodable_bodies(coding: str, body: bytes, message: str) -> None:
    """A body that cannot be decoded is reported as that, and not as bad XML."""
    request = ClientRequest("GET", "https", "example.com", "/mail/config-v1.1.xml")
    with scripted(compressing(coding, body)) as url:
        response = conformance_target(url).http.send_again(request)
    assert response.status == 0
    assert response.reason.endswith(message)


def test_decompression_bomb() -> None:
    """A small body that unpacks to a huge one is unpacked only up to the limit."""
    request = ClientRequest("GET", "https", "example.com", "/mail/config-v1.1.xml")
    with scripted(compressing("gzip", gzip.compress(b" " * 50_000_000))) as url:
        assert len(conformance_target(url).http.send_again(request).body) == DOCUMENT_MAX_BYTES + 1


def test_page_at_every_url() -> None:
    """A web server that answers 200 with a page to everything breaks the search of clients."""
    page = b'<html><head><title>Welcome</title></head><body class="x"/></html>'
    with scripted(fixed(200, page)) as url:
        reports_by_key = by_key(url)

    assert reports_by_key["thunderbird"].verdict == "fails"
    assert "not XML" in reports_by_key["thunderbird"].findings[0]
    assert "ends its search" in reports_by_key["delta-chat"].findings[0]
    assert "which is a success" in reports_by_key["unserved"].findings[0]
    assert reports_by_key["get"].verdict == "fails"
    assert reports_by_key["outlook-new-and-mobile"].verdict == "fails"


def test_a_server_that_serves_every_domain() -> None:
    """If the foreign domain is served as well, this is reported once, and not for each client."""
    with scripted(fixed(200, DOCUMENT)) as url:
        reports_by_key = by_key(url)

    (line,) = reports_by_key["unserved"].findings
    assert line.startswith(f"every domain is served, {UNSERVED} too")
    assert reports_by_key["nextcloud-mail"].verdict == "works"


@pytest.mark.parametrize("status", [401, 500, 503])
def test_server_errors_and_password_requests(status: int) -> None:
    """Server errors and requests for a password are reported, with the place."""
    with scripted(fixed(status)) as url:
        reports_by_key = by_key(url)

    # To DAVx5, which is no mail client, a demand for a password is a sign of life.
    reports_by_key.pop("davx5")
    assert {report.verdict for report in reports_by_key.values() if report.kind == "client"} <= {
        *("fails", "not offered")
    }
    assert any(line.startswith(f"status {status} ") for line in reports_by_key["statuses"].findings)


def silent(_: BaseHTTPRequestHandler, __: bytes) -> None:
    time.sleep(0.6)


def broken(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.wfile.write(b"nonsense\r\n\r\n")


def circling(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.send_response(302)
    handler.send_header("Location", f"{handler.path}x")
    handler.end_headers()


def leading_away(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.send_response(302)
    handler.send_header("Location", "https://elsewhere.test/\x7f")
    handler.end_headers()


def going_around(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    path = handler.path.partition("?")[0]
    handler.send_response(302)
    handler.send_header("Location", f"{path}?{'a' if handler.path.endswith('b') else 'b'}")
    handler.end_headers()


@pytest.mark.slow
def test_redirects_are_reported() -> None:
    """A client in a redirect loop, or with too many redirects, fails with the last target."""
    with scripted(going_around) as url:
        circle = by_key(url)
    with scripted(circling) as url:
        endless = by_key(url)
    (finding,) = circle["apple-mail"].findings
    assert finding.endswith(
        "/mobileconfig/?emailaddress=alice%40example.com: status 302 to /mobileconfig/?b "
        "(a redirect loop)"
    )
    assert all("status 302 to " in line for line in circle["kmail"].findings)
    (finding,) = endless["apple-mail"].findings
    assert "no answer (more than 20 redirects, the last one to https://autoconfig." in finding
    assert endless["kmail"].findings[0].startswith("more than 60 requests")


def elsewhere(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    """Redirect to a host of the provider that is the same server."""
    if handler.headers["Host"] == "setup.hoster.test" and "invalid" not in handler.path:
        fixed(200, DOCUMENT)(handler, body)
        return
    is_led = handler.headers["Host"].startswith("autoconfig.")
    handler.send_response(302 if is_led else 404)
    handler.send_header("Location", f"https://setup.hoster.test{handler.path}")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def test_hosts_that_answers_redirect_to() -> None:
    """Another host is not asked, and the report says so, unless --also names it."""
    with scripted(elsewhere) as url:
        without = by_key(url)["nextcloud-mail"]
        hosts = "example.com", UNSERVED, "setup.hoster.test"
        http = HttpClient(SingleServerTransport(CheckedServer.parse(url), hosts), ExchangeLimits())
        target = ConformanceTarget(http, "alice", "example.com", UNSERVED)
        report = {report.key: report for report in reports(target)}["nextcloud-mail"]
        by_rule = {report.key: report for report in reports(target)}
    assert by_rule["autoconfig"].findings == ("it is sent as '', not as text/xml",)
    assert {by_rule[key].verdict for key in ("agreement", "head")} == {"works"}
    assert without.account is None
    assert "setup.hoster.test is not asked; --also adds a host" in without.findings[0]
    assert report.account is not None


@pytest.mark.parametrize("reply", [silent, broken, circling, leading_away])
def test_hostile_servers(reply: Reply) -> None:
    """Whatever a server does, the run ends within its limits, and no client has an account."""
    limits = ExchangeLimits(timeout_seconds=0.2, total_seconds=1, requests=60)
    with scripted(reply) as url:
        target = conformance_target(url, limits=limits)
        all_reports = list(reports(target))

    assert not any(report.account for report in all_reports)
    assert len(target.http.exchanges) <= 60


def test_limits_are_reported() -> None:
    """A run that reached a limit says so."""
    with scripted(fixed(404)) as url:
        target = conformance_target(url, limits=ExchangeLimits(requests=3))
        list(reports(target))

    assert target.http.is_exhausted
    assert len(target.http.exchanges) == 3


def test_sent_requests() -> None:
    """The Host header is the client's, the scheme is sent, and the URL's path is the prefix."""
    seen = []

    def noting(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        headers = handler.headers
        seen.append((handler.path, headers["Host"], headers["X-Forwarded-Proto"]))
        handler.send_response(404)
        handler.end_headers()

    with scripted(noting) as url:
        http = conformance_target(f"{url}/under/").http
        http.send(ClientRequest("GET", "https", "autoconfig.example.com", "/a", "b=ü c@d+e"))
        http.send(ClientRequest("GET", "http", "example.com", "/a"))
        http.send(ClientRequest("GET", "http", "example.com", "/a"))
        http.send(ClientRequest("GET", "https", "autoconfig.thunderbird.net", "/a"))
        http.send(ClientRequest("GET", "https", "notexample.com", "/a"))

    assert seen == [
        ("/under/a?b=%C3%BC%20c@d+e", "autoconfig.example.com", "https"),
        ("/under/a", "example.com", "http"),
    ]


def hoster(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    """Serve customers only by their address, at the host name of the hoster."""
    known = handler.headers["Host"] == "autoconfig.hoster.test"
    known = known and handler.path == "/mail/config-v1.1.xml?emailaddress=alice%40example.com"
    handler.send_response(200 if known else 404)
    handler.send_header("Content-Type", "text/xml")
    handler.send_header("Content-Length", str(len(DOCUMENT) if known else 0))
    handler.end_headers()
    handler.wfile.write(DOCUMENT if known else b"")


def test_hosts_that_dns_names() -> None:
    """Requests for a host that DNS names go to the server, with that host's name."""
    zone = {
        ("MX", "example.com"): (DnsAnswer("mx.hoster.test", 10),),
        ("SRV", "_autodiscover._tcp.example.com"): (DnsAnswer("else.test", 0, 0, 443),),
    }
    with scripted(hoster) as url:
        target = conformance_target(url)
        without = {report.key: report.verdict for report in reports(target)}
        target = replace(
            conformance_target(url),
            resolver=lambda lookup: zone.get((lookup.type, lookup.name), ()),
        )
        reports_by_key = {report.key: report for report in reports(target)}

    assert without["thunderbird"] == "fails"
    assert reports_by_key["thunderbird"].account is not None
    assert {"digest", "services"} <= reports_by_key.keys() - without.keys()
    hosts = {request.host for request, _ in target.http.exchanges}
    assert {"else.test", "autoconfig.hoster.test", "mx.hoster.test"} <= hosts
    assert not any("thunderbird.net" in host for host in hosts)


def test_no_server_listens() -> None:
    """A server that does not listen is reported before any request."""
    with pytest.raises(RequestError, match="does not answer"):
        check_reachable(CheckedServer.parse(f"http://127.0.0.1:{free_port()}"), 5)


@pytest.fixture(name="https")
def _https(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A TLS server whose certificate is only for autoconfig.example.com."""
    authority = Authority.create(tmp_path)
    pair = authority.issue("one", ["autoconfig.example.com"])
    monkeypatch.setenv("SSL_CERT_FILE", f"{authority.certificate}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    with scripted(fixed(200, b"there"), context) as url:
        yield url


def test_certificate_names(https: str) -> None:
    """With https each name needs a certificate, unless certificates are not checked."""
    valid_request = ClientRequest("GET", "https", "autoconfig.example.com", "/")
    invalid_request = ClientRequest("GET", "https", "example.com", "/")
    strict, lax = (
        conformance_target(https).http,
        conformance_target(https, checks_certificates=False).http,
    )

    assert strict.send(valid_request).body == b"there"
    assert strict.send(invalid_request).status == 0
    assert strict.send(invalid_request).reason.startswith("certificate: ")
    assert lax.send(invalid_request).body == b"there"


def test_calendar_that_requires_a_password() -> None:
    """A calendar that asks for a password is no fault, and DAVx5 finds it by that."""

    def reply(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(401 if handler.command == "PROPFIND" else 404)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with scripted(reply) as url:
        reports_by_key = by_key(url)

    assert reports_by_key["davx5"].verdict == "works"
    assert reports_by_key["davx5"].other_services == (
        "carddav https://example.com/.well-known/carddav",
        "caldav https://example.com/.well-known/caldav",
    )
    assert reports_by_key["statuses"].findings == ()
