"""No answer redirects to the requested URL, whatever a web server in front sends."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from tests.web.asgi import Answer, Client, settings
from tests.web.conftest import CATALOG
from tests.web.public.test_autodiscover import PATH
from waypost.settings.profiles import RISKS

PROBE = PATH
PROFILE = "/mobileconfig"
ADDRESS = "emailaddress=alice@example.com"
LINK = f"{PROFILE}?{ADDRESS}"
HOST = "autodiscover.example.com"


@dataclass(frozen=True)
class Front:
    """A web server with TLS, and what it adds to each request.

    Attributes:
        adds: headers.
        options: the matching options of Waypost.
        host: what it sends as Host; None for what the client used.
    """

    adds: tuple[tuple[str, str], ...]
    options: tuple[tuple[str, object], ...] = (("proxy_count", 1),)
    host: str | None = None


HTTP = ("X-Forwarded-Proto", "http")
FRONTS = {
    "the example of automx2's manual for nginx": Front((HTTP, ("X-Forwarded-For", "192.0.2.1"))),
    "the same, not believed": Front((HTTP,), ()),
    "the same, believed by its address": Front((HTTP,), (("trusted_proxies", ["127.0.0.0/8"]),)),
    "the example of automx2's manual for Apache": Front((("X-Forwarded-Host", HOST),)),
    "no header at all": Front((), ()),
    "no header at all, believed": Front(()),
    "Forwarded": Front((("Forwarded", "for=192.0.2.1;proto=http"),)),
    "one proxy too few counted": Front((("X-Forwarded-Proto", "https, http"),)),
    "one public URL": Front((HTTP,), (("proxy_count", 1), ("public_url", f"https://{HOST}"))),
    "another public URL, with its own Host": Front(
        (HTTP,), (("proxy_count", 1), ("public_url", "https://setup.example.net")), "example.com"
    ),
}


def follow(front: Front, path: str) -> list[Answer]:
    """Request by https, through a web server, and follow redirects."""
    client = Client(CATALOG, settings(**dict(front.options)))
    url, answers = f"https://{HOST}{path}", list[Answer]()
    seen = set[str]()
    while url not in seen and len(seen) < 5:
        seen.add(url)
        parts = urlsplit(url)
        answers.append(
            client.get(
                parts.path,
                query=parts.query,
                host=front.host or parts.netloc,
                scheme="http",
                headers=dict(front.adds),
            )
        )
        url = answers[-1].headers.get("location", url)
    client.close()
    return answers


@pytest.mark.rule("proxies-no-redirect-loop")
@pytest.mark.parametrize("name", FRONTS)
@pytest.mark.parametrize(
    ("path", "status"),
    [
        (PROBE, 405),
        (f"{PROBE}?x=1", 405),
        (LINK, 200),
        ("/email.mobileconfig?email=a@example.com", 200),
    ],
)
def test_no_redirect_loop(name: str, path: str, status: int) -> None:
    """A request by https gets an answer after one redirect at most, and never the same URL."""
    answers = follow(FRONTS[name], path)

    assert [answer.status for answer in answers] in ([status], [302, status])


SIGNS = [
    # A header, or a part of the query, that says https
    ("X-Forwarded-Proto", "https, http"),
    ("X-Forwarded-Protocol", "https"),
    ("X-Forwarded-Scheme", "https"),
    ("X-Scheme", "HTTPS"),
    ("X-Url-Scheme", "https"),
    ("X-Original-Proto", "https"),
    ("CloudFront-Forwarded-Proto", "https"),
    ("X-Forwarded-Ssl", "on"),
    ("X-Forwarded-Https", "1"),
    ("Front-End-Https", "On"),
    ("X-AppEngine-Https", "on"),
    ("Fastly-SSL", "1"),
    ("X-ARR-SSL", "2048|256|C=US|CN=autodiscover.example.com"),
    ("X-Forwarded-Port", "443"),
    ("CF-Visitor", '{"scheme":"https"}'),
    ("Forwarded", "for=192.0.2.1;proto=https"),
    ("Forwarded", 'for=192.0.2.1; Proto="HTTPS";host=x'),
    ("X-Forwarded-Host", f"{HOST}:443"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Site", "none"),
    ("Sec-Fetch-Dest", "document"),
    ("Origin", f"https://{HOST}"),
    ("Referer", f"https://{HOST.upper()}:443/?{ADDRESS}"),
]
NO_SIGNS = [
    ("X-Forwarded-Proto", "http"),
    ("X-Forwarded-Ssl", "off"),
    ("X-Forwarded-Port", "80"),
    ("X-Forwarded-Port", "4430"),
    ("CF-Visitor", '{"scheme":"http"}'),
    ("Forwarded", "for=192.0.2.1;proto=http"),
    ("X-ARR-SSL", ""),
    ("Sec-Fetch-Mode", ""),
    ("Origin", "https://other.example"),
    ("Origin", "null"),
    ("Referer", f"http://{HOST}/"),
    ("Referer", f"https://other.example/{HOST}"),
    ("Upgrade-Insecure-Requests", "1"),
    ("User-Agent", "https"),
]


@pytest.fixture(name="behind", scope="module")
def _behind() -> Iterator[Client]:
    client = Client(CATALOG, settings(proxy_count=1))
    yield client
    client.close()


def by_http(client: Client, path: str, name: str = "", value: str = "") -> Answer:
    """Request through a web server that sends http, with one more header."""
    headers = dict([HTTP, (name, value)] if name else [HTTP])
    return client.get(path, host=HOST, scheme="http", headers=headers)


@pytest.mark.parametrize(("name", "value"), SIGNS)
def test_evidence_of_https(behind: Client, name: str, value: str) -> None:
    """If anything says https, there is no redirect: the probe is refused, the profile sent."""
    assert by_http(behind, PROBE, name, value).status == 405
    assert by_http(behind, LINK, name, value).status == 200


@pytest.mark.parametrize(("name", "value"), NO_SIGNS)
def test_no_evidence_of_https(behind: Client, name: str, value: str) -> None:
    """A header that does not say https prevents no redirect."""
    assert by_http(behind, PROBE, name, value).status == 302
    assert by_http(behind, LINK, name, value).status == 302


@pytest.mark.parametrize("host", [f"{HOST}:443", f"{HOST}:80"])
def test_port_of_host(behind: Client, host: str) -> None:
    """The port of https in Host says https as well; that of http does not."""
    answer = behind.get(PROBE, host=host, scheme="http", headers=dict([HTTP]))

    assert answer.status == (405 if host.endswith("443") else 302)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("redirected=1", 405),
        ("x=1&redirected=1", 405),
        ("redirected=1&x=1", 405),
        ("redirected=2", 302),
        ("xredirected=1", 302),
        ("redirected=1x", 302),
        ("", 302),
    ],
)
def test_mark(behind: Client, query: str, status: int) -> None:
    """A request with the mark of a redirect is not redirected again."""
    assert by_http(behind, f"{PROBE}?{query}").status == status


def test_password_is_not_redirected(behind: Client) -> None:
    """A query with a password is refused, and the refusal names the likely cause."""
    answer = by_http(behind, f"{LINK}&password=s3cret")

    assert answer.status == 403
    assert "X-Forwarded-Proto" in answer.text
    assert "s3cret" not in answer.text


WARNINGS = [
    # options, headers, the query without the address, how the warning begins, what it names
    (
        {"proxy_count": 1},
        dict([HTTP]),
        "redirected=1",
        "in front sends the scheme http",
        "redirected=1",
    ),
    (
        {"proxy_count": 1},
        dict([HTTP, ("X-Forwarded-Port", "443")]),
        "",
        "in front sends the scheme http",
        "x-forwarded-port",
    ),
    ({}, {}, "redirected=1", "in front does not send the scheme", "redirected=1"),
    ({"proxy_count": 1}, dict([HTTP]), "", None, None),
    ({"proxy_count": 1}, {"X-Forwarded-Proto": "https"}, "redirected=1", None, None),
    ({}, {"X-Forwarded-Port": "443"}, "", None, None),
]


@pytest.mark.parametrize(("options", "headers", "query", "line", "sign"), WARNINGS)
def test_warning(
    options: dict[str, object],
    headers: dict[str, str],
    query: str,
    line: str | None,
    sign: str | None,
) -> None:
    """A wrong scheme is logged once, with the host, what says https, and the line to configure."""
    client = Client(CATALOG, settings(**options))
    with capture_logs() as lines:
        for _ in range(3):
            client.get(f"{PROBE}?{query}", host=HOST, scheme="http", headers=headers)
            client.get(f"{LINK}&{query}", host=HOST, scheme="http", headers=headers)
    client.close()

    found = [one for one in lines if one["log_level"] == "warning"]
    assert len(found) == (0 if line is None else 1)
    if line is not None:
        assert line in found[0]["event"]
        assert (found[0]["host"], found[0]["https_seen_in"]) == (HOST, sign)
        assert "proxy_set_header X-Forwarded-Proto $scheme;" in found[0]["fix"]


def test_password_behind_a_wrong_scheme() -> None:
    """A form with a password is refused, not redirected; a browser's headers cause a warning."""
    client = Client(CATALOG, settings(proxy_count=1, permit_cleartext_passwords=RISKS))
    body = b"emailaddress=alice@example.com&password=s3cret"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    with capture_logs() as lines:
        plain = client.post(PROFILE, body, scheme="http", headers=dict([HTTP]) | kind)
        quiet = [one for one in lines if one["log_level"] == "warning"]
        browser = dict([HTTP, ("Sec-Fetch-Mode", "navigate")]) | kind
        wrong = client.post(PROFILE, body, scheme="http", headers=browser)
    client.close()

    assert (plain.status, wrong.status, quiet) == (403, 403, [])
    assert [one["https_seen_in"] for one in lines if "https_seen_in" in one] == ["sec-fetch-mode"]
    assert "s3cret" not in f"{plain} {wrong} {lines}"
