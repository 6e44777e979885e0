"""The cost of a database with very many domains, compared with one with few.

For each number of domains: `waypost apply` into an empty database, the same once more, `waypost
export`, `waypost domain set` of one new domain, look-ups without a cache, and the memory of a
worker that answers for them by HTTP.

The look-ups of all sizes are measured in rounds, one size after the
other, so that a machine that changes its speed does so for all.

    .venv/bin/python -m bench.scale                          # SQLite: 1,000 and 1,000,000 domains
    .venv/bin/python -m bench.scale --postgresql --mariadb   # the same and private servers
    .venv/bin/python -m bench.scale --sizes 1000 20000
"""

import argparse
import itertools
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.mariadb import mariadb
from tests.servers.postgresql import postgresql
from tests.servers.waypost import free_port

from bench import domains
from waypost.core.address import DomainName
from waypost.database.engine import open_engine
from waypost.store.sql.store import SqlStore

ROUNDS = 5
LOOKUPS = 1000
WORKER_REQUESTS = 5000
MAX_RATIO = 1.3
MAX_CHANGE_SECONDS = 2.0
MAX_WORKER_MB = 100.0


@dataclass
class Row:
    """What was measured of one database."""

    engine: str
    count: int
    uri: str
    apply_seconds: float = 0.0
    apply_cpu: float = 0.0
    apply_mb: float = 0.0
    again_seconds: float = 0.0
    again_cpu: float = 0.0
    again_mb: float = 0.0
    export_seconds: float = 0.0
    export_cpu: float = 0.0
    export_mb: float = 0.0
    change_seconds: float = 0.0
    change_cpu: float = 0.0
    medians: list[float] = field(default_factory=list)
    worker_mb: float = 0.0

    @property
    def lookup(self) -> float:
        """The median of the rounds' medians, in microseconds."""
        return statistics.median(self.medians) * 1e6


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table; 1 where a bound is broken."""
    given = _options().parse_args(arguments)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="waypost-scale-")))
        rows = [Row("SQLite", n, f"sqlite:///{folder}/{n}.sqlite") for n in given.sizes]
        if given.postgresql:
            server = stack.enter_context(postgresql())
            rows += [Row("PostgreSQL", n, server.uri(server.fresh())) for n in given.sizes]
        if given.mariadb:
            other = stack.enter_context(mariadb())
            rows += [Row("MariaDB", n, other.uri(other.fresh())) for n in given.sizes]
        for row in rows:
            _fill(row, folder)
        for _ in range(given.rounds):
            for row in rows:
                row.medians.append(_lookups(row, given.lookups))
        for row in rows:
            row.worker_mb = _worker(row, given.requests)
    return _print(rows)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 1_000_000])
    parser.add_argument("--postgresql", action="store_true", help="measure PostgreSQL as well")
    parser.add_argument("--mariadb", action="store_true", help="measure MariaDB as well")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--lookups", type=int, default=LOOKUPS, help="of each size, in a round")
    parser.add_argument("--requests", type=int, default=WORKER_REQUESTS, help="to each worker")
    return parser


def _fill(row: Row, folder: Path) -> None:
    file = domains.write(folder / str(row.count), row.count)
    apply = ("apply", str(file), "--db-uri", row.uri)
    print(f"{row.engine}, {row.count} domains: apply, apply again, export", file=sys.stderr)
    row.apply_seconds, row.apply_cpu, row.apply_mb, said = run_command(*apply)
    expect("added" in said, said)
    row.again_seconds, row.again_cpu, row.again_mb, said = run_command(*apply)
    expect(said.endswith("nothing to do\n"), said)
    row.export_seconds, row.export_cpu, row.export_mb, _ = run_command(
        "export", "--db-uri", row.uri
    )
    change = ("domain", "set", "new.example", "--provider", "Hoster", "--db-uri", row.uri)
    row.change_seconds, row.change_cpu, _, said = run_command(*change)
    expect("added" in said, said)


def run_command(*arguments: str) -> tuple[float, float, float, str]:
    """Run a command; give its seconds, of these with a processor, its MB, and what it said."""
    with tempfile.TemporaryFile() as errors:
        command = [sys.executable, "-m", "waypost", *arguments]
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        said = errors.read().decode()
    expect(process.returncode == 0, said)
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6, said


def _lookups(row: Row, count: int) -> float:
    """Look up domains that were not looked up before; give the median in seconds."""
    chosen = random.Random(f"{row.count} {len(row.medians)}")  # noqa: S311 -- a sample, no secret
    wanted = _sample(row.count, count, chosen)
    store = SqlStore(open_engine(row.uri))
    try:
        store.find(DomainName.parse("not-there.example"))  # opens the connection
        times = []
        for name in wanted:
            domain = DomainName.parse(name)
            begin = time.perf_counter()
            found = store.find(domain)
            times.append(time.perf_counter() - begin)
            expect(found is not None and len(found.services) == 4, name)
    finally:
        store.close()
    return statistics.median(times)


def _sample(size: int, count: int, chosen: random.Random) -> list[str]:
    numbers = {chosen.randrange(size) for _ in range(count)}
    every = enumerate(domains.names(size))
    names = [name for number, name in every if number in numbers]
    chosen.shuffle(names)
    return names


def _worker(row: Row, requests: int) -> float:
    """Ask a server for many different domains; give the memory of the process in MB."""
    with _serving(row.uri) as (process, port):
        for name in itertools.islice(domains.names(row.count), requests):
            url = f"http://127.0.0.1:{port}/mail/config-v1.1.xml?emailaddress=alice@{name}"
            with urllib.request.urlopen(url, timeout=10) as answer:
                expect(b"imap.hoster.example" in answer.read(), name)
        return max(peak_megabytes(pid) for pid in _family(process.pid))


@contextmanager
def _serving(uri: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "waypost", "serve", "--db-uri", uri),
            *("--host", "127.0.0.1", "--port", f"{port}", "--admin-port", "0"),
        ],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}/"
        for _ in range(600):
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield process, port
    finally:
        process.terminate()
        process.wait()


def _family(pid: int) -> list[int]:
    """Give a process and those that it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *(one for child in children for one in _family(int(child)))]


