"""Processes of a server that are killed or stopped: workers, the admin process, the parent."""

import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from tests.servers.process_tree import lives
from tests.torture.attack import Attack, Figure
from tests.torture.server import Server, ask
from tests.torture.waiting import seconds_until

PATH: Final = "/mail/config-v1.1.xml?emailaddress=alice@example.com"
SLOW_START_SECONDS: Final = 0.7


def _kill_starting_worker(server: Server) -> list[Figure]:
    known = set(server.processes())
    os.kill(server.worker_processes()[0], signal.SIGKILL)
    figures = [Figure("killed worker to the next one", _next(server, known), "s", 1)]
    for seconds in (0.0, SLOW_START_SECONDS):
        _kill_new(server, known, seconds)
        figures.append(Figure("killed start to the next one", _next(server, known), "s", 1))
    figures.append(Figure("until all workers serve", _until_all_serve(server), "s", 10))
    return figures


def _lose_fork_server(number: signal.Signals) -> Callable[[Server], list[Figure]]:
    """Return an attack that kills or stops the fork server, and then kills a worker."""

    def attack(server: Server) -> list[Figure]:
        os.kill(server.fork_server(), number)
        known = set(server.processes())
        os.kill(server.worker_processes()[0], signal.SIGKILL)
        return [
            Figure("killed worker to the next one", _next(server, known), "s", 15),
            Figure("until all workers serve", _until_all_serve(server), "s", 10),
        ]

    return attack


def _kill_all_workers(server: Server) -> list[Figure]:
    known = set(server.processes())
    one, *others = server.worker_processes()
    os.kill(one, signal.SIGKILL)
    _next(server, known)
    _kill_new(server, known, SLOW_START_SECONDS)
    for pid in others:
        os.kill(pid, signal.SIGKILL)
    start = time.monotonic()
    first = _next(server, known)
    ask(server.port, PATH)
    return [
        Figure("killed workers to the next one", first, "s", 1),
        Figure("killed workers to an answer", time.monotonic() - start, "s", 10),
        Figure("until all workers serve", _until_all_serve(server), "s", 10),
    ]


def _stop_worker(server: Server) -> list[Figure]:
    os.kill(server.worker_processes()[0], signal.SIGSTOP)
    time.sleep(1)  # The probe is answered by the other one.
    return []


def _stop_admin_process(server: Server) -> list[Figure]:
    os.kill(server.admin_process(), signal.SIGSTOP)
    time.sleep(1)
    return []


def _kill_parent(server: Server) -> list[Figure]:
    """Kill the parent while some of its workers are stopped."""
    for pid in (server.admin_process(), *server.worker_processes()[:1]):
        if pid != server.pid:
            os.kill(pid, signal.SIGSTOP)
    return [_seconds_without_parent(server), *_left_behind(server)]


def _seconds_without_parent(server: Server) -> Figure:
    below = server.processes()[1:]
    os.kill(server.pid, signal.SIGKILL)
    # The threads of the parent may end after its children, and have the port of the metrics.
    seconds = seconds_until(
        lambda: not any(lives(pid) for pid in below) and not _count_taken_ports(server), pause=0.01
    )
    return Figure("killed parent to the end of all", seconds, "s", 2)


def _count_taken_ports(server: Server) -> int:
    taken = 0
    for port in (server.port, server.admin_port, server.metrics_port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                taken += 1
    return taken


def _left_behind(server: Server) -> list[Figure]:
    left = len(list(server.temporary.iterdir()))
    return [
        Figure("ports that are taken", _count_taken_ports(server), "", 0),
        Figure("temporary files that are left", left, "", 0),
    ]


def _kill_new(server: Server, known: set[int], seconds: float) -> None:
    """Kill a process that was just started, after so many seconds without an action."""
    new = set(server.processes()) - known
    known |= new
    for number, pause in ((signal.SIGSTOP, seconds), (signal.SIGKILL, 0.0)):
        for pid in new:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        time.sleep(pause)


def _next(server: Server, known: set[int]) -> float:
    return seconds_until(lambda: bool(set(server.processes()) - known), pause=0.01)


def _until_all_serve(server: Server) -> float:
    def all_started() -> bool:
        log = server.log_text()
        workers = server.worker_processes()
        started = [pid for pid in workers if f"Started server process [{pid}]" in log]
        return len(started) >= server.workers

    return seconds_until(all_started, pause=0.01)


ATTACKS = (
    Attack(
        "a worker killed while it starts",
        "operation",
        _kill_starting_worker,
        workers=(2,),
        lost=1,  # The worker that is killed first may be answering; the others have not started.
    ),
    Attack(
        "all workers killed and one at its start",
        "operation",
        _kill_all_workers,
        workers=(2,),
        probed=False,  # Until a worker has started there is no answer.
    ),
    *(
        Attack(
            f"a {text} fork server and a killed worker",
            "operation",
            _lose_fork_server(number),
            workers=(2,),
            lost=1,  # The worker may be answering.
        )
        for text, number in (("killed", signal.SIGKILL), ("stopped", signal.SIGSTOP))
    ),
    Attack(
        "a stopped worker",
        "operation",
        _stop_worker,
        workers=(2,),
        lost=1,  # The worker may have accepted one connection before it is stopped.
        stops_within=15,
    ),
    Attack(
        "a stopped admin process",
        "operation",
        _stop_admin_process,
        stops_within=15,
    ),
    Attack("a killed parent", "operation", _kill_parent, probed=False),
)
