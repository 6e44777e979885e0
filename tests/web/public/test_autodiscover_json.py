"""Autodiscover V2 over HTTP, row by row of the requests of Outlook."""

import json

import pytest

from tests.web.asgi import Client

PATH = "/autodiscover/autodiscover.json"
XML_URL = "https://autodiscover.example.com/autodiscover/autodiscover.xml"
V1 = {"Protocol": "AutodiscoverV1", "Url": XML_URL}

GOOD = [
    f"{PATH}?Email=alice@example.com&Protocol=AutodiscoverV1",
    f"{PATH}?Email=alice%40example.com&Protocol=Autodiscoverv1&RedirectCount=1",
    f"{PATH}?email=alice%40example.com&PROTOCOL=autodiscoverV1&RedirectCount=99&x=y",
    "/Autodiscover/Autodiscover.json?Email=Alice%40EXAMPLE.com&Protocol=AutodiscoverV1",
    "/autodiscover/autodiscover.json/?Email=a+b@example.com&Protocol=AutodiscoverV1",
    f"{PATH}/v1.0/alice@example.com?Protocol=AutodiscoverV1",
    f"{PATH}/v1.0/alice@example.com/?Protocol=autodiscoverv1",
    f"{PATH}/v1.0/alice@example.com/Protocols?Protocol=autodiscoverv1&RedirectCount=2",
    f"{PATH}/alice@example.com?Protocol=AutodiscoverV1",
    "/AUTODISCOVER/AUTODISCOVER.JSON/V1.0/ALICE@EXAMPLE.COM?Protocol=AutodiscoverV1",
    f"{PATH}/v1.0/älice@example.com?Protocol=AutodiscoverV1",
]


@pytest.mark.rule(
    "autodiscover-json-forms",
    "autodiscover-json-case",
    "autodiscover-json-answer",
    "autodiscover-json-v1",
)
@pytest.mark.parametrize("path", GOOD)
def test_answer(client: Client, path: str) -> None:
    """Every spelling of the request returns the same URL, made only of the domain."""
    answer = client.get(path, host="mail.evil.example")

    assert (answer.status, json.loads(answer.body)) == (200, V1)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.rule("autodiscover-json-services")
@pytest.mark.parametrize(
    ("protocol", "url"),
    [
        ("activesync", "https://eas.groupware.example/Microsoft-Server-ActiveSync"),
        ("EWS", "https://ews.groupware.example/EWS/Exchange.asmx"),
        (
            "AutodiscoverV1",
            "https://autodiscover.groupware.example/autodiscover/autodiscover.xml",
        ),
    ],
)
def test_configured_services(client: Client, protocol: str, url: str) -> None:
    """ActiveSync and Ews have the configured URLs."""
    query = {"Email": "alice@groupware.example", "Protocol": protocol}

    assert json.loads(client.get(PATH, query=query).body)["Url"] == url


@pytest.mark.rule("autodiscover-json-nothing-back")
def test_client_text_is_not_repeated(client: Client) -> None:
    """Neither a host nor a parameter of the client gets into the answer."""
    query = {"Email": "alice@example.com", "Protocol": "AutodiscoverV1", "Host": "evil.example"}
    headers = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    answer = client.get(PATH, query=query, host="evil.example", headers=headers)

    assert b"evil" not in answer.body
    assert b"alice" not in answer.body


def test_one_url_for_all(behind_one_url: Client) -> None:
    """With the option `public_url`, the URL of the older form of Autodiscover is below it."""
    query = {"Email": "alice@example.com", "Protocol": "AutodiscoverV1"}
    answer = json.loads(behind_one_url.get(PATH, query=query).body)

    assert answer["Url"] == "https://setup.hoster.example:8443/autodiscover/autodiscover.xml"


@pytest.mark.rule("autodiscover-json-v1")
def test_the_url_answers(client: Client) -> None:
    """The answer names a path that this application has."""
    path = XML_URL.removeprefix("https://autodiscover.example.com")

    assert client.post(path).value("ErrorCode") == "600"


REFUSED = [
    ("?Email=alice@unserved.example&Protocol=AutodiscoverV1", 404, "UserNotFound"),
    ("/v1.0/alice@unserved.example?Protocol=AutodiscoverV1", 404, "UserNotFound"),
    ("?Email=alice@example.com&Protocol=ActiveSync", 400, "ProtocolNotSupported"),
    ("?Email=alice@example.com&Protocol=Ews", 400, "ProtocolNotSupported"),
    ("?Email=alice@example.com&Protocol=Rest", 400, "ProtocolNotSupported"),
    ("?Email=alice@half.example&Protocol=AutodiscoverV1", 400, "ProtocolNotSupported"),
    ("?Email=alice@example.com&Protocol=<b>", 400, "InvalidProtocol"),
    ("?Email=alice@example.com", 400, "MandatoryParameterMissing"),
    ("?Protocol=AutodiscoverV1", 400, "MandatoryParameterMissing"),
    ("?Email=alice&Protocol=AutodiscoverV1", 400, "MandatoryParameterMissing"),
    ("/v1.0/alice?Protocol=AutodiscoverV1", 400, "MandatoryParameterMissing"),
    ("", 400, "MandatoryParameterMissing"),
    ("?" + "&" * 60, 400, "InvalidRequest"),
    ("?Email=%ff", 400, "InvalidRequest"),
]


@pytest.mark.rule(
    "autodiscover-json-errors",
    "autodiscover-json-nothing-back",
    "autodiscover-json-no-dead-end",
)
@pytest.mark.parametrize(("rest", "status", "code"), REFUSED)
def test_refusals(client: Client, rest: str, status: int, code: str) -> None:
    """Each error has Microsoft's form, in JSON, and nothing of the request in it."""
    answer = client.get(f"{PATH}{rest}")
    error = json.loads(answer.body)

    assert (answer.status, error["ErrorCode"]) == (status, code)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert b"alice" not in answer.body
    assert b"<b>" not in answer.body


def test_other_methods(client: Client) -> None:
    """The answer to a POST lists the methods of the URL."""
    answer = client.post(PATH)

    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
