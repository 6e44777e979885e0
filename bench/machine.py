"""The machine: its cores, the memory of processes, and what a reader needs to compare figures."""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.servers.requirements import find_program


@dataclass(frozen=True, slots=True)
class Cores:
    """Which cores the programs may use.

    Attributes:
        server: the core of a server.
        both: the two cores of a server with two workers.
        load: the core of wrk.
        note: what a reader of the figures must know.
    """

    server: frozenset[int]
    both: frozenset[int]
    load: frozenset[int]
    note: str


def cores(available: Sequence[int]) -> Cores:
    """Return which of the available cores the programs use."""
    if len(available) < 2:
        every = frozenset(available)
        return Cores(
            every, every, every, "There is one core: servers and wrk share it, and are not pinned."
        )
    first, second, *more = sorted(available)
    both = frozenset({first, second})
    if more:
        note = f"A server runs on core {first}, two workers also on {second}, wrk on {more[0]}."
        return Cores(frozenset({first}), both, frozenset({more[0]}), note)
    note = f"A server runs on core {first}, wrk on core {second}. Two workers run on both cores, "
    note += f"and share core {second} with wrk, so their ratio is a lower bound."
    return Cores(frozenset({first}), both, frozenset({second}), note)


def available_cores() -> list[int]:
    """Return the cores that this process may use."""
    return sorted(os.sched_getaffinity(0))


def pinned(command: Sequence[str], on: frozenset[int]) -> list[str]:
    """Return a command that runs on some cores only."""
    return ["taskset", "--cpu-list", ",".join(map(str, sorted(on))), *command]


@dataclass(frozen=True, slots=True)
class Memory:
    """The memory of a process, in MB: its resident pages, and its proportional part of them."""

    rss: float
    pss: float


def memory(pid: int) -> Memory:
    """Return the memory of a process."""
    return parsed_memory(Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii"))


def parsed_memory(text: str) -> Memory:
    """Return what a file `smaps_rollup` says: see proc_pid_smaps(5)."""
    found = dict(re.findall(r"^(Rss|Pss):\s+(\d+) kB$", text, re.MULTILINE))
    return Memory(int(found["Rss"]) * 1024 / 1e6, int(found["Pss"]) * 1024 / 1e6)


def missing_programs() -> list[str]:
    """Return the needed programs that are not installed."""
    return [name for name in ("wrk", "nginx", "taskset") if find_program(name) is None]


def description() -> list[str]:
    """Return lines about the machine and the versions of the programs."""
    load = " ".join(f"{one:.2f}" for one in os.getloadavg())
    hardware = f"{_processor()}, {os.cpu_count()} cores, Linux {platform.release()}"
    waypost = f"Waypost {version('waypost')} on Python {platform.python_version()}"
    return [
        f"{datetime.now(UTC):%Y-%m-%d}, {hardware}. Load average before: {load}.",
        f"{waypost}, {_said(['nginx', '-v'])}, {_said(['wrk', '-v'])}.",
    ]


def _processor() -> str:
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.machine()


def _said(command: Sequence[str]) -> str:
    """Return the name and the version that a program prints."""
    path = find_program(command[0]) or shutil.which(command[0])
    if path is None:
        return f"{command[0]} missing"
    # wrk ends with 1 after it has printed its version.
    done = subprocess.run([path, *command[1:]], check=False, capture_output=True, text=True)
    first = (done.stdout + done.stderr).splitlines()[0]
    number = re.search(r"\d+\.[\w.+~-]*", first)
    return f"{command[0]} {number[0] if number else '?'}"
