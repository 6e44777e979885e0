"""The metrics of a running server, with one worker and with several."""

import os
import signal
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.cli.serve.test_serve import AUTOCONFIG, serving
from tests.cli.serve.test_serve_reload import all_started, until, workers_of
from tests.servers.waypost import free_port


def samples(port: int) -> dict[tuple[str, ...], float]:
    """Return each sample: its name, then the values of its labels."""
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.mark.parametrize("workers", ["1", "2"])
def test_requests_are_counted(home: Path, workers: str) -> None:
    """Each worker reports the sum, and only on the metrics listener."""
    port = free_port()
    flags = ["--demo", "--workers", workers, "--metrics-listen", f"127.0.0.1:{port}"]
    with serving(home, *flags) as server:
        for _ in range(20):
            server.status(f"{AUTOCONFIG}a@example.com")
        server.status(f"{AUTOCONFIG}a@unserved.example")
        server.status("/autodiscover/autodiscover.xml")
        assert server.status("/metrics") == 404
        found = samples(port)
        assert found["waypost_requests_total", "none", "autoconfig", "ok"] == 20
        assert found["waypost_requests_total", "none", "autoconfig", "not_served"] == 1
        assert found["waypost_requests_total", "none", "autodiscover", "method_not_allowed"] == 1
        assert found["waypost_cache_answers_total", "hit"] >= 21
        assert found["waypost_store_up",] == 1
        assert all(name[0].startswith("waypost_") for name in found)
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 404
        assert httpx.post(f"http://127.0.0.1:{port}/metrics").status_code == 501


def test_off_by_default(home: Path) -> None:
    """Without the option, the only listener is the one for mail clients."""
    with serving(home, "--demo") as server:
        assert server.status("/metrics") == 404
        status = Path(f"/proc/{server.pid}/net/tcp").read_text(encoding="ascii")
        files = list(Path(f"/proc/{server.pid}/fd").iterdir())
        inodes = {str(file.readlink()) for file in files if file.is_symlink()}
        listening = [line.split() for line in status.splitlines() if line.split()[3] == "0A"]
        own = [line for line in listening if f"socket:[{line[9]}]" in inodes]
    assert len(own) == 1


def test_worker_that_ends(home: Path) -> None:
    """The counters of a worker stay when it ends; its gauges do not."""
    port = free_port()
    (home / "mail.toml").write_text('[[provider]]\nname = "Own"\n', encoding="utf-8")
    flags = ["--providers", "mail.toml", "--workers", "2", "--metrics-listen", f"127.0.0.1:{port}"]
    with serving(home, *flags) as server:
        all_started(server, 2)
        for _ in range(10):
            server.status("/nothing")
        before = samples(port)
        for pid in workers_of(server):
            os.kill(pid, signal.SIGKILL)
        until(lambda: server.log.read_text().count("Started server process") == 4, "new workers")
        read = "waypost_providers_loaded_timestamp_seconds"
        until(lambda: samples(port)[read,] > before[read,], "state of the new workers")
        after = samples(port)
    name = ("waypost_requests_total", "none", "none", "not_found")
    assert before[name] == after[name] == 10


def test_variable_of_the_library(home: Path) -> None:
    """The variable for multiprocess files of Prometheus' library has no effect."""
    port = free_port()
    flags = ["--demo", "--workers", "2", "--metrics-listen", f"127.0.0.1:{port}"]
    with serving(home, *flags, PROMETHEUS_MULTIPROC_DIR=f"{home / 'missing'}") as server:
        server.status("/nothing")
        assert samples(port)["waypost_requests_total", "none", "none", "not_found"] == 1
