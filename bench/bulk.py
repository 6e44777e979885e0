"""The cost of very many domains in one bulk request, and what else is answered meanwhile.

For each number of domains and each database, with a real `waypost serve`: one POST of
domains:bulk that adds all of them, one GET of domains:export, and `waypost domain add --csv` with
the same domains into another database. During the requests, mail clients look up domains by the
public listener, and another program reads and changes a domain by the API.

    python -m bench.bulk                            # SQLite: 10,000 and 100,000 domains
    python -m bench.bulk --engines SQLite PostgreSQL
    python -m bench.bulk --sizes 1000 3000
"""

import argparse
import http.client
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers.postgresql import postgresql
from tests.servers.waypost import free_port

from bench import domains
from bench.scale import expect, peak_megabytes, run_command

ENGINES = ("SQLite", "PostgreSQL")
BASE_DOMAINS = 100
MAX_RATIO = 1.5
MAX_GROWTH_MB = 100.0
_SERVICES = [
    {"type": "imap", "host": "imap.hoster.example"},
    {"type": "smtp", "host": "smtp.hoster.example"},
    {"type": "caldav", "url": "https://dav.hoster.example/%EMAILADDRESS%/"},
    {"type": "carddav", "url": "https://dav.hoster.example/%EMAILADDRESS%/"},
]
_KNOWN = next(domains.names(1))
_CHANGED = f"/api/v1/domains/{list(domains.names(BASE_DOMAINS))[-1]}"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Cost:
    """What one request or command has cost.

    Attributes:
        before, peak: the memory of the process, in MB.
        progress: the number of lines with the progress.
    """

    seconds: float = 0.0
    cpu: float = 0.0
    before: float = 0.0
    peak: float = 0.0
    progress: int = 0


@dataclass(frozen=True, slots=True)
class _Kind:
    """Requests that one program sends, one after the other."""

    name: str
    port: int
    method: str
    path: str
    pause: float


class Load:
    """The requests that others send meanwhile.

    Attributes:
        slowest: the longest time of an answer, in seconds, for each kind of request.
        statuses: the number of answers, by kind and status.
    """

    def __init__(self) -> None:
        self.slowest: dict[str, float] = {}
        self.statuses: Counter[tuple[str, int]] = Counter()

    @contextmanager
    def sent(self, port: int, admin_port: int, token: str) -> Iterator[None]:
        """Send requests while the context is open."""
        end = threading.Event()
        public = f"/mail/config-v1.1.xml?emailaddress=alice@{_KNOWN}"
        unknown = "/mail/config-v1.1.xml?emailaddress=alice@n{}.example"
        kinds = [
            _Kind("known", port, "GET", public, 0.02),
            _Kind("unknown", port, "GET", unknown, 0.02),
            _Kind("read", admin_port, "GET", _CHANGED, 0.1),
            _Kind("change", admin_port, "PATCH", _CHANGED, 0.5),
        ]
        threads = [threading.Thread(target=self._send, args=(end, token, one)) for one in kinds]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            end.set()
            for thread in threads:
                thread.join()

    def _send(self, end: threading.Event, token: str, kind: _Kind) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", kind.port, timeout=120)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        for number in itertools.count():
            if end.wait(kind.pause):
                break
            body = json.dumps({"declined": number % 2 == 0}) if kind.method == "PATCH" else None
            begin = time.perf_counter()
            connection.request(kind.method, kind.path.format(number), body, headers)
            answer = connection.getresponse()
            answer.read()
            seconds = time.perf_counter() - begin
            self.slowest[kind.name] = max(self.slowest.get(kind.name, 0.0), seconds)
            self.statuses[kind.name, answer.status] += 1
        connection.close()


