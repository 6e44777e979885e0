"""One deadline for all that a client waits for, however slowly a server sends."""

import ssl
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.net.dripping import KINDS, dripping
from waypost.core.errors import FetchError
from waypost.diagnostics.comparison.server import CheckedServer, fetch_answer
from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup
from waypost.diagnostics.simulated_clients.session import ClientRequest
from waypost.diagnostics.transports.http_client import ExchangeLimits, HttpClient
from waypost.diagnostics.transports.resolving_transport import ResolvingTransport
from waypost.diagnostics.transports.transport import ClientTransport, SingleServerTransport
from waypost.net.http_client import FetchLimits, fetch
from waypost.net.system_transport import SystemTransport

SECONDS = 0.05
# For a slow machine, not for the server: each script runs for much longer.
BOUND_SECONDS = 10


def by_fetch(url: str) -> None:
    with suppress(FetchError):
        fetch(url, FetchLimits(1024 * 1024, seconds=SECONDS), SystemTransport(), {})


def by_compare(url: str) -> None:
    fetch_answer(CheckedServer.parse(url), "autoconfig", "a", "example.com", SECONDS)


def _by_http_client(transport: ClientTransport, url: str, host: str) -> None:
    http = HttpClient(
        transport, ExchangeLimits(timeout_seconds=SECONDS), tls_context=ssl.create_default_context()
    )
    http.send(ClientRequest("GET", url.partition(":")[0], host, "/"))


def by_conformance(url: str) -> None:
    _by_http_client(
        SingleServerTransport(CheckedServer.parse(url), ("example.com",)), url, "example.com"
    )


def by_doctor(url: str) -> None:
    def resolve(lookup: DnsLookup) -> tuple[DnsAnswer, ...]:
        return (DnsAnswer("127.0.0.1"),) if lookup.type == "A" else ()

    port = url.rpartition(":")[2]
    _by_http_client(ResolvingTransport(resolve, frozenset()), url, f"example.com:{port}")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("client", [by_fetch, by_compare, by_conformance, by_doctor])
def test_dripping_servers(
    client: Callable[[str], None], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each client of Waypost stops waiting for each server in time."""
    monkeypatch.setenv("no_proxy", "*")
    with dripping(kind) as url:
        begun = time.monotonic()
        client(url)
        lasted = time.monotonic() - begun
    assert lasted < BOUND_SECONDS


def test_redirects_share_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redirects that are quick each are aborted when the time is over for all of them."""
    monkeypatch.setenv("no_proxy", "*")
    limits = FetchLimits(1024, seconds=SECONDS, redirects=100)
    with dripping("redirects") as url, pytest.raises(FetchError, match=r"took longer than 0\.05 s"):
        fetch(url, limits, SystemTransport(), {})


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "redirects"])
def test_dripping_proxies(scheme: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow proxy is aborted in time as well, with and without a tunnel."""
    monkeypatch.delenv("no_proxy", raising=False)
    with dripping(kind) as url:
        monkeypatch.setenv(f"{scheme}_proxy", url.replace("https:", "http:"))
        begun = time.monotonic()
        by_fetch(f"{scheme}://public.example/")
        lasted = time.monotonic() - begun
    assert lasted < BOUND_SECONDS
