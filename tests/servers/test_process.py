"""A program of the tests ends with them, even if they are killed without a cleanup."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.servers.accounts import account, folder_of
from tests.servers.postgresql import programs
from tests.servers.process import Process
from tests.servers.process_tree import descendants, lives
from tests.servers.requirements import require
from tests.servers.waypost import SOURCE

ROOT = Path(__file__).parents[2]
# A small test run with a server, which is killed while it runs.
RUN = """
import os, sys
from pathlib import Path
from tests.servers.mariadb import mariadb
from tests.servers.postgresql import postgresql
from tests.servers.process import Process
from tests.servers.process_tree import descendants, lives
from tests.servers.waypost import waypost
folder = Path(os.environ["TMPDIR"])
with {server}:
    print("runs", flush=True)
    sys.stdin.read()
"""
PROVIDERS = """
[[provider]]
name = "Own"
domains = ["own.example"]
services = [{ type = "imap", host = "imap.own.example" }]
"""
SERVERS = [
    # how it is run, the owner of its folder, the required programs, the number of its processes
    ('Process(["sleep", "600"], log=folder / "log", folder=folder)', None, [], 1),
    ('waypost(folder, folder / "mail.toml")', None, [], 1),
    ("postgresql()", "postgres", [f"{programs() / 'postgres'}"], 5),
    ("mariadb()", "mysql", ["mariadbd", "mariadb-install-db", "mariadb"], 1),
]
LOOKS = 400
PAUSE_SECONDS = 0.05


def started_by(pid: int) -> set[str]:
    """Return the descendants of a process, with their start times."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except FileNotFoundError:  # it has just ended
        return set()
    children = text.split()
    return {one for child in children for one in ({seen(child)} | started_by(int(child))) if one}


def seen(pid: str) -> str:
    """Return a unique name of a process, or an empty text if it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")  # proc_pid_stat(5)
    except (FileNotFoundError, ProcessLookupError):
        return ""
    name, _, rest = stat.rpartition(")")
    state, *fields = rest.split()
    return "" if state in {"Z", "X"} else f"{name}) started at {fields[18]}"


def left_of(processes: set[str]) -> set[str]:
    """Return the processes that still run."""
    return {one for one in processes if seen(one.partition(" ")[0]) == one}


@pytest.mark.servers
@pytest.mark.parametrize(("server", "owner", "needed", "count"), SERVERS)
def test_a_server_ends_with_killed_tests(
    server: str, owner: str | None, needed: Iterable[str], count: int
) -> None:
    """If a test run gets SIGKILL, its server ends with all its processes."""
    require(programs=needed)
    with folder_of(account(owner) if owner else None) as folder:
        (folder / "mail.toml").write_text(PROVIDERS, encoding="utf-8")
        environment = os.environ | {
            "TMPDIR": f"{folder}",
            "PYTHONPATH": os.pathsep.join([f"{ROOT}", f"{SOURCE}"]),
            "WAYPOST_WORKERS": "2",
        }
        with subprocess.Popen(
            [sys.executable, "-c", RUN.format(server=server)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=environment,
        ) as run:
            try:
                assert run.stdout is not None
                assert run.stdout.readline() == b"runs\n"
                processes = started_by(run.pid)
                assert len(processes) >= count, processes
            finally:
                run.send_signal(signal.SIGKILL)
        for _ in range(LOOKS):
            if not left_of(processes):
                break
            time.sleep(PAUSE_SECONDS)
        assert left_of(processes) == set()


def test_killed_with_a_child_in_its_own_session(tmp_path: Path) -> None:
    """`kill` also ends a child that has its own session, as those of PostgreSQL have."""
    command = ["sh", "-c", "setsid sleep 600 & wait"]
    with Process(command, log=tmp_path / "log", folder=tmp_path) as process:
        process.wait_until(lambda: any(map(leads_a_session, descendants(process.pid))))
        below = descendants(process.pid)
        process.kill()
        assert [pid for pid in (process.pid, *below) if lives(pid)] == []


def leads_a_session(pid: int) -> bool:
    """Return whether a process has called setsid(2)."""
    try:
        return os.getsid(pid) == pid
    except ProcessLookupError:
        return False


def test_a_thread_is_refused(tmp_path: Path) -> None:
    """A program is started in the main thread only: it ends with the thread that started it."""
    shown: list[str] = []

    def start() -> None:
        try:
            Process(["true"], log=tmp_path / "log").__enter__()
        except RuntimeError as error:
            shown.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert shown == ["start true in the main thread: it would end with this one"]
