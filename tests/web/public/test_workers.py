"""The parent of several workers, with workers that are smaller than those that serve."""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.process import Process
from tests.servers.process_tree import lives
from tests.servers.waypost import SOURCE

ROOT: Final = Path(__file__).parents[3]
RESTARTED = "worker exited; restarting"


class Parent:
    def __init__(self, process: Process) -> None:
        self.process = process

    def text(self) -> str:
        return self.process.log.read_text(encoding="utf-8")

    def lines(self, event: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.text().splitlines() if line.startswith("{")]
        return [line for line in found if line["event"] == event]

    def workers(self) -> list[int]:
        """Return the ids of the workers that have started, the ended ones too."""
        return [int(pid) for pid in re.findall(r"^started (\d+)$", self.text(), re.MULTILINE)]

    def wait(self, holds: Callable[[], bool]) -> None:
        self.process.wait_until(holds)


@contextmanager
def parent(folder: Path, kind: str, count: int, *changes: str) -> Iterator[Parent]:
    command = [sys.executable, "-m", "tests.web.public.small_workers", kind, f"{count}", *changes]
    environment = os.environ | {"PYTHONPATH": f"{SOURCE}:{ROOT}"}
    log = folder / "log"
    with Process(command, log=log, environment=environment, folder=folder) as process:
        yield Parent(process)


def test_killed_workers_are_replaced_at_once(tmp_path: Path) -> None:
    """Workers that are killed together are replaced, and the log names the signal."""
    with parent(tmp_path, "good", 3) as running:
        running.wait(lambda: len(running.workers()) == 3)
        time.sleep(1.5)  # longer than the life of a worker that counts as failed
        for pid in running.workers():
            os.kill(pid, signal.SIGKILL)
        running.wait(lambda: len(running.workers()) == 6)
        lines = running.lines(RESTARTED)
    assert [line["reason"] for line in lines] == ["killed by SIGKILL"] * 3
    assert [line["retry_seconds"] for line in lines] == [0.0] * 3


def test_worker_that_ends_at_every_start(tmp_path: Path) -> None:
    """A worker that fails at once is restarted later each time, and the other worker stays."""
    with parent(tmp_path, "one_good", 2) as running:
        running.wait(lambda: len(running.lines(RESTARTED)) == 6)
        lines = running.lines(RESTARTED)
        assert [line["retry_seconds"] for line in lines] == [0.0, 0.1, 0.25, 0.5, 1.0, 3.0]
        assert {line["reason"] for line in lines} == {"exit code 7"}
        good = set(running.workers()) - {line["pid"] for line in lines}
        assert [lives(pid) for pid in good] == [True]


def test_silent_worker_is_replaced(tmp_path: Path) -> None:
    """A worker without reports is killed, with a log line, and replaced."""
    with parent(tmp_path, "good", 2, "SILENT_WORKER_SECONDS=4.0") as running:
        running.wait(lambda: len(running.workers()) == 2)
        silent, other = running.workers()
        os.kill(silent, signal.SIGSTOP)
        running.wait(lambda: len(running.workers()) == 3)
        (line,) = running.lines("worker does not respond; killing it")
        assert line["pid"] == silent
        assert lives(other)


def test_worker_that_starts_slowly(tmp_path: Path) -> None:
    """If a worker is killed before its first report, the next one has twice as long to start."""
    with parent(tmp_path, "slow", 1, "SILENT_WORKER_SECONDS=2.0") as running:
        running.wait(lambda: bool(running.workers()))
        (pid,) = running.workers()
        lines = running.lines("worker does not respond; killing it")
        assert lives(pid)
    assert [line["seconds"] for line in lines] == [2.0, 4.0, 8.0, 16.0][: len(lines)]
    assert lines


def test_worker_whose_event_loop_hangs(tmp_path: Path) -> None:
    """A worker that sends reports, but answers no request, is killed, and the others stay."""
    with parent(tmp_path, "stuck", 2, "SILENT_LOOP_SECONDS=3.0") as running:
        running.wait(lambda: len(running.workers()) == 3)
        (line,) = running.lines("event loop of worker does not run; killing it")
        alive = [pid for pid in running.workers() if lives(pid)]
        assert len(alive) == 2
        assert line["pid"] not in alive


