"""Autodiscover over HTTP, row by row of the requests of clients."""

import pytest
from lxml import etree

from tests.web.asgi import Client

PATH = "/autodiscover/autodiscover.xml"
OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
REQUEST_NS = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
MOBILESYNC = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"
MOBILESYNC_REQUEST = (
    "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/requestschema/2006"
)


def question(address: str = "alice@example.com", schema: str = OUTLOOK, extra: str = "") -> bytes:
    return (
        f'<Autodiscover xmlns="{REQUEST_NS}"><Request>{extra}'
        f"<EMailAddress>{address}</EMailAddress>"
        f"<AcceptableResponseSchema>{schema}</AcceptableResponseSchema>"
        "</Request></Autodiscover>"
    ).encode()


PREFIXED = (
    f'<?xml version="1.0"?><a:Autodiscover xmlns:a="{REQUEST_NS}"><a:Request>'
    f"<a:AcceptableResponseSchema>{OUTLOOK}</a:AcceptableResponseSchema>"
    "<a:EMailAddress>alice@example.com</a:EMailAddress></a:Request></a:Autodiscover>"
).encode()
NO_SCHEMA = (
    b"<Autodiscover><Request><EMailAddress> alice@example.com </EMailAddress></Request>"
    b"</Autodiscover>"
)

GOOD = [
    question(),
    question(extra="<LegacyDN>/o=x/ou=y/cn=z</LegacyDN>"),
    question(extra="<Unknown><EMailAddressToo>x</EMailAddressToo></Unknown>"),
    question(address="Alice@EXAMPLE.COM"),
    PREFIXED,
    NO_SCHEMA,
    b'<?xml version="1.0" encoding="utf-8"?>\r\n' + question(),
]

LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "alice"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b"<Autodiscover><Request><EMailAddress>&b;@example.com</EMailAddress></Request></Autodiscover>"
)
EXTERNAL = (
    b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    b"<Autodiscover><Request><EMailAddress>&f;@example.com</EMailAddress></Request></Autodiscover>"
)

INVALID = [
    b"",
    b"   ",
    b"not xml",
    b"<Autodiscover>",
    b"\x00\x01\x02",
    b"<Autodiscover/>",
    b"<Other><Request><EMailAddress>alice@example.com</EMailAddress></Request></Other>",
    b"<Autodiscover><Request/></Autodiscover>",
    question(address=""),
    question(address="alice"),
    question(address="al&#10;ice@example.com"),
    b'<!DOCTYPE Autodiscover SYSTEM "http://127.0.0.1:9/x.dtd">' + question(),
    LAUGHS,
    EXTERNAL,
    b"<a>" * 20_000,
    b'{"EMailAddress": "alice@example.com"}',
    question().replace(b"alice", b"\xff\xfe"),
]


@pytest.mark.rule(
    "autodiscover-content-type",
    "autodiscover-order-and-prefix",
    "autodiscover-xml-content-type",
    "autoconfig-then-without-content-type",
    "autoconfig-then-sent-as-xml",
)
@pytest.mark.parametrize("body", GOOD)
@pytest.mark.parametrize("content_type", ["text/xml", "application/xml; charset=utf-8", None])
def test_settings(client: Client, body: bytes, content_type: str | None) -> None:
    """Settings are returned for every tolerable form of the request, with any content type."""
    headers = {"Content-Type": content_type} if content_type else {}
    answer = client.post(PATH, body, headers=headers)

    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/xml")
    assert (answer.value("AccountType"), answer.value("Action")) == ("email", "settings")
    assert (answer.value("Type"), answer.value("Server")) == ("IMAP", "imap.example.com")
    assert (answer.value("LoginName") or "").lower() == "alice@example.com"


@pytest.mark.rule("autodiscover-path")
@pytest.mark.parametrize(
    "path",
    [
        "/autodiscover/autodiscover.xml",
        "/Autodiscover/Autodiscover.xml",
        "/AutoDiscover/AutoDiscover.xml",
        "/AUTODISCOVER/AUTODISCOVER.XML",
        "/autodiscover/autodiscover.xml/",
        "/Autodiscover/autodiscover.XML//",
    ],
)
def test_path_in_any_case(client: Client, path: str) -> None:
    """All spellings of the path that clients use return the same answer."""
    assert client.post(PATH, question()).body == client.post(path, question()).body


