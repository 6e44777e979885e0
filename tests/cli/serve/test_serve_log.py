"""What `waypost serve` writes to standard error, to its last line."""

import json
import time
from pathlib import Path

import pytest

from tests.servers.patience import PATIENCE_SECONDS
from tests.torture.server import Server, ask


@pytest.mark.parametrize("workers", [1, 2])
def test_all_lines_are_written(tmp_path: Path, workers: int) -> None:
    """Each process writes all its log lines before SIGTERM ends it, in order and as JSON."""
    server = Server(tmp_path, workers=workers)
    with server:
        for _ in range(50):
            ask(server.port, "/nothing")
        # A worker that SIGTERM meets at its start has nothing to finish.
        end = time.monotonic() + PATIENCE_SECONDS
        while server.log_text().count("Application startup complete") < workers:
            assert time.monotonic() < end
            time.sleep(0.05)
        server.stop()
    lines = [json.loads(line) for line in server.log_text().splitlines()]
    events = [line["event"] for line in lines]

    assert events.count("request") == 50
    assert sum(event.startswith("Finished server process") for event in events) == workers


def test_failure_at_the_start_is_written(tmp_path: Path) -> None:
    """If a server does not start, the reason is on standard error before it ends."""
    server = Server(tmp_path, workers=1, options=("--providers", "missing.toml"))
    with pytest.raises(TimeoutError), server:
        pass

    assert "missing.toml" in server.log_text()