def test_parent_that_was_stopped(tmp_path: Path) -> None:
    """A parent that was stopped for a while does not take its workers as silent."""
    with parent(tmp_path, "good", 2, "SILENT_WORKER_SECONDS=4.0") as running:
        running.wait(lambda: len(running.workers()) == 2)
        (pid,) = {
            int(Path(f"/proc/{one}/stat").read_text().split()[3]) for one in running.workers()
        }
        os.kill(pid, signal.SIGSTOP)
        time.sleep(6)
        os.kill(pid, signal.SIGCONT)
        time.sleep(1)
        assert len(running.workers()) == 2
        assert "does not respond" not in running.text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_worker_that_does_not_end(tmp_path: Path, number: signal.Signals) -> None:
    """A worker that ignores SIGTERM is killed, and so is one that is stopped."""
    with parent(tmp_path, "stubborn", 2, "SHUTDOWN_TIMEOUT_SECONDS=0.5") as running:
        running.wait(lambda: len(running.workers()) == 2)
        workers = running.workers()
        os.kill(workers[0], signal.SIGSTOP)
        pid = int(Path(f"/proc/{workers[0]}/stat").read_text().split()[3])
        os.kill(pid, number)
        end = time.monotonic() + PATIENCE_SECONDS
        while lives(pid) and time.monotonic() < end:
            time.sleep(0.02)
        assert not any(lives(one) for one in (pid, *workers))
        assert len(running.lines("worker does not exit; killing it")) == 2


def test_more_and_fewer_workers(tmp_path: Path) -> None:
    """SIGTTIN adds a worker, SIGTTOU ends one, a stopped one too, and the last one stays."""
    with parent(tmp_path, "good", 1, "SHUTDOWN_TIMEOUT_SECONDS=0.5") as running:
        running.wait(lambda: len(running.workers()) == 1)
        (first,) = running.workers()
        pid = int(Path(f"/proc/{first}/stat").read_text().split()[3])
        os.kill(pid, signal.SIGTTIN)
        running.wait(lambda: len(running.workers()) == 2)
        second = running.workers()[1]
        os.kill(second, signal.SIGSTOP)
        os.kill(pid, signal.SIGTTOU)
        running.wait(lambda: not lives(second))
        os.kill(pid, signal.SIGTTOU)
        os.kill(pid, signal.SIGHUP)
        running.wait(lambda: "hung up" in running.text())
        assert lives(first)
        assert running.lines(RESTARTED) == []
        assert len(running.workers()) == 2


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT])
def test_other_signals(tmp_path: Path, number: signal.Signals) -> None:
    """A signal without a meaning ends nothing."""
    with parent(tmp_path, "good", 2) as running:
        running.wait(lambda: len(running.workers()) == 2)
        pid = int(Path(f"/proc/{running.workers()[0]}/stat").read_text().split()[3])
        os.kill(pid, number)
        time.sleep(0.5)
        assert [lives(one) for one in (pid, *running.workers())] == [True] * 3


def test_application_that_fails_to_start(tmp_path: Path) -> None:
    """If a worker cannot start and none has served, all end, with the exit code of a failure."""
    with parent(tmp_path, "failing", 2) as running:
        with pytest.raises(TimeoutError, match="ended"):
            running.wait(lambda: False)
        assert running.lines("worker cannot start; Waypost exits")
        assert running.process.exit_code == 3


def test_application_that_fails_to_start_later(tmp_path: Path) -> None:
    """If a worker cannot start while others serve, they continue, and it is started again."""
    with parent(tmp_path, "failing_later", 1) as running:
        running.wait(lambda: len(running.workers()) == 1)
        time.sleep(0.5)
        os.kill(running.workers()[0], signal.SIGKILL)
        running.wait(lambda: len(running.lines(RESTARTED)) == 3)
        reasons = [line["reason"] for line in running.lines(RESTARTED)]
    assert reasons == ["killed by SIGKILL", "exit code 3", "exit code 3"]


def test_no_room_for_a_process(tmp_path: Path) -> None:
    """If the system cannot start a worker, it is started later."""
    with parent(tmp_path, "no room", 2) as running:
        running.wait(lambda: len(running.workers()) == 2)
        lines = running.lines("cannot start worker; retrying")
        assert [line["reason"] for line in lines] == ["Resource temporarily unavailable"] * 3