@pytest.mark.rule("autodiscover-hostile-xml", "autodiscover-error-600", "autodiscover-error-status")
@pytest.mark.parametrize("body", INVALID)
def test_invalid_request(client: Client, body: bytes) -> None:
    """A request that is not valid is ErrorCode 600 in a 200; nothing is expanded."""
    answer = client.post(PATH, body)

    assert (answer.status, answer.value("ErrorCode")) == (200, "600")
    assert b"root:" not in answer.body
    assert b"alice" not in answer.body


@pytest.mark.rule("autodiscover-hostile-xml")
@pytest.mark.parametrize("size", [64 * 1024 + 1, 1_000_000])
@pytest.mark.parametrize("declared", [True, False])
def test_too_large(client: Client, size: int, declared: bool) -> None:
    """Over 64 KiB is a 413 with ErrorCode 600, whether the length was declared or not."""
    headers = {"Content-Length": str(size)} if declared else {}
    answer = client.post(PATH, b" " * size, headers=headers, chunks=8)

    assert (answer.status, answer.value("ErrorCode")) == (413, "600")


def test_largest_request(client: Client) -> None:
    """A request of exactly 64 KiB is read."""
    body = question()
    padded = body + b" " * (64 * 1024 - len(body))

    assert client.post(PATH, padded, chunks=5).value("Action") == "settings"


@pytest.mark.rule(
    "autodiscover-error-status",
    "autodiscover-error-500",
    "autodiscover-error-501",
    "autodiscover-error-601",
    "autodiscover-error-602",
    "autodiscover-activesync-no-mail",
)
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (question(address="alice@example.org"), "500"),
        (question(address="alice@mute.example"), "501"),
        (question(schema="http://example.com/unknown"), "601"),
        (question(schema=MOBILESYNC), "601"),
        (question(address="alice@example.org", schema=MOBILESYNC), "500"),
        (question(address="alice@half.example"), "602"),
    ],
)
def test_refusals(client: Client, body: bytes, code: str) -> None:
    """A domain, a configuration or a schema without an answer has its ErrorCode."""
    answer = client.post(PATH, body)

    assert (200, code) == (answer.status, answer.value("ErrorCode"))
    assert (answer.value("Type"), answer.value("Action")) == (None, None)


@pytest.mark.rule("autodiscover-activesync-answer", "autodiscover-activesync-no-mail")
@pytest.mark.parametrize("path", [PATH, "/Autodiscover/Autodiscover.xml/"])
@pytest.mark.parametrize("request_namespace", [REQUEST_NS, MOBILESYNC_REQUEST])
def test_activesync(client: Client, path: str, request_namespace: str) -> None:
    """A request with ActiveSync's schema gets an answer in it, and no mail service."""
    body = question("alice@groupware.example", MOBILESYNC)
    answer = client.post(path, body.replace(REQUEST_NS.encode(), request_namespace.encode()))

    assert (answer.status, answer.value("Type")) == (200, "MobileSync")
    assert answer.value("Url") == "https://eas.groupware.example/Microsoft-Server-ActiveSync"
    assert etree.QName(answer.xml[0]).namespace == MOBILESYNC
    assert b"IMAP" not in answer.body


@pytest.mark.parametrize("schema", [OUTLOOK, OUTLOOK.removesuffix("a")])
def test_outlook_schema_without_activesync(client: Client, schema: str) -> None:
    """A request with Outlook's schema gets the mail services, and nothing of ActiveSync."""
    answer = client.post(PATH, question("alice@groupware.example", schema))

    assert (answer.status, answer.value("Type")) == (200, "IMAP")
    assert etree.QName(answer.xml[0]).namespace == OUTLOOK
    assert b"MobileSync" not in answer.body


@pytest.mark.rule("autodiscover-encodings")
@pytest.mark.parametrize(
    ("encoding", "content_type"),
    [
        ("utf-16", "text/xml"),
        ("utf-16le", "text/xml; charset=utf-16"),
        ("utf-16be", 'text/xml;charset="UTF-16BE"'),
    ],
)
def test_utf_16(client: Client, encoding: str, content_type: str) -> None:
    """A request in UTF-16 is accepted, by its byte order mark or by its charset."""
    body = question().decode().encode(encoding)
    answer = client.post(PATH, body, headers={"Content-Type": content_type})

    assert (answer.status, answer.value("Action")) == (200, "settings")


