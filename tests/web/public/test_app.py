"""What is true for every request: unknown paths, methods, failures of the store, and the log."""

import io
import json

import pytest
from structlog.testing import capture_logs

from tests.web.asgi import Client, settings
from tests.web.conftest import CATALOG
from tests.web.public.test_autodiscover import question
from waypost.core.address import DomainName
from waypost.core.errors import StoreError, StoreUnavailable
from waypost.runtime.logs import configure

CONFIG = "/mail/config-v1.1.xml"


class FailingStore:
    """A store that is always unavailable."""

    def __init__(self, failure: Exception) -> None:
        self.failure = failure

    def find(self, _domain: DomainName) -> None:
        raise self.failure

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/mail",
        "/mail/config-v1.1.xml/more",
        "/autodiscover",
        "/autodiscover/autodiscover.jso",
        "/autodiscover/autodiscover.jsonx",
        "/.env",
        "/../../etc/passwd",
        "/autod\u0131scover/autodiscover.xml",
        "/mobileconfig\u017f",
        "//",
        "",
    ],
)
def test_unknown_path(client: Client, path: str) -> None:
    """Any other path is a 404, except spellings of the root."""
    expected = 200 if path.strip("/") == "" else 404

    assert expected == client.get(path).status


@pytest.mark.rule("autoconfig-head")
def test_head_everywhere(client: Client) -> None:
    """HEAD works at every URL that has GET."""
    v2 = "/autodiscover/autodiscover.json?Email=a@example.com&Protocol=AutodiscoverV1"
    profile = "/mobileconfig?emailaddress=a@example.com"
    for path in (CONFIG, "/v1.1/example.com", profile, v2, "/"):
        got, head = client.get(path), client.request("HEAD", path)
        assert (got.status, got.headers, b"") == (head.status, head.headers, head.body)


@pytest.mark.rule("autodiscover-error-603", "autodiscover-json-errors")
@pytest.mark.parametrize("failure", [StoreUnavailable("secret"), StoreError("secret")])
def test_store_is_unavailable(failure: Exception) -> None:
    """A domain that is not in the cache is a 503 with Retry-After, or ErrorCode 603; no details."""
    client = Client(FailingStore(failure))
    answers = [
        client.get(CONFIG),
        client.get("/v1.1/example.com"),
        client.get("/mobileconfig?emailaddress=a@example.com"),
        client.get("/?emailaddress=a@example.com"),
        client.get("/autodiscover/autodiscover.json/v1.0/a@example.com?Protocol=ActiveSync"),
    ]
    outlook = client.post("/autodiscover/autodiscover.xml", question())
    probe = client.get(
        "/autodiscover/autodiscover.xml", host="autodiscover.example.com", scheme="http"
    )
    client.close()

    assert {503} == {answer.status for answer in answers}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
    assert json.loads(answers[-1].body)["ErrorCode"] == "InternalServerError"
    assert (outlook.status, outlook.value("ErrorCode")) == (200, "603")
    assert probe.status == 405
    assert not any(b"secret" in answer.body for answer in [*answers, outlook])


def test_log_line(client: Client) -> None:
    """One line has path, kind of client, result and time, with the address hashed."""
    with capture_logs() as lines:
        client.get(
            CONFIG,
            query="emailaddress=alice@example.com",
            headers={"User-Agent": "Mozilla/5.0 Thunderbird/153.0"},
        )

    (line,) = lines
    assert line["path"] == CONFIG
    assert line["client"] == "thunderbird"
    assert (line["status"], line["result"], line["domain"]) == (200, "ok", "example.com")
    assert line["ms"] > 0
    assert len(line["address"]) == 16
    assert "alice" not in str(line)


@pytest.mark.parametrize(("level", "lines"), [("info", 1), ("warning", 0)])
def test_log_level(level: str, lines: int) -> None:
    """A request has one line, and none if the operator wants only warnings."""
    stream = io.StringIO()
    configure(level, "json", stream)
    client = Client(CATALOG)
    client.get(CONFIG, query="emailaddress=alice@example.com")
    client.close()

    written = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in written] == ["request"] * lines


def test_same_address_same_hash(client: Client) -> None:
    """The operator can follow one user: an address always has the same hash, and only this one."""
    with capture_logs() as lines:
        for name in ("alice", "alice", "bob"):
            client.get(CONFIG, query=f"emailaddress={name}@example.com")

    first, again, other = (line["address"] for line in lines)
    assert first == again != other


def test_addresses_shown_on_demand() -> None:
    """The operator may choose to log addresses."""
    client = Client(CATALOG, settings(log_addresses=True))
    with capture_logs() as lines:
        client.get(CONFIG, query="emailaddress=alice@example.com")
    client.close()

    assert lines[0]["address"] == "alice@example.com"


SECRETS = ["s3cret", "YWxpY2U6czNjcmV0", "alice"]


def test_no_secret_in_the_log(client: Client) -> None:
    """Neither credentials nor passwords nor addresses are logged, in any part of a request."""
    headers = {"Authorization": "Basic YWxpY2U6czNjcmV0", "User-Agent": "s3cret"}
    with capture_logs() as lines:
        client.get("/mobileconfig?emailaddress=alice@example.com&password=s3cret", headers=headers)
        client.get("/mobileconfig?emailaddress=alice&password=s3cret", headers=headers)
        client.post("/autodiscover/autodiscover.xml", question(), headers=headers)
        client.get("/unknown/alice@example.com", headers=headers)
        client.get("/unknown/alice%40example.com", headers=headers)
        client.get("/Autodiscover/autodiscover.json/v1.0/alice", headers=headers)
        client.get("/autodiscover/autodiscover.json?Email=alice@example.com&Protocol=s3cret")

    assert len(lines) == 7
    assert not any(secret in str(lines) for secret in SECRETS)


def test_long_path_is_cut(client: Client) -> None:
    """A huge path does not fill the log."""
    with capture_logs() as lines:
        client.get("/" + "x" * 10_000)

    assert len(lines[0]["path"]) < 120


@pytest.mark.parametrize(
    ("user_agent", "kind"),
    [
        ("", "none"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Thunderbird/153.7.0",
            "thunderbird",
        ),
        ("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.1)", "outlook"),
        ("OutlookMobileCloudService-Autodetect/1.0.0", "outlook-mobile"),
        ("Evolution/3.46.4", "evolution"),
        ("Mozilla/5.0 (X11; Linux x86_64) KIO/5.103", "kmail"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)", "browser"),
        ("something/1", "other"),
    ],
)
def test_client_kind(client: Client, user_agent: str, kind: str) -> None:
    """The kind of client is recognized by its User-Agent."""
    headers = {"User-Agent": user_agent} if user_agent else {}
    with capture_logs() as lines:
        client.get("/", headers=headers)

    assert kind == lines[0]["client"]
