"""The admin listener before, while and after the API and the pages are loaded."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.responses import PlainTextResponse
from structlog.testing import capture_logs

from tests.servers.patience import PATIENCE_SECONDS
from tests.web.admin.admin_listener import CATALOG, USUAL
from waypost.runtime.metrics import Metrics
from waypost.runtime.worker_counts import Counts
from waypost.store.memory import MemoryDomains, MemoryStore
from waypost.web.admin import deferred
from waypost.web.admin.app import create_app
from waypost.web.admin.certificate_log import CertificateLog
from waypost.web.admin.deferred import NOT_LOADED, Application, DeferredApplication
from waypost.web.admin.early_urls import EarlyUrls, early_urls
from waypost.web.admin.guard import REFUSAL
from waypost.web.admin.tls import TlsAskEndpoint

EARLY = [
    # path with its query, status
    ("/healthz", 200),
    ("/healthz?verbose", 200),
    ("/readyz", 503),
    ("/metrics", 200),
    ("/tls/ask?domain=autoconfig.example.com", 200),
    ("/tls/ask?domain=autoconfig.other.example", 404),
    ("/tls/ask?domain=a..b", 404),
    ("/tls/ask", 400),
    ("/tls/ask?domain=a&domain=b", 400),
]
OTHERS = [
    ("HEAD", "/healthz"),
    ("POST", "/tls/ask?domain=autoconfig.example.com"),
    ("OPTIONS", "/metrics"),
    ("GET", "/readyz/"),
    ("GET", "/HEALTHZ"),
    ("GET", "/healthz%0A"),
    ("GET", "/"),
    ("GET", "/admin/"),
    ("GET", "/api/v1/openapi.json"),
]
PEERS = [
    # address, header fields
    ("127.0.0.1", {}),
    ("192.0.2.1", {}),
    ("127.0.0.1", {"host": "rebound.example"}),
    ("127.0.0.1", {"x-forwarded-for": "192.0.2.1"}),
]


def urls() -> EarlyUrls:
    """Return the early URLs, with new metrics and without a worker."""

    async def read() -> tuple[Counts, ...]:
        return ()

    metrics, domains = Metrics(), MemoryDomains(MemoryStore(CATALOG))
    endpoint = TlsAskEndpoint(domains, USUAL, metrics, CertificateLog())
    return early_urls(endpoint, metrics, int, read)


def loaded() -> Application:
    """Return an application that is recognized by its answer."""
    return PlainTextResponse("loaded")


def refuse() -> Application:
    """Fail as an import does whose file an upgrade has removed."""
    raise ModuleNotFoundError("waypost.web.admin.app")


def waiting() -> tuple[Callable[[], Application], threading.Event]:
    """Return a load that waits for an event, and the event."""
    event = threading.Event()

    def load() -> Application:
        assert event.wait(PATIENCE_SECONDS)
        return loaded()

    return load, event


@asynccontextmanager
async def client(
    application: Application, peer: str = "127.0.0.1"
) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of an application."""
    transport = httpx.ASGITransport(application, client=(peer, 4000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as one:
        yield one


Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


def answers(application: Application, requests: list[tuple[str, str]]) -> list[Answer]:
    """Return the whole answers to requests of each peer; times are removed."""

    async def ask() -> list[Answer]:
        found = []
        for peer, headers in PEERS:
            async with client(application, peer) as one:
                for method, url in requests:
                    answer = await one.request(method, url, headers=headers)
                    fields = [f for f in answer.headers.raw if f[0] != b"content-length"]
                    lines = [
                        line
                        for line in answer.content.splitlines()
                        if b"_seconds" not in line and b"_created" not in line
                    ]
                    found.append((answer.status_code, fields, b"\n".join(lines)))
        return found

    return asyncio.run(ask())


def test_early_answers_are_those_of_the_whole_application() -> None:
    """The early URLs load nothing, and each answer is that of FastAPI, also to a refused client."""
    requests = [("GET", url) for url, _ in EARLY]
    early = answers(DeferredApplication(urls(), refuse), requests)
    assert early == answers(create_app(urls()), requests)
    assert [answer[0] for answer in early[: len(EARLY)]] == [status for _, status in EARLY]
    assert {answer[2] for answer in early[len(EARLY) :]} == {REFUSAL.strip().encode()}


def test_other_requests_load_the_whole_application_once() -> None:
    """Other methods and paths have the answers of FastAPI, and it is loaded once."""
    loads = []

    def load() -> Application:
        loads.append(1)
        return create_app(urls())

    application = DeferredApplication(urls(), load)

    async def first() -> list[int]:
        async with client(application) as one:
            found = await asyncio.gather(*(one.request(*request) for request in OTHERS))
            return [answer.status_code for answer in found]

    assert 200 in asyncio.run(first())
    # The event loop of the load has ended; what is loaded stays.
    assert answers(application, OTHERS) == answers(create_app(urls()), OTHERS)
    assert loads == [1]


def test_early_urls_answer_during_the_load() -> None:
    """While a request waits for the load, the early URLs answer."""
    load, event = waiting()

    async def run() -> None:
        async with client(DeferredApplication(urls(), load)) as one:
            page = asyncio.create_task(one.get("/admin/"))
            try:
                for url, status in EARLY:
                    assert (await one.get(url)).status_code == status
                assert not page.done()
            finally:
                event.set()
            assert (await page).text == "loaded"

    asyncio.run(run())


def test_cancelled_request() -> None:
    """If the request that began the load is cancelled, the others get their answers."""
    load, event = waiting()

    async def run() -> None:
        async with client(DeferredApplication(urls(), load)) as one:
            tasks = [asyncio.create_task(one.get("/admin/")) for _ in range(3)]
            await asyncio.sleep(0)
            await one.get("/healthz")
            tasks[0].cancel()
            await asyncio.wait(tasks[:1])
            event.set()
            assert tasks[0].cancelled()
            assert [(await task).text for task in tasks[1:]] == ["loaded", "loaded"]

    asyncio.run(run())


def test_failed_load() -> None:
    """A load that fails is logged once and answered with 503, and the next request tries again."""
    results = iter((refuse, refuse, loaded))

    def load() -> Application:
        return next(results)()

    application = DeferredApplication(urls(), load)

    async def run() -> None:
        async with client(application) as one:
            found = await asyncio.gather(one.get("/admin/"), one.get("/api/v1/domains"))
            assert [(one.status_code, one.text) for one in found] == [(503, NOT_LOADED)] * 2
            assert (await one.get("/healthz")).status_code == 200
            async with client(application, "192.0.2.1") as other:
                assert (await other.get("/admin/")).text == REFUSAL
            assert (await one.get("/admin/")).text == "loaded"

    with capture_logs() as lines:
        asyncio.run(run())
    problems = [line for line in lines if line["log_level"] == "error"]
    assert len(problems) == 2
    assert all(isinstance(line["exc_info"], ModuleNotFoundError) for line in problems)


@pytest.mark.parametrize("load", [loaded, refuse])
def test_load_without_a_request(
    load: Callable[[], Application], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some time the rest is loaded without a request, and a failure ends nothing."""
    monkeypatch.setattr(deferred, "LOAD_SECONDS", 0)
    loads = []

    def counted() -> Application:
        loads.append(1)
        return load()

    task: Callable[[], Awaitable[None]] = DeferredApplication(urls(), counted).load_later

    async def run() -> None:
        await task()

    asyncio.run(run())
    assert loads == [1]
