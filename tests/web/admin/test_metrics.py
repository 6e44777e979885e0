"""The admin listener: its metrics, and which clients may read them."""

from collections.abc import Callable

import anyio
import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.web.admin.admin_listener import CATALOG, admin_app
from tests.web.admin.test_tls import Away, get
from waypost.store.memory import MemoryDomains, MemoryStore
from waypost.web.admin.guard import REFUSAL

ASKED = [
    # query, result
    ("domain=autoconfig.example.com", "yes"),
    ("domain=autodiscover.example.com", "yes"),
    ("domain=www.example.com", "no"),
    ("domain=a..b", "no"),
    ("", "bad_request"),
]


def counted(
    domains: MemoryDomains, queries: list[str], count_dropped_lines: Callable[[], int] = int
) -> dict[tuple[str, ...], float]:
    """Request the metrics, and return each sample: its name, then the values of its labels."""
    app = admin_app(domains, count_dropped_lines=count_dropped_lines)
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 4000))

    async def asking() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            for query in queries:
                await client.get(f"/tls/ask?{query}")
            return await client.get("/metrics")

    answer = anyio.run(asking)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_requests_are_counted() -> None:
    """Each request is counted by its answer, and the time is added up."""
    found = counted(MemoryDomains(MemoryStore(CATALOG)), [query for query, _ in ASKED])
    for result in ("yes", "no", "bad_request"):
        number = sum(result == one for _, one in ASKED)
        assert found["waypost_tls_asks_total", result] == number
    assert found["waypost_tls_ask_duration_seconds_count",] == len(ASKED)
    assert found["waypost_tls_ask_duration_seconds_sum",] > 0
    assert found["waypost_tls_ask_duration_seconds_bucket", "+Inf"] == len(ASKED)


def test_dropped_lines_are_counted() -> None:
    """Lines that the log of this process has dropped are counted."""
    found = counted(MemoryDomains(MemoryStore(CATALOG)), [], lambda: 3)
    assert found["waypost_log_lines_dropped_total",] == 3


def test_unavailable_database_is_counted() -> None:
    """Requests that cannot be answered now have their own count."""
    found = counted(Away(None), ["domain=autoconfig.example.com"])
    assert found["waypost_tls_asks_total", "unavailable"] == 1


def test_remote_clients_get_no_metrics() -> None:
    """A client that does not ask directly from this machine gets no metrics."""
    assert get("/metrics", peer="192.0.2.1").text == REFUSAL
    assert get("/metrics", headers={"x-forwarded-for": "127.0.0.1"}).status_code == 403


def test_description() -> None:
    """The URL is in the OpenAPI description."""
    described = get("/api/v1/openapi.json").json()["paths"]["/metrics"]["get"]
    assert list(described["responses"]) == ["200"]