@dataclass
class Row:
    """What was measured of one database."""

    engine: str
    count: int
    uris: tuple[str, str]
    bulk: Cost = field(default_factory=Cost)
    export: Cost = field(default_factory=Cost)
    csv: Cost = field(default_factory=Cost)
    load: Load = field(default_factory=Load)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table; 1 where a bound is broken."""
    given = _options().parse_args(arguments)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="waypost-bulk-")))
        rows: list[Row] = []
        if "SQLite" in given.engines:
            files = [(n, f"{folder}/{n}.sqlite", f"{folder}/{n}-csv.sqlite") for n in given.sizes]
            rows += [Row("SQLite", n, (f"sqlite:///{a}", f"sqlite:///{b}")) for n, a, b in files]
        if "PostgreSQL" in given.engines:
            server = stack.enter_context(postgresql())
            for count in given.sizes:
                uris = (server.uri(server.fresh()), server.uri(server.fresh()))
                rows.append(Row("PostgreSQL", count, uris))
        for row in rows:
            _measure(row, folder)
            print(row, row.load.slowest, row.load.statuses, file=sys.stderr, flush=True)
    return _print(rows)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--engines", nargs="+", default=["SQLite"], choices=ENGINES)
    return parser


def _measure(row: Row, folder: Path) -> None:
    print(f"{row.engine}, {row.count} domains: bulk, export, CSV", file=sys.stderr)
    file = domains.write(folder / "base", BASE_DOMAINS)
    for uri in row.uris:
        run_command("db", "upgrade", "--db-uri", uri)
        run_command("apply", str(file), "--db-uri", uri)
    lines, table = folder / "lines.jsonl", folder / "domains.csv"
    _write(lines, table, row.count)
    with _serving(row.uris[0]) as (port, admin_port, pid, token):
        with row.load.sent(port, admin_port, token):
            _bulk(row, admin_port, pid, token, lines)
        _export(row, admin_port, pid, token)
    command = ("domain", "add", "--csv", str(table), "--db-uri", row.uris[1])
    row.csv.seconds, row.csv.cpu, row.csv.peak, said = run_command(*command)
    expect("Traceback" not in said, said)
    small = ("show", "autoconfig", f"alice@{_KNOWN}", "--db-uri", row.uris[1])
    _, _, row.csv.before, _ = run_command(*small)


def _write(lines: Path, table: Path, count: int) -> None:
    """Write the same domains for the API and for the command.

    Of 100 domains, 74 get the services of their provider, 25 have them in their line, and one is
    an alias.
    """
    added = _added(count)
    with lines.open("w", encoding="ascii") as objects, table.open("w", encoding="ascii") as rows:
        print("domain,provider,like,alias_of", file=rows)
        for number, name in enumerate(added):
            data: dict[str, Any] = {"op": "add", "name": name}
            if number % 100 == 99:
                data["alias_of"] = _KNOWN
                print(f"{name},,,{_KNOWN}", file=rows)
            elif number % 4 == 3:
                data |= {"provider": "Hoster with calendars", "services": _SERVICES}
                print(f"{name},Hoster with calendars,,", file=rows)
            else:
                data["provider"] = "Hoster"
                print(f"{name},Hoster,,", file=rows)
            print(json.dumps(data), file=objects)


def _added(count: int) -> Iterator[str]:
    for number, name in enumerate(domains.names(BASE_DOMAINS + count)):
        if number >= BASE_DOMAINS:
            yield name


@contextmanager
def _serving(uri: str) -> Iterator[tuple[int, int, int, str]]:
    """Run a server; yield its ports, its id, and a token."""
    port, admin_port = free_port(), free_port()
    created = [sys.executable, "-m", "waypost", "token", "create", "--name", "bench"]
    created += ["--role", "write", "--db-uri", uri]
    done = subprocess.run(created, capture_output=True, text=True, check=True)
    command = [sys.executable, "-m", "waypost", "serve", "--db-uri", uri, "--host", "127.0.0.1"]
    command += ["--port", f"{port}", "--admin-port", f"{admin_port}"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    token = done.stdout.strip()
    try:
        _wait(port, f"/mail/config-v1.1.xml?emailaddress=alice@{_KNOWN}", "")
        _wait(admin_port, _CHANGED, token)
        yield port, admin_port, process.pid, token
    finally:
        process.terminate()
        process.wait()


def _wait(port: int, path: str, token: str) -> None:
    end = time.monotonic() + 120
    while True:
        try:
            with _request(port, "GET", path, token) as answer:
                expect(answer.status == 200, f"{path}: {answer.status}")
        except OSError:
            expect(time.monotonic() < end, f"no answer at port {port}")
            time.sleep(0.1)
        else:
            return


@contextmanager
def _request(
    port: int, method: str, path: str, token: str, body: Path | None = None
) -> Iterator[http.client.HTTPResponse]:
    """Send a request, and yield the answer."""
    headers = {"Authorization": f"Bearer {token}"}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=3600)) as connection:
        if body is None:
            connection.request(method, path, headers=headers)
        else:
            headers |= {"Content-Type": "application/x-ndjson"}
            headers |= {"Content-Length": f"{body.stat().st_size}"}
            with body.open("rb") as file:
                connection.request(method, path, file, headers)
        with connection.getresponse() as answer:
            yield answer


@contextmanager
def _costs(cost: Cost, pid: int) -> Iterator[None]:
    """Measure what a request costs the busiest process of a server while the context is open."""
    family = list(_family(pid))
    for one in family:
        Path(f"/proc/{one}/clear_refs").write_text("5", encoding="ascii")  # proc(5): the peak
    before = {one: (peak_megabytes(one), _cpu(one)) for one in family}
    begin = time.perf_counter()
    yield
    cost.seconds = time.perf_counter() - begin
    busiest = max(family, key=lambda one: _cpu(one) - before[one][1])
    cost.before, cpu = before[busiest]
    cost.cpu, cost.peak = _cpu(busiest) - cpu, peak_megabytes(busiest)


def _family(pid: int) -> Iterator[int]:
    """Yield a process and all that its threads have started."""
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text(encoding="ascii").split():
            yield from _family(int(child))


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _bulk(row: Row, port: int, pid: int, token: str, lines: Path) -> None:
    path = "/api/v1/domains:bulk"
    with _costs(row.bulk, pid), _request(port, "POST", path, token, lines) as answer:
        expect(answer.status == 200, f"{answer.status}")
        last: dict[str, Any] = {}
        for line in answer:
            last = json.loads(line)
            row.bulk.progress += "progress" in last
    found = last.get("result"), last.get("lines"), last.get("mistakes")
    expect(found == ("written", row.count, 0), json.dumps(last)[:2000])


def _export(row: Row, port: int, pid: int, token: str) -> None:
    path = "/api/v1/domains:export"
    with _costs(row.export, pid), _request(port, "GET", path, token) as answer:
        count = sum(1 for _ in answer)
    expect(count == row.count + BASE_DOMAINS, f"{count} lines")


def _print(rows: Sequence[Row]) -> int:
    print("| database | domains | what | s (CPU) | MB before | MB at most | lines of progress |")
    print(f"|---|---:|---|{'---:|' * 4}")
    broken = []
    for row in rows:
        least = min((one for one in rows if one.engine == row.engine), key=lambda one: one.count)
        names = (
            ("domains:bulk", "bulk"),
            ("domains:export", "export"),
            ("domain add --csv", "csv"),
        )
        for shown, name in names:
            cost: Cost = getattr(row, name)
            start = (
                f"| {row.engine} | {row.count:,} | {shown} | {cost.seconds:.1f} ({cost.cpu:.1f})"
            )
            print(f"{start} | {cost.before:.0f} | {cost.peak:.0f} | {cost.progress or ''} |")
            ratio = (cost.cpu / row.count) / (max(getattr(least, name).cpu, 0.1) / least.count)
            if ratio > MAX_RATIO:
                text = f"each domain takes {ratio:.2f} times the CPU"
                broken.append(f"{row.engine}, {row.count:,} domains, {shown}: {text}")
            if cost.peak - cost.before > MAX_GROWTH_MB:
                text = f"{cost.peak - cost.before:.0f} MB more"
                broken.append(f"{row.engine}, {row.count:,} domains, {shown}: {text}")
    print()
    print("| database | domains | meanwhile | answers | slowest s |")
    print("|---|---:|---|---|---:|")
    for row in rows:
        for kind, seconds in row.load.slowest.items():
            counts = sorted((s, n) for (one, s), n in row.load.statuses.items() if one == kind)
            answers = ", ".join(f"{number:,} with {status}" for status, number in counts)
            print(f"| {row.engine} | {row.count:,} | {kind} | {answers} | {seconds:.2f} |")
    for line in broken:
        print(line)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
