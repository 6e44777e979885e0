"""The admin listener: which names get a certificate, and which clients may ask."""

import anyio
import httpx
import pytest
from structlog.testing import capture_logs

from tests.store.counting import CountingStore
from tests.web.admin.admin_listener import CATALOG, USUAL, admin_app
from waypost.core.address import DomainName
from waypost.core.errors import StoreUnavailable
from waypost.core.model import Domain
from waypost.formats.discovery_hosts import KINDS
from waypost.store.cache import CacheLimits, DomainCache
from waypost.store.memory import MemoryDomains, MemoryStore
from waypost.web.admin.guard import REFUSAL
from waypost.web.public.log_texts import HIDDEN


class Away(MemoryDomains):
    """Domains of a database that does not answer."""

    async def find(self, domain: DomainName) -> Domain | None:
        """Fail."""
        raise StoreUnavailable(f"{domain} is not known now")


def get(
    url: str,
    *,
    kinds: tuple[str, ...] = USUAL,
    peer: str = "127.0.0.1",
    domains: MemoryDomains | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """Send a request to the application, as a peer."""
    finder = MemoryDomains(MemoryStore(CATALOG)) if domains is None else domains
    transport = httpx.ASGITransport(admin_app(finder, kinds), client=(peer, 4000))

    async def asking() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get(url, headers=headers)

    return anyio.run(asking)


NAMES = [
    # name, status with the usual kinds, status with all kinds
    ("autoconfig.example.com", 200, 200),
    ("autodiscover.example.com", 200, 200),
    ("ua-auto-config.example.com", 200, 200),
    ("AutoConfig.EXAMPLE.com", 200, 200),
    ("autoconfig.example.com.", 200, 200),
    ("autoconfig.xn--bcher-kva.example", 200, 200),
    ("autoconfig.b%C3%BCcher.example", 200, 200),
    ("autoconfig.B%C3%9CCHER.example", 200, 200),
    ("mta-sts.example.com", 404, 200),
    ("example.com", 404, 200),
    ("www.example.com", 404, 404),
    ("autoconfig.unserved.example", 404, 404),
    ("autoconfig.a.wild.example", 200, 200),
    ("autoconfig.wild.example", 404, 404),
    ("a.wild.example", 404, 404),
    ("autoconfig.stranger.top", 404, 404),
    ("autoconfig.example.com.stranger.net", 404, 404),
    ("stranger.net", 404, 404),
    ("autoconfig", 404, 404),
    ("127.0.0.1", 404, 404),
    ("*.example.com", 404, 404),
    ("autoconfig..example.com", 404, 404),
    ("autoconfig.example.com:443", 404, 404),
    ("autoconfig.%FF.example", 404, 404),
    ("autoconfig.example.com%00", 404, 404),
    ("autoconfig." + "a" * 5000, 404, 404),
]


@pytest.mark.rule(
    "proxies-ask-status", "proxies-ask-names", "proxies-ask-form", "proxies-ask-patterns"
)
@pytest.mark.parametrize(("name", "usual", "every"), NAMES)
def test_who_gets_a_certificate(name: str, usual: int, every: int) -> None:
    """Names of served domains are allowed, in any form, and no others."""
    for kinds, status in ((USUAL, usual), (KINDS, every)):
        answer = get(f"/tls/ask?domain={name}", kinds=kinds)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.text.count("\n") == 1


@pytest.mark.parametrize(
    "name",
    ["alice@example.com", "alice%2540example.com", "alice%EF%BC%A0example.com", "%1B]0;alice%07"],
)
def test_no_address_in_the_log(name: str) -> None:
    """A name that is not a host name is not logged, because it may be an address."""
    with capture_logs() as lines:
        get(f"/tls/ask?domain={name}")

    assert [line["host"] for line in lines] == [HIDDEN]


QUESTIONS = [
    # query, status
    ("", 400),
    ("?domain", 400),
    ("?domain=", 400),
    ("?domain=%20", 400),
    ("?name=autoconfig.example.com", 400),
    ("?domain=autoconfig.example.com&domain=autoconfig.example.com", 400),
    ("?domain=autoconfig.example.com&domain=", 400),
    ("?token=1&domain=autoconfig.example.com", 200),
]


@pytest.mark.rule("proxies-ask-one")
@pytest.mark.parametrize(("query", "status"), QUESTIONS)
def test_query_needs_one_name(query: str, status: int) -> None:
    """No name and two names are an error; other parameters are ignored."""
    assert get(f"/tls/ask{query}").status_code == status


@pytest.mark.rule("proxies-ask-outage")
def test_no_answer_while_database_is_unavailable() -> None:
    """While the database does not answer, no client gets a yes or a no."""
    redirect = Away(None)
    assert get("/tls/ask?domain=autoconfig.example.com", domains=redirect).status_code == 503
    assert get("/tls/ask?domain=www.example.com", domains=redirect).status_code == 404


PEERS = [
    # peer, headers, whether it is answered
    ("127.0.0.1", {}, True),
    ("127.8.8.8", {"host": "127.0.0.1:4244"}, True),
    ("::1", {"host": "[::1]:4244"}, True),
    ("::ffff:127.0.0.1", {"host": "localhost:4244"}, True),
    ("192.0.2.1", {}, False),
    ("2001:db8::1", {}, False),
    ("127.0.0.1", {"x-forwarded-for": "127.0.0.1"}, False),
    ("127.0.0.1", {"forwarded": "for=127.0.0.1"}, False),
    ("127.0.0.1", {"host": "rebound.example:4244"}, False),
    ("127.0.0.1", {"host": "localhost:evil"}, False),
    ("127.0.0.1", {"host": "[::1]:evil"}, False),
]


@pytest.mark.rule("proxies-ask-loopback")
@pytest.mark.parametrize(("peer", "headers", "answered"), PEERS)
@pytest.mark.parametrize("url", ["/tls/ask?domain=autoconfig.example.com", "/api/v1/openapi.json"])
def test_programs_of_this_machine(
    url: str, peer: str, headers: dict[str, str], answered: bool
) -> None:
    """A client that does not ask directly from this machine gets no answer and no description."""
    answer = get(url, peer=peer, headers=headers)
    assert answer.status_code == (200 if answered else 403)
    assert answered or answer.text == REFUSAL


@pytest.mark.rule("proxies-ask-status")
@pytest.mark.parametrize("path", ["/tls/ask/", "/tls", "/TLS/ASK", "/metrics/", "/"])
def test_wrong_url_is_not_redirected(path: str) -> None:
    """A URL with a small error is a 404, not a redirect, which a web server takes as a no."""
    assert get(f"{path}?domain=autoconfig.example.com").status_code == 404


def test_description() -> None:
    """The OpenAPI description has the request and its answers; no page loads scripts."""
    described = get("/api/v1/openapi.json").json()["paths"]["/tls/ask"]["get"]
    assert [parameter["name"] for parameter in described["parameters"]] == ["domain"]
    assert {"200", "400", "404", "503"} <= set(described["responses"])
    assert "422" not in described["responses"]
    assert get("/docs").status_code == get("/redoc").status_code == 404


def ask_often(store: CountingStore, names: list[str]) -> set[int]:
    """Request names one after the other, with a cache before a store; return the statuses."""

    async def asking() -> set[int]:
        cache = DomainCache(store, CacheLimits())
        transport = httpx.ASGITransport(admin_app(cache, USUAL), client=("127.0.0.1", 4000))
        async with httpx.AsyncClient(transport=transport, base_url="http://[::1]:4244") as client:
            answers = [await client.get(f"/tls/ask?domain={name}") for name in names]
        await cache.close()
        return {answer.status_code for answer in answers}

    return anyio.run(asking)


@pytest.mark.rule("proxies-ask-fast")
def test_answers_come_from_memory() -> None:
    """However often names are requested, the database is asked about each domain once."""
    store = CountingStore()
    names = [f"{kind}.d{number}.com" for number in range(50) for kind in USUAL]
    assert ask_often(store, names * 2) == {200}
    assert len(store.asked) == len(set(store.asked)) == 50


def test_names_of_another_form() -> None:
    """Names that cannot be served never reach the database, however many are invented."""
    store = CountingStore()
    assert ask_often(store, [f"www{number}.example.com" for number in range(100)]) == {404}
    assert store.asked == []
