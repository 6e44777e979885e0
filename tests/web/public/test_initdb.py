"""automx2's `/initdb/`: what the operator can do, and that no other client sees it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.web.asgi import Client, settings
from tests.web.conftest import CATALOG
from waypost.database.engine import open_engine
from waypost.store.sql.migrate import upgrade
from waypost.wiring.runtime import wire

LOCAL = "127.0.0.1:4243"
SEED_V1 = {
    "provider": "Seeded Inc.",
    "domains": ["seeded.example"],
    "servers": [
        {"type": "imap", "name": "imap.seeded.example"},
        {"type": "smtp", "name": "smtp.seeded.example"},
    ],
}
SEED_V2 = SEED_V1 | {"version": 2, "domains": [{"name": "seeded.example"}]}


@pytest.fixture(name="upgraded", scope="module")
def _upgraded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an upgraded, empty database."""
    path = tmp_path_factory.mktemp("upgraded") / "waypost.sqlite"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture(name="empty")
def _empty(upgraded: Path, tmp_path: Path) -> Iterator[Client]:
    uri = f"sqlite:///{shutil.copy(upgraded, tmp_path / 'waypost.sqlite')}"
    client = Client(wire(settings(db_uri=uri)), peer_check=Anybody())
    yield client
    client.close()


class Anybody:
    """A check that accepts every client as the operator."""

    async def refusal(self, _client: object, _server: object) -> None:
        """Return no reason against a client."""


def served(client: Client, domain: str) -> bool:
    return client.get(f"/v1.1/{domain}").status == 200


def test_sample_data(empty: Client) -> None:
    """GET fills an empty database with the samples, which are served at once."""
    assert not served(empty, "example.com")

    answer = empty.get("/initdb/", host=LOCAL)

    assert answer.status == 200
    assert all(served(empty, name) for name in ("example.com", "example.net", "example.org"))


@pytest.mark.parametrize("seed", [SEED_V1, SEED_V2])
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", None])
def test_seed(empty: Client, seed: object, content_type: str | None) -> None:
    """POST fills an empty database from a seed of either version."""
    headers = {"Content-Type": content_type} if content_type else {}
    answer = empty.post("/initdb/", json.dumps(seed).encode(), host=LOCAL, headers=headers)

    assert answer.status == 200
    assert served(empty, "seeded.example")


def test_purge(empty: Client) -> None:
    """DELETE empties the database; then it can be filled again."""
    empty.get("/initdb/", host=LOCAL)
    assert empty.request("DELETE", "/initdb/", host=LOCAL).status == 200
    assert not served(empty, "example.com")
    empty.post("/initdb/", json.dumps(SEED_V2).encode(), host=LOCAL)
    assert served(empty, "seeded.example")


def test_filled_database_is_left_alone(empty: Client) -> None:
    """As with automx2, a database with providers is not filled again."""
    empty.post("/initdb/", json.dumps(SEED_V2).encode(), host=LOCAL)
    answer = empty.get("/initdb/", host=LOCAL)

    assert answer.status == 200
    assert "nothing was changed" in answer.text
    assert not served(empty, "example.com")


def test_head_changes_nothing(empty: Client) -> None:
    """HEAD changes nothing."""
    assert empty.request("HEAD", "/initdb/", host=LOCAL).status == 200
    assert not served(empty, "example.com")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"[]", ""),
        (b'{"version": 3}', "version"),
        (
            json.dumps(SEED_V2 | {"domains": [{"name": "a..b"}, {"name": "c..d"}]}).encode(),
            "domain",
        ),
        (
            json.dumps(SEED_V2 | {"servers": [{"type": "gopher", "name": "x"}]}).encode(),
            "server type",
        ),
        (b"[" * 100_000, ""),
    ],
)
def test_seed_with_mistakes(empty: Client, body: bytes, problem: str) -> None:
    """A seed with errors is a 400 that lists them, and nothing is changed."""
    answer = empty.post("/initdb/", body, host=LOCAL)

    assert answer.status == 400
    assert problem in answer.text
    assert empty.get("/initdb/", host=LOCAL).status == 200
    assert served(empty, "example.com")


