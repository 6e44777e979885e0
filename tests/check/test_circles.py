"""Redirects that lead back: found, and named with their likely cause."""

from http.server import BaseHTTPRequestHandler

import pytest

from tests.check.scripted import Reply, scripted
from tests.check.test_conformance import asked
from waypost.check.circles import circles
from waypost.check.conformance import reports
from waypost.check.doctor.examination import _RULES
from waypost.check.schema_probes import PROBES


def leading(places: dict[str, str]) -> Reply:
    """Redirect some paths, or some hosts with paths, or some paths with queries."""

    def reply(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        path, _mark, query = handler.path.partition("?")
        known = (handler.path, f"{handler.headers['Host']}{path}", path)
        location = next((places[one] for one in known if one in places), "")
        location = location.format(host=handler.headers["Host"], path=path, query=query)
        handler.send_response(302 if location else 404)
        if location:
            handler.send_header("Location", location)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return reply


AUTODISCOVER = "/autodiscover/autodiscover.xml"
ADDRESS = "emailaddress=alice%40example.com"
CIRCLES = [
    # what is redirected where, and what is said
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
                "https://example.com/.well-known/caldav leads round in a circle: "
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
        [f"https://autoconfig.example.com/mail/config-v1.1.xml?{ADDRESS} leads round in a circle"],
    ),
]
NO_CIRCLES: list[dict[str, str]] = [
    {},
    {AUTODISCOVER: "https://example.com/other.xml"},
    {"/.well-known/caldav": "/dav/", "/.well-known/carddav": "https://elsewhere.example/"},
    {"/.well-known/jmap": "https://["},
    # An address that is told another one asks for that.
    {
        "/mobileconfig/": "{path}?emailaddress=alice@new.example",
        "/mobileconfig/?emailaddress=alice@new.example": "",
    },
]


@pytest.mark.parametrize(("places", "said"), CIRCLES)
def test_circles(places: dict[str, str], said: list[str]) -> None:
    """Each URL that leads back is named, by itself, by another query or by others."""
    with scripted(leading(places)) as url:
        found = list(circles(asked(url)))

    assert len(found) == len(said)
    assert all(one.startswith(start) for one, start in zip(found, said, strict=True))


@pytest.mark.parametrize("places", NO_CIRCLES)
def test_no_circles(places: dict[str, str]) -> None:
    """Other redirects, and bad ones, are none."""
    with scripted(leading(places)) as url:
        assert list(circles(asked(url))) == []


def test_likely_cause() -> None:
    """The report of the rule names the line to write into the web server in front."""
    with scripted(leading({AUTODISCOVER: "https://{host}{path}"})) as url:
        found = {report.key: report for report in reports(asked(url))}

    assert found["circles"].verdict == "fails"
    assert "X-Forwarded-Proto" in found["circles"].findings[0]
    assert "proxy_set_header X-Forwarded-Proto $scheme;" in found["circles"].findings[0]


def test_client_in_a_circle() -> None:
    """A client that is led in a circle fails, and its reason says so."""
    with scripted(leading({"/mobileconfig/": "https://{host}{path}?{query}"})) as url:
        found = {report.key: report for report in reports(asked(url))}

    assert found["apple-mail"].verdict == "fails"
    assert "a circle: that was asked before" in found["apple-mail"].findings[0]


def test_doctor_looks_for_them() -> None:
    """`waypost doctor` tries the rule as well."""
    assert "circles" in _RULES
    assert {probe.key for probe in PROBES} >= _RULES
