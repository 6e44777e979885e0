"""A load of requests whose answers are checked byte for byte, while database servers fail."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Final, Literal

from tests.servers.patience import PATIENCE_SECONDS

AUTOCONFIG: Final = "/mail/config-v1.1.xml?emailaddress=a@"
KNOWN: Final = [f"d{number}.example" for number in range(10)]
"""Domains that each server has answered for before."""
NEW: Final = "new.example"
"""Each request for a domain below it is the first for this domain, and needs the database."""
_SAMPLE: Final = KNOWN[0]
PROVIDERS: Final = f"""
[[provider]]
name = "Scale"
domains = {[*KNOWN, f"*.{NEW}"]}
services = [
  {{ type = "imap", host = "imap.scale.example" }},
  {{ type = "smtp", host = "smtp.scale.example" }},
]
"""

Kind = Literal["known", "new"]
Verdict = Literal["right", "degraded", "wrong", "lost"]
VERDICTS: Final[tuple[Verdict, ...]] = ("right", "degraded", "wrong", "lost")


@dataclass(frozen=True, slots=True)
class Checked:
    """One request: when it was sent, how long it took, and what came of it."""

    sent_at: float
    seconds: float
    kind: Kind
    verdict: Verdict
    detail: str = ""


@dataclass(slots=True)
class Load:
    """What happened so far."""

    requests: list[Checked] = field(default_factory=list)

    def since(self, start: float, kind: Kind) -> list[Checked]:
        """Return the requests of a kind that were sent after a time of `time.monotonic`."""
        return [one for one in self.requests.copy() if one.sent_at >= start and one.kind == kind]

    def wait_for_right(self, count_min: int = 30) -> None:
        """Wait until so many requests in a row are right, of each kind.

        Raises:
            TimeoutError: with the last failures.
        """
        end = time.monotonic() + PATIENCE_SECONDS
        start = time.monotonic()
        while True:
            kinds: tuple[Kind, ...] = ("known", "new")
            last = [self.since(start, kind)[-count_min:] for kind in kinds]
            if all(len(some) == count_min and _all_right(some) for some in last):
                return
            if time.monotonic() > end:
                raise TimeoutError(f"{[one for some in last for one in some if one.detail]}")
            time.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one failure.

    Attributes:
        counts: of requests for known and for new domains, by verdict.
        degraded_seconds: from the first request that was not right to the end of the last one.
        slowest: the longest time of an answer, for each kind.
    """

    counts: dict[Kind, Counter[Verdict]]
    degraded_seconds: dict[Kind, float]
    slowest: dict[Kind, float]
    details: frozenset[str]

    @classmethod
    def of(cls, load: Load, start: float) -> "Figures":
        """Return those of all requests after a time of `time.monotonic`."""
        kinds: tuple[Kind, ...] = ("known", "new")
        requests = {kind: load.since(start, kind) for kind in kinds}
        return cls(
            {kind: Counter(one.verdict for one in requests[kind]) for kind in kinds},
            {
                kind: _span([one for one in requests[kind] if one.verdict != "right"])
                for kind in kinds
            },
            {kind: max((one.seconds for one in requests[kind]), default=0.0) for kind in kinds},
            frozenset(one.detail for kind in kinds for one in requests[kind] if one.detail),
        )

    def total(self, verdict: Verdict) -> int:
        """Return the number of requests with a verdict."""
        return sum(counts[verdict] for counts in self.counts.values())

    @property
    def sent(self) -> int:
        """The number of all requests."""
        return sum(counts.total() for counts in self.counts.values())


def template(port: int) -> bytes:
    """Return the answer for a known domain; that for any other differs in its name only."""
    with closing(_connection(port)) as connection:
        status, body = _ask(connection, _SAMPLE)
    assert status == 200, (status, body)
    assert b"imap.scale.example" in body
    return body


@contextmanager
def checked_load(ports: Sequence[int], expected: bytes, pause: float = 0.02) -> Iterator[Load]:
    """Send requests to each server, for known and for new domains, while `with` lasts."""
    load, end, numbers = Load(), threading.Event(), count()
    for port in ports:
        with closing(_connection(port)) as connection:
            for domain in KNOWN:
                assert _verdict(connection, domain, expected)[0] == "right"

    def run(port: int, kind: Kind) -> None:
        connection = _connection(port)
        while not end.wait(pause):
            number = next(numbers)
            domain = KNOWN[number % len(KNOWN)] if kind == "known" else f"n{number}.{NEW}"
            start = time.monotonic()
            verdict, detail = _verdict(connection, domain, expected)
            load.requests.append(Checked(start, time.monotonic() - start, kind, verdict, detail))
        connection.close()

    kinds: tuple[Kind, ...] = ("known", "new")
    threads = [threading.Thread(target=run, args=(port, one)) for port in ports for one in kinds]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        end.set()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)


def _connection(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=60)


def _verdict(
    connection: http.client.HTTPConnection, domain: str, expected: bytes
) -> tuple[Verdict, str]:
    try:
        status, body = _ask(connection, domain)
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return "lost", repr(error)
    if status == 503:
        return "degraded", ""
    right = expected.replace(_SAMPLE.encode(), domain.encode())
    return ("right", "") if (status, body) == (200, right) else ("wrong", f"{status} for {domain}")


def _ask(connection: http.client.HTTPConnection, domain: str) -> tuple[int, bytes]:
    connection.request("GET", f"{AUTOCONFIG}{domain}")
    answer = connection.getresponse()
    return answer.status, answer.read()


def _all_right(some: Sequence[Checked]) -> bool:
    return all(one.verdict == "right" for one in some)


def _span(some: Sequence[Checked]) -> float:
    if not some:
        return 0.0
    return max(one.sent_at + one.seconds for one in some) - min(one.sent_at for one in some)
