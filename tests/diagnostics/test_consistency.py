"""Servers whose documents do not agree, or that show which users exist."""

from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote

import pytest

from tests.diagnostics.scripted import scripted
from tests.diagnostics.test_conformance import DOCUMENT, by_key, conformance_target
from tests.golden.cases import HERE as GOLDEN
from tests.golden.cases import Case, cases
from waypost.core.address import EmailAddress
from waypost.core.errors import DomainNotServed
from waypost.diagnostics.comparison.answers import AnswerFormat, read_answer
from waypost.diagnostics.conformance.account_checks import port_mismatches
from waypost.diagnostics.conformance.consistency import (
    UNKNOWN_LOCAL_PART,
    check_same_servers,
    check_user_enumeration,
    server_mismatches,
)
from waypost.diagnostics.simulated_clients.apple import CONTENT_TYPE
from waypost.diagnostics.simulated_clients.session import Account, MailServer, ServerSecurity

ANSWERS = {
    "/mail/config-v1.1.xml": ("text/xml", DOCUMENT),
    "/autodiscover/autodiscover.xml": (
        "text/xml",
        (GOLDEN / "at-home" / "autodiscover.xml").read_bytes(),
    ),
    "/mobileconfig/": (CONTENT_TYPE, (GOLDEN / "at-home" / "mobileconfig.plist").read_bytes()),
}


class Site:
    """A server that knows one domain, with a change to one of its documents.

    Attributes:
        changed: the path, the bytes, and the bytes that replace them.
        rejected_certificate: whose answers are missing, and the path.
    """

    def __init__(
        self,
        changed: tuple[str, bytes, bytes] = ("", b"", b""),
        refused: tuple[str, str] = ("", ""),
    ) -> None:
        """Create a site with faults."""
        self.changed = changed
        self.rejected_certificate = refused

    def __call__(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        """Answer."""
        path = handler.path.partition("?")[0]
        kind, document = ANSWERS.get(path, ("", b""))
        known = bool(document) and "invalid" not in handler.headers["Host"]
        who, where = self.rejected_certificate
        if who and path == where and who in unquote(handler.path) + body.decode():
            known = False
        if path == self.changed[0]:
            assert self.changed[1] in document
            document = document.replace(*self.changed[1:])
        handler.send_response(200 if known else 404)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(document) if known else 0))
        handler.end_headers()
        handler.wfile.write(document if known else b"")


POX, PROFILE = "/autodiscover/autodiscover.xml", "/mobileconfig/"
CHANGES = [
    # path, old bytes, new bytes, finding
    (POX, b">imap.example.com<", b">other.example.com<", "Autodiscover names imap other.example"),
    (POX, b">993<", b">995<", "Autodiscover names imap imap.example.com:995 tls"),
    (POX, b"<Encryption>SSL<", b"<Encryption>TLS<", "imap.example.com:993 starttls"),
    (POX, b">alice@example.com<", b">alice<", "login alice, which Autoconfig does not name"),
    (PROFILE, b">smtp.example.com<", b">other.example.com<", "the profile names smtp other"),
    (PROFILE, b"<integer>465</integer>", b"<integer>25</integer>", "smtp.example.com:25"),
]


@pytest.mark.parametrize(("path", "old", "new", "message"), CHANGES)
def test_documents_with_different_servers(path: str, old: bytes, new: bytes, message: str) -> None:
    """A server that one document names and Autoconfig does not is found, whatever differs."""
    with scripted(Site((path, old, new))) as url:
        findings = list(check_same_servers(conformance_target(url)))
    assert any(message in finding for finding in findings), findings


def test_documents_with_the_same_servers() -> None:
    """Documents with fewer servers than Autoconfig have no finding, nor have missing documents."""
    with scripted(Site()) as url:
        assert (
            list(check_same_servers(conformance_target(url)))
            == list(check_user_enumeration(conformance_target(url)))
            == []
        )
    with scripted(Site(refused=("example", POX))) as url:
        assert list(check_same_servers(conformance_target(url))) == []


