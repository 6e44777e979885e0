"""`/healthz` and `/readyz` of the admin listener."""

import time
from pathlib import Path
from typing import Any

import anyio
import httpx

from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.waypost import free_port, waypost
from tests.web.admin.admin_listener import CATALOG, admin_app
from waypost.runtime.metrics import Metrics
from waypost.runtime.worker_counts import Counts, collect_counts
from waypost.store.memory import MemoryDomains, MemoryStore

PROVIDERS = """
[[provider]]
name = "Example"
domains = ["example.com"]
services = [{ type = "imap", host = "imap.example.com" }]
"""


def get(path: str, workers: tuple[Counts, ...], peer: str = "127.0.0.1") -> httpx.Response:
    """Send a request to the application."""

    async def read() -> tuple[Counts, ...]:
        return workers

    domains = MemoryDomains(MemoryStore(CATALOG))
    app = admin_app(domains, read_workers=read)
    transport = httpx.ASGITransport(app, client=(peer, 4000))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get(path)

    return anyio.run(ask)


def ready_worker() -> Counts:
    metrics = Metrics()
    metrics.watch_readiness(lambda: True)
    return collect_counts(metrics.all)


def test_ready() -> None:
    """With a worker that answers it is 200, and no cache keeps it."""
    answer = get("/readyz", (ready_worker(),))
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"


def test_degraded() -> None:
    """A part that fails without hurting all clients leaves it at 200."""
    metrics = Metrics()
    metrics.watch_readiness(lambda: True)
    metrics.record_directory_state("LDAP", up=False)
    answer = get("/readyz", (collect_counts(metrics.all),))
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")


def test_no_worker() -> None:
    """Without a worker it is 503, and the admin process is alive."""
    assert get("/readyz", ()).status_code == 503
    assert get("/healthz", ()).text == "ok\n"


def test_remote_clients_get_nothing() -> None:
    """Only programs of this machine get the report."""
    assert get("/readyz", (ready_worker(),), peer="192.0.2.1").status_code == 403


def test_workers_of_a_real_server(tmp_path: Path) -> None:
    """The admin listener reports all workers, without `metrics_listen`."""
    providers = tmp_path / "providers.toml"
    providers.write_text(PROVIDERS, encoding="utf-8")
    admin = free_port()
    with waypost(tmp_path, providers, admin_port=admin, options=["--workers", "2"]) as server:
        report = _wait_for(f"http://127.0.0.1:{admin}/readyz", 2)
        assert report["status"] == "ready"
        assert report["workers"] == {"running": 2, "ready": 2}
        assert report["providers_file"]["state"] == "loaded"
        assert httpx.get(f"http://127.0.0.1:{server.port}/readyz").text == "ready\n"
        metrics = f"http://127.0.0.1:{admin}/metrics"
        assert "\nwaypost_domains_served 1.0\n" in httpx.get(metrics).text


def _wait_for(url: str, workers: int) -> dict[str, Any]:
    """Wait until all workers have reported, and return the report."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        report: dict[str, Any] = httpx.get(url, timeout=30).json()
        if report["workers"]["ready"] == workers:
            return report
        if time.monotonic() > end:
            raise TimeoutError(str(report))
        time.sleep(0.1)
