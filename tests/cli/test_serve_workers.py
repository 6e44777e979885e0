"""Several workers on a machine that has much else to do."""

import time
from pathlib import Path

from tests.cli.test_serve import serving
from tests.cli.test_serve_operators import children
from tests.cli.test_serve_reload import all_started
from tests.servers.frozen import frozen


def test_slow_worker_is_waited_for(home: Path) -> None:
    """A worker that says nothing for some seconds, as while it starts, is not put an end to."""
    with serving(home, "--demo", "--admin-port", "0", "--workers", "2") as server:
        all_started(server, 2)
        workers = [pid for pid in children(server.pid) if is_worker(pid)]
        with frozen(workers[0]):
            time.sleep(8)
        assert "died" not in server.log.read_text()
        assert [pid for pid in children(server.pid) if is_worker(pid)] == workers


def is_worker(pid: int) -> bool:
    return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