FOREIGN = [
    {"peer": "192.0.2.1"},
    {"peer": None},
    {"host": "autoconfig.example.com"},
    {"host": None},
    {"headers": {"X-Forwarded-For": "127.0.0.1"}},
    {"headers": {"X-Real-IP": "127.0.0.1"}},
    {"headers": {"Forwarded": "for=127.0.0.1"}},
    {"headers": {"X-Cluster-Client-IP": "127.0.0.1"}},
    {"headers": {"Fastly-Client-IP": "127.0.0.1"}},
    {"headers": {"X-Forwarded-By": "127.0.0.1"}},
    {"headers": {"X-Original-Forwarded-For": "127.0.0.1"}},
    {"headers": {"Via": "1.1 proxy"}},
    {"headers": {"Origin": "https://evil.example"}},
    {"headers": {"Origin": "null"}},
    {"headers": {"Sec-Fetch-Site": "cross-site"}},
]


@pytest.mark.parametrize("foreign", FOREIGN)
def test_does_not_exist_for_others(empty: Client, foreign: dict[str, object]) -> None:
    """For other clients the path does not exist, and nothing is changed."""
    options = {"host": LOCAL} | foreign
    for method in ("GET", "HEAD", "POST", "DELETE", "PUT", "OPTIONS"):
        unknown = empty.request(method, "/unknown/", **options)  # type: ignore[arg-type]
        answer = empty.request(method, "/initdb/", body=b"{}", **options)  # type: ignore[arg-type]

        assert (answer.status, answer.body) == (404, unknown.body), method
        assert answer.headers == unknown.headers, method
        assert not served(empty, "example.com"), method


def test_spoofed_proxy_headers_do_not_help() -> None:
    """A trusted proxy that sends a loopback address does not open the path."""
    client = Client(CATALOG, settings(proxy_count=1))
    headers = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "localhost"}

    assert client.get("/initdb/", host=LOCAL, headers=headers).status == 404
    client.close()


def test_no_database(client: Client) -> None:
    """Without a database, or with the option off, there is no `/initdb/`."""
    for method in ("GET", "POST", "DELETE"):
        assert client.request(method, "/initdb/", host=LOCAL).status == 404


def test_wrong_method_for_the_operator(empty: Client) -> None:
    """The operator gets the list of methods."""
    answer = empty.request("PUT", "/initdb/", host=LOCAL)

    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST, DELETE")


@pytest.mark.parametrize("proxies", [{"proxy_count": 1}, {"trusted_proxies": ["127.0.0.0/8"]}])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "PUT"])
def test_disabled_with_a_configured_proxy(
    tmp_path: Path, method: str, proxies: dict[str, object]
) -> None:
    """If the settings name a proxy there is no `/initdb/`, and the log says what to use."""
    options = settings(db_uri=f"sqlite:///{tmp_path / 'waypost.sqlite'}", **proxies)
    client = Client(wire(options), options)
    with structlog.testing.capture_logs() as lines:
        answers = [client.request(method, "/initdb/", host=LOCAL) for _ in range(3)]
    client.close()

    assert [answer.status for answer in answers] == [404] * 3
    (line,) = (line for line in lines if "/initdb/" in line["event"])
    assert "proxy_count" in line["reason"]
    assert "waypost apply" in line["fix"]


def test_the_user_of_the_process_decides(tmp_path: Path) -> None:
    """A client's own headers are not enough: the kernel must confirm its connection."""
    client = Client(wire(settings(db_uri=f"sqlite:///{tmp_path / 'waypost.sqlite'}")))
    answers = [client.request(method, "/initdb/", host=LOCAL) for method in ("GET", "DELETE")]
    client.close()

    assert [answer.status for answer in answers] == [404, 404]