def peak_megabytes(pid: int) -> float:
    """Give the largest memory of a process, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e6


def expect(holds: bool, otherwise: str) -> None:
    """Stop the measurement with a message unless something holds."""
    if not holds:
        raise RuntimeError(otherwise)


def _print(rows: Sequence[Row]) -> int:
    print(
        "| database | domains | apply s (CPU) | MB | again s (CPU) | MB | export s (CPU) | MB "
        "| one domain s (CPU) | look-up µs | ratio | worker MB |"
    )
    print(f"|---|{'---:|' * 11}")
    broken = []
    for row in rows:
        least = min((one for one in rows if one.engine == row.engine), key=lambda one: one.count)
        ratio = row.lookup / least.lookup
        print(
            f"| {row.engine} | {row.count:,} "
            f"| {row.apply_seconds:.1f} ({row.apply_cpu:.1f}) | {row.apply_mb:.0f} "
            f"| {row.again_seconds:.1f} ({row.again_cpu:.1f}) | {row.again_mb:.0f} "
            f"| {row.export_seconds:.1f} ({row.export_cpu:.1f}) | {row.export_mb:.0f} "
            f"| {row.change_seconds:.1f} ({row.change_cpu:.1f}) "
            f"| {row.lookup:.0f} | {ratio:.2f} | {row.worker_mb:.0f} |"
        )
        if ratio > MAX_RATIO:
            broken.append(f"{row.engine}, {row.count:,} domains: look-ups take {ratio:.2f} times")
        if row.change_seconds > MAX_CHANGE_SECONDS:
            took = f"a change of one takes {row.change_seconds:.1f} s"
            broken.append(f"{row.engine}, {row.count:,} domains: {took}")
        if row.worker_mb > MAX_WORKER_MB:
            broken.append(f"{row.engine}, {row.count:,} domains: {row.worker_mb:.0f} MB")
    for line in broken:
        print(line)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
