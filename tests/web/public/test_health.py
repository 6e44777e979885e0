"""`/healthz` and `/readyz` of the public listener."""

import io
import json
from collections.abc import Callable

import pytest
from prometheus_client import generate_latest

from tests.store.counting import Clock, CountingStore, until
from tests.web.asgi import Client
from tests.web.conftest import CATALOG
from tests.web.public.test_app import FailingStore
from waypost.core.address import DomainName
from waypost.core.errors import StoreError, StoreUnavailable
from waypost.directory.directories import Directories
from waypost.directory.factory import open_directory
from waypost.lookup.lookup import Lookup
from waypost.runtime.logs import configure
from waypost.store.cache import CacheLimits, DomainCache
from waypost.store.memory import MemoryDomains, MemoryStore
from waypost.wiring.runtime import Domains, Runtime

DOMAIN = DomainName("example.com")


def client_of(domains: Domains) -> Client:
    people = Directories(open_directory)
    return Client(Runtime(domains, Lookup(domains, people), people, None))


def status_when(client: Client, expected: int) -> int:
    """Wait until /readyz has a status, and return the status."""

    async def wait() -> None:
        await until(lambda: client.cache.is_ready() == (expected == 200))

    client._runner.run(wait())  # noqa: SLF001 -- the same event loop
    return client.get("/readyz").status


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/readyz/", "/READYZ"])
@pytest.mark.parametrize("host", ["10.0.0.7:4243", "autoconfig.unknown.example", None])
def test_ready(path: str, host: str | None) -> None:
    """Both are 200 for any Host and for HTTP/1.0, and no cache keeps them."""
    client = client_of(MemoryDomains(MemoryStore(CATALOG)))
    answer = client.get(path, host=host)
    head = client.request("HEAD", path, host=host)
    assert (answer.status, head.status, head.body) == (200, 200, b"")
    assert answer.headers["cache-control"] == "no-store"
    assert client.post(path).status == 405
    client.close()


@pytest.mark.parametrize("failure", [StoreUnavailable("secret"), StoreError("secret")])
def test_database_away_at_the_start(failure: Exception) -> None:
    """Without the database and without earlier answers it is alive but not ready; no details."""
    client = Client(FailingStore(failure))
    assert status_when(client, 503) == 503
    answer = client.get("/readyz")
    assert answer.body == b"not ready\n"
    assert client.get("/healthz").status == 200
    client.close()


def test_database_away_later() -> None:
    """While the database is away, earlier answers count, as long as they are used."""
    store, clock = CountingStore(), Clock()
    limits = CacheLimits(10, 100, patience_seconds=0.01)
    client = client_of(DomainCache(store, limits, clock=clock))
    assert status_when(client, 200) == 200
    config = "/mail/config-v1.1.xml?emailaddress=a@example.com"
    assert client.get(config).status == 200
    store.failure = StoreUnavailable("away")
    clock.now += 20
    assert client.get(config).status == 200
    assert client.get("/readyz").status == 200
    clock.now += 100
    assert client.get(config).status == 503
    assert client.get("/readyz").status == 503
    client.close()


def test_providers_file_that_was_never_read() -> None:
    """Without a providers file nothing can be answered."""
    client = client_of(MemoryDomains(None))
    assert client.get("/readyz").status == 503
    client.close()


@pytest.mark.parametrize(
    ("make", "is_logged"),
    [
        (lambda: MemoryDomains(MemoryStore(CATALOG)), False),
        (lambda: MemoryDomains(None), True),
    ],
)
def test_log(make: Callable[[], Domains], *, is_logged: bool) -> None:
    """Good answers are not in the access log, failing ones are; no domain is counted."""
    stream = io.StringIO()
    configure("info", "json", stream, configure_stdlib_log=False)
    client = client_of(make())
    client.get("/readyz")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["result"] for line in lines] == (["not_ready"] if is_logged else [])
    text = generate_latest(client.runtime.metrics.registry).decode()
    assert "waypost_requests_total{" in text
    assert 'format="health"' in text
    assert 'waypost_cache_answers_total{kind="hit"} 0.0' in text
    client.close()