FILES: dict[AnswerFormat, str] = {
    "autoconfig": "autoconfig.xml",
    "autodiscover": "autodiscover.xml",
    "mobileconfig": "mobileconfig.plist",
}


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_documents_of_waypost_name_the_same_servers(case: Case) -> None:
    """No document of Waypost names a server that its Autoconfig does not name."""
    try:
        address = case.config().address
    except DomainNotServed:
        address = None
    answers = {}
    for form, file in FILES.items():
        body = (case.answers(file) or {file: b""}).get(file, b"")
        who = address or EmailAddress.parse("alice@example.com")
        answers[form] = read_answer(form, 200 if body else 404, body, who)
    assert list(server_mismatches(answers)) == []


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/mail/config-v1.1.xml", "Autoconfig: status 200 for alice@example.com, status 404 for "),
        (POX, "Autodiscover: status 200 for alice@example.com, status 404 for "),
        (PROFILE, "the profile: status 200 for alice@example.com, status 404 for "),
    ],
)
def test_user_enumeration(path: str, message: str) -> None:
    """A server whose answers show strangers its users is found, with the document."""
    with scripted(Site(refused=(UNKNOWN_LOCAL_PART, path))) as url:
        (finding,) = check_user_enumeration(conformance_target(url))
    assert finding == f"{message}{UNKNOWN_LOCAL_PART}@example.com"


def account(kind: str, port: int, security: ServerSecurity) -> Account:
    """Build an account with one unusual server."""
    server = MailServer(kind, f"{kind}.example.com", port, security)
    good = {
        "imap": MailServer("imap", "imap.example.com", 993, "tls"),
        "smtp": MailServer("smtp", "smtp.example.com", 465, "tls"),
    }
    if kind == "smtp":
        return Account(good["imap"], server)
    return Account(server, good["smtp"])


PORTS: list[tuple[str, int, ServerSecurity, str]] = [
    # kind, port, security, code
    ("imap", 993, "starttls", "client-waits"),
    ("pop3", 995, "starttls", "client-waits"),
    ("smtp", 465, "starttls", "client-waits"),
    ("imap", 143, "tls", "client-no-connection"),
    ("pop3", 110, "tls", "client-no-connection"),
    ("smtp", 587, "tls", "client-odd-port"),
    ("smtp", 25, "tls", "client-odd-port"),
    ("imap", 143, "starttls", ""),
    ("imap", 993, "automatic", ""),
    ("smtp", 587, "starttls", ""),
    ("imap", 10993, "starttls", ""),
    ("imap", 10143, "tls", ""),
]


@pytest.mark.parametrize(("kind", "port", "security", "code"), PORTS)
def test_unusual_ports(kind: str, port: int, security: ServerSecurity, code: str) -> None:
    """A port that no server uses in this way is an error; a port that few use is a warning."""
    unusual_server = account(kind, port, security)
    diagnostics = list(port_mismatches(unusual_server))
    assert [(diagnostic.code, diagnostic.text) for diagnostic in diagnostics] == (
        [(code, f"{kind} {kind}.example.com:{port}")] if code else []
    )
    is_error = code in {"client-waits", "client-no-connection"}
    assert all((diagnostic.severity == "error") == is_error for diagnostic in diagnostics)
    seen = frozenset({unusual_server.incoming, unusual_server.outgoing})
    assert list(port_mismatches(unusual_server, working=seen)) == []


def test_starttls_on_a_tls_port() -> None:
    """A client that would wait without end fails, whatever is wrong by the schema."""
    with scripted(Site((POX, b"<Encryption>SSL<", b"<Encryption>TLS<"))) as url:
        report = by_key(url)["outlook-for-windows"]
    assert report.verdict == "fails"
    assert "STARTTLS on a port that uses TLS from the start" in report.findings[0]
    assert "wait for each other without end" in report.findings[0]


def test_missing_features_are_not_offered() -> None:
    """A rule about what a server does not have is not offered."""
    with scripted(Site(refused=("example", PROFILE))) as url:
        reports_by_key = by_key(url)
    absent = {key for key, report in reports_by_key.items() if report.verdict == "not offered"}
    assert {"profile", "profile-keys", "pacc", "json"} <= absent
    assert not {"autoconfig", "agreement", "head", "users"} & absent
