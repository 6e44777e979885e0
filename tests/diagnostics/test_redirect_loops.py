"""Redirect loops are found, and named with their likely cause."""

from http.server import BaseHTTPRequestHandler

import pytest

from tests.diagnostics.scripted import Reply, scripted
from tests.diagnostics.test_conformance import conformance_target
from waypost.diagnostics.conformance.redirect_loops import check_redirect_loops
from waypost.diagnostics.conformance.reports import reports
from waypost.diagnostics.conformance.schema_probes import PROBES
from waypost.diagnostics.doctor.runner import _RULE_KEYS


def redirecting(places: dict[str, str]) -> Reply:
    """Redirect some paths, or some hosts with paths, or some paths with queries."""

    def reply(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        path, _mark, query = handler.path.partition("?")
        known = (handler.path, f"{handler.headers['Host']}{path}", path)
        location = next((places[method] for method in known if method in places), "")
        location = location.format(host=handler.headers["Host"], path=path, query=query)
        handler.send_response(302 if location else 404)
        if location:
            handler.send_header("Location", location)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return reply


AUTODISCOVER = "/autodiscover/autodiscover.xml"
ADDRESS = "emailaddress=alice%40example.com"
LOOPS = [
    # what is redirected where, and the message
    (
        {"autodiscover.example.com" + AUTODISCOVER: "https://{host}{path}"},
        ["https://autodiscover.example.com/autodiscover/autodiscover.xml is redirected to itself"],
    ),
    (
        {AUTODISCOVER: "https://{host}:443{path}"},
        [
            f"https://autodiscover.example.com{AUTODISCOVER} is redirected to itself",
            f"https://example.com{AUTODISCOVER} is redirected to itself",
        ],
    ),
    (
        {"/mobileconfig/": "https://{host}{path}?{query}&redirected=1"},
        [f"https://autoconfig.example.com/mobileconfig/?{ADDRESS} is redirected to the same URL"],
    ),
    (
        {"/.well-known/jmap": "{path}"},
        ["https://example.com/.well-known/jmap is redirected to itself"],
    ),
    (
        {"/.well-known/caldav": "/.well-known/x", "/.well-known/x": "/.well-known/caldav"},
        [
            (
                "https://example.com/.well-known/caldav is in a redirect loop: "
                "https://example.com/.well-known/caldav to https://example.com/.well-known/x "
                "to https://example.com/.well-known/caldav"
            )
        ],
    ),
    (
        {
            "/mail/config-v1.1.xml": "http://{host}/a",
            "/a": "https://{host}/b",
            "/b": "http://{host}/a",
        },
        [f"https://autoconfig.example.com/mail/config-v1.1.xml?{ADDRESS} is in a redirect loop"],
    ),
]
WELL_KNOWN = ("/.well-known/caldav", "/.well-known/carddav")
NO_LOOPS: list[dict[str, str]] = [
    {},
    {AUTODISCOVER: "https://example.com/other.xml"},
    {"/.well-known/caldav": "/dav/", "/.well-known/carddav": "https://elsewhere.example/"},
    {"/.well-known/jmap": "https://["},
    # Another address is another question.
    {
        "/mobileconfig/": "{path}?emailaddress=alice@new.example",
        "/mobileconfig/?emailaddress=alice@new.example": "",
    },
]


@pytest.mark.parametrize(("places", "message"), LOOPS)
def test_loops(places: dict[str, str], message: list[str]) -> None:
    """Each URL in a loop is named: a URL to itself, with another query, or several URLs."""
    with scripted(redirecting(places)) as url:
        findings = list(check_redirect_loops(conformance_target(url)))

    assert len(findings) == len(message)
    assert all(one.startswith(start) for one, start in zip(findings, message, strict=True))


@pytest.mark.parametrize("places", NO_LOOPS)
def test_no_loops(places: dict[str, str]) -> None:
    """Other redirects, and invalid ones, are no loops."""
    with scripted(redirecting(places)) as url:
        assert list(check_redirect_loops(conformance_target(url))) == []


def test_likely_cause() -> None:
    """The report of the rule names the line to write into the web server in front."""
    with scripted(redirecting({AUTODISCOVER: "https://{host}{path}"})) as url:
        findings = {report.key: report for report in reports(conformance_target(url))}

    assert findings["redirect-loop"].verdict == "fails"
    assert "X-Forwarded-Proto" in findings["redirect-loop"].findings[0]
    assert "proxy_set_header X-Forwarded-Proto $scheme;" in findings["redirect-loop"].findings[0]


def test_likely_cause_is_reported_once() -> None:
    """However many URLs are in loops, only the first line names the likely cause."""
    with scripted(redirecting(dict.fromkeys(WELL_KNOWN, "https://{host}{path}"))) as url:
        findings = list(check_redirect_loops(conformance_target(url)))

    assert [one.count("Likely cause") for one in findings] == [1, 0]
    assert findings[1] == "https://example.com/.well-known/carddav is redirected to itself"


def test_client_in_a_loop() -> None:
    """A client in a redirect loop fails, and its reason says so."""
    with scripted(redirecting({"/mobileconfig/": "https://{host}{path}?{query}"})) as url:
        findings = {report.key: report for report in reports(conformance_target(url))}

    assert findings["apple-mail"].verdict == "fails"
    assert "a redirect loop" in findings["apple-mail"].findings[0]


def test_doctor_reports_redirect_loops() -> None:
    """`waypost doctor` tries the rule as well."""
    assert "redirect-loop" in _RULE_KEYS
    assert {probe.key for probe in PROBES} >= _RULE_KEYS