@pytest.mark.rule("autodiscover-hosts", "autoconfig-then-any-host")
@pytest.mark.parametrize(
    "host", ["mail.hoster.example", "autodiscover.example.com", "example.com", None]
)
def test_any_host(client: Client, host: str | None) -> None:
    """The address decides, not Host: with DNS SRV, Outlook asks the provider's own host."""
    assert client.post(PATH, question(), host=host).value("Server") == "imap.example.com"


@pytest.mark.rule("autodiscover-soap-404")
@pytest.mark.parametrize(
    "path",
    [
        *("/autodiscover/autodiscover.svc", "/Autodiscover/Autodiscover.svc"),
        *("/autodiscover/autodiscover.svc/wssecurity", "/autodiscover/autodiscover.svc/"),
        *("/EWS/Exchange.asmx", "/ews/exchange.asmx", "/EWS/Exchange.asmx/s"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS"])
def test_soap(client: Client, path: str, method: str) -> None:
    """The SOAP of Exchange is a 404, and not a byte of the request is read."""
    answer = client.request(method, path, body=None, headers={"Content-Length": "1000000000"})

    assert answer.status == 404


@pytest.mark.rule("autodiscover-probe")
@pytest.mark.parametrize(
    ("host", "target"),
    [
        ("autodiscover.example.com", "https://autodiscover.example.com"),
        ("AutoDiscover.Example.COM:80", "https://autodiscover.example.com"),
        ("example.com", "https://example.com"),
        ("autodiscover.mail.wild.example", "https://autodiscover.mail.wild.example"),
    ],
)
def test_redirect_probe(client: Client, host: str, target: str) -> None:
    """Over plain http a served name is redirected to the same URL on https."""
    answer = client.get(PATH, host=host, scheme="http")

    assert (302, f"{target}{PATH}?redirected=1") == (answer.status, answer.headers["location"])


@pytest.mark.rule("autodiscover-probe")
def test_redirect_keeps_path_and_query(client: Client) -> None:
    """The same URL has the same path and the same query, and the mark is added."""
    answer = client.get(
        "/Autodiscover/Autodiscover.xml?x=1", host="autodiscover.example.com", scheme="http"
    )

    expected = "https://autodiscover.example.com/Autodiscover/Autodiscover.xml?x=1&redirected=1"
    assert answer.headers["location"] == expected


@pytest.mark.parametrize("host", ["autodiscover.example.com", "example.com"])
def test_redirect_to_one_url(behind_one_url: Client, host: str) -> None:
    """If all domains share one URL, the probe is redirected there: that host has a certificate."""
    answer = behind_one_url.get(PATH, host=host, scheme="http")

    expected = f"https://setup.hoster.example:8443{PATH}?redirected=1"
    assert (302, expected) == (answer.status, answer.headers["location"])
    assert behind_one_url.get(PATH, host="autodiscover.example.org", scheme="http").status == 405


@pytest.mark.rule(
    "autodiscover-get", "autodiscover-probe-refused", "autoconfig-then-get-is-refused"
)
@pytest.mark.parametrize(
    ("host", "scheme"),
    [
        ("mail.hoster.example", "http"),
        ("autodiscover.example.com", "https"),
        ("example.com", "https"),
        ("autodiscover.example.org", "http"),
        ("autodiscover.evil.example", "http"),
        ("autoconfig.example.com", "http"),
        ("127.0.0.1", "http"),
        (None, "http"),
    ],
)
def test_get(client: Client, host: str | None, scheme: str) -> None:
    """Any other GET is a 405 around ErrorCode 600, so that Delta Chat continues."""
    answer = client.get(PATH, host=host, scheme=scheme)

    assert (answer.status, answer.value("ErrorCode")) == (405, "600")
    assert "POST" in answer.headers["allow"]
    assert "location" not in answer.headers


@pytest.mark.rule("autodiscover-no-login")
def test_credentials_are_ignored(client: Client) -> None:
    """An Authorization header changes nothing, and no client is asked for one."""
    plain = client.post(PATH, question())
    signed = client.post(PATH, question(), headers={"Authorization": "Basic YWxpY2U6c2VjcmV0"})

    assert (plain.status, plain.body, plain.headers) == (
        signed.status,
        signed.body,
        signed.headers,
    )
    assert "www-authenticate" not in plain.headers


@pytest.mark.rule("autodiscover-no-markup")
def test_markup_in_the_address(client: Client) -> None:
    """A text that a client sends never becomes markup."""
    answer = client.post(PATH, question(address='"&lt;x&gt;&amp;&lt;/LoginName&gt;"@example.com'))

    assert answer.value("LoginName") == '"<x>&</LoginName>"@example.com'
