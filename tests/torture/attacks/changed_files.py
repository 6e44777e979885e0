"""Changes of watched files: without free descriptors, to a FIFO, to bombs."""

import http.client
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.servers.patience import PATIENCE_SECONDS
from tests.torture.attack import Attack, Figure
from tests.torture.server import Server
from tests.torture.waiting import seconds_until

NAME = "mail.toml"
LIST = "domains.txt"
LINES = 200_000
SERVICES = (
    'services = [{ type = "imap", host = "a.example" }, { type = "smtp", host = "b.example" }]'
)
GOOD = f'[[provider]]\nname = "Own"\ndomains = ["example.com"]\n{SERVICES}\n'
OPTIONS = ("--providers", NAME)
# Time enough for several attempts to read the file.
OUT_OF_DESCRIPTORS_SECONDS = 3.0
REJECTED = "providers file rejected; keeping the previous version"
# All workers have read it, and all of its errors are in the log.
SETTLE_SECONDS = 1.0
BOMBS = {
    # name, the text
    "dotted key of 30 KB": ".".join("a" * 15_000) + " = 1\n",
    "dotted key of 200 KB": ".".join("a" * 100_000) + " = 1\n",
    "300,000 tables": "".join(f"[a{number}]\n" for number in range(300_000)),
    "30,000 unknown keys": "".join(f"a{number}=1\n" for number in range(30_000)),
    "lists in lists": "a = " + "[" * 100_000,
    "tables in tables": "a = " + "{a=" * 100_000,
    "number of 100,000 digits": "a = " + "1" * 100_000,
}


def _good(folder: Path) -> None:
    (folder / NAME).write_text(GOOD, encoding="utf-8")


def _long_list(folder: Path) -> None:
    lines = (f"customer{number}.example\n" for number in range(LINES))
    (folder / LIST).write_text("".join(lines), encoding="utf-8")
    (folder / NAME).write_text(f'{GOOD}domains_file = "{LIST}"\n', encoding="utf-8")


def _put(server: Server, text: str) -> None:
    """Replace the providers file with another one, all of it at once."""
    other = server.folder / "other"
    other.write_text(text, encoding="utf-8")
    other.replace(server.folder / NAME)


def _serves(server: Server, domain: str) -> bool:
    """Return whether all workers serve a domain; each connection may reach another one."""
    path = f"/mail/config-v1.1.xml?emailaddress=alice@{domain}"
    return all(_status(server.port, path) == 200 for _ in range(8 * server.workers))


def _status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _counts(server: Server, domain: str) -> Figure:
    """Write a good file, and measure the time until it is used."""
    _put(server, GOOD.replace("example.com", f'example.com", "{domain}'))
    seconds = seconds_until(lambda: _serves(server, domain))
    return Figure("until the next good file counts", seconds, "s", 12)


@contextmanager
def _no_descriptors(server: Server) -> Iterator[None]:
    """Prevent all processes of a server from opening a file."""
    limits = {pid: resource.prlimit(pid, resource.RLIMIT_NOFILE) for pid in server.processes()}
    try:
        for pid, (_, hard) in limits.items():
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, hard))
        yield
    finally:
        for pid, limit in limits.items():
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_NOFILE, limit)


def _change_without_descriptors(server: Server) -> list[Figure]:
    # A worker that still starts opens more files than this one.
    seconds_until(lambda: server.ready_workers() >= server.workers)
    with _no_descriptors(server):
        _put(server, GOOD.replace("example.com", 'example.com", "new.example'))
        time.sleep(OUT_OF_DESCRIPTORS_SECONDS)
    seconds = seconds_until(lambda: _serves(server, "new.example"))
    lines = server.log_text().count(REJECTED)
    return [
        Figure("until the change counts", seconds, "s", 12),
        Figure("lines about it in the log", lines, "", 1),
    ]


def _fifo(server: Server) -> list[Figure]:
    os.mkfifo(server.folder / "fifo")
    (server.folder / "fifo").replace(server.folder / NAME)
    seconds = seconds_until(lambda: REJECTED in server.log_text())
    return [Figure("until it is refused", seconds, "s", 5), _counts(server, "new.example")]


def _bombs(server: Server) -> list[Figure]:
    figures = []
    for name, text in BOMBS.items():
        seconds, memory = _throw(server, text)
        # Two polls half a second apart come before it is read.
        figures.append(Figure(f"until refused: {name}", seconds, "s", 8))
        figures.append(Figure(f"memory: {name}", memory, "MB", 50 * (server.workers + 1)))
    return [*figures, _counts(server, "new.example")]


def _throw(server: Server, text: str) -> tuple[float, float]:
    """Write a text to the file; return how long until it is refused, and the memory for it."""
    before = peak = server.memory()
    earlier = server.log_text().count(REJECTED)

    def refused() -> bool:
        nonlocal peak
        peak = max(peak, server.memory())
        return server.log_text().count(REJECTED) > earlier

    _put(server, text)
    seconds = seconds_until(refused)
    time.sleep(SETTLE_SECONDS)
    return seconds, peak - before


def _reload_long_list(server: Server) -> list[Figure]:
    text = (server.folder / NAME).read_text(encoding="utf-8")
    _put(server, text.replace('"example.com"', '"example.com", "new.example"'))
    seconds = seconds_until(lambda: _serves(server, "new.example"))
    return [Figure("until the change counts", seconds, "s", 24)]


ATTACKS = (
    Attack(
        "a change without file descriptors",
        "operation",
        _change_without_descriptors,
        options=OPTIONS,
        prepare=_good,
        probed=False,
    ),
    Attack(
        "a FIFO for a providers file",
        "operation",
        _fifo,
        options=OPTIONS,
        prepare=_good,
    ),
    Attack("TOML that costs much", "5", _bombs, options=OPTIONS, prepare=_good),
    Attack(
        "reload of a long domains_file",
        "operation",
        _reload_long_list,
        options=OPTIONS,
        prepare=_long_list,
        slowest=0.5,
    ),
)
