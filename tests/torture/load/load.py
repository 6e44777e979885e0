"""Clients that send requests at once, and the table of what became of the requests."""

import math
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.torture.load.connection import Answer, Client, NoAnswerError
from tests.torture.load.expected import Expected, Verdict
from tests.torture.load.questions import SENT_ONCE, Kind, Question, Source
from tests.torture.waiting import seconds_until

RETRY_SECONDS: Final = 0.2
KEPT: Final = 3
"""Threads that keep their connection and repeat requests."""
FRESH: Final = 5
"""Threads that connect for each request and repeat requests."""
ONCE: Final = 4
"""Threads that send each request once; while the database is away, each waits five seconds."""
QUIET_SECONDS: Final = 0.7
ENOUGH: Final = 60
ENOUGH_ONCE: Final = 8


class Tally:
    """What became of the requests; several threads add to it.

    Attributes:
        sent: how many requests were sent; a second attempt is not counted again.
        verdicts: how many of them ended in each way, for each kind.
        first_failures: why first attempts had no complete answer.
        samples: some of the requests that were not answered as by a healthy server.
        slowest: the longest time of a request with its second attempt, in seconds.
    """

    def __init__(self) -> None:
        """Initialize with nothing."""
        self.sent = 0
        self.verdicts: Counter[tuple[Verdict, Kind]] = Counter()
        self.first_failures: Counter[str] = Counter()
        self.samples: dict[tuple[Verdict, Kind], str] = {}
        self.slowest = 0.0
        self._lock = threading.Lock()
        self._last_trouble = time.monotonic()
        self._right_since: Counter[bool] = Counter()

    def add(self, verdict: Verdict, question: Question, detail: str, seconds: float) -> None:
        """Count a request that has ended."""
        with self._lock:
            self.verdicts[verdict, question.kind] += 1
            self.slowest = max(self.slowest, seconds)
            if verdict is Verdict.RIGHT:
                self._right_since[question.kind in SENT_ONCE] += 1
                return
            self._right_since.clear()
            self._last_trouble = time.monotonic()
            sample = f"{question.client} about {question.address}: {detail}"
            self.samples.setdefault((verdict, question.kind), sample)

    def count_sent(self) -> None:
        """Count that a request is sent."""
        with self._lock:
            self.sent += 1

    def count_first_failure(self, reason: str) -> None:
        """Count a first attempt without a complete answer."""
        with self._lock:
            self.first_failures[reason] += 1

    def is_right(self, seconds: float) -> bool:
        """Return whether all answers of the last seconds were right, and not too few."""
        with self._lock:
            quiet = time.monotonic() - self._last_trouble
            enough = self._right_since[False] >= ENOUGH and self._right_since[True] >= ENOUGH_ONCE
            return quiet >= seconds and enough

    def count_again(self) -> None:
        """Forget the answers until now in `is_right`: something has changed."""
        with self._lock:
            self._right_since.clear()
            self._last_trouble = time.monotonic()

    def last_trouble(self) -> float:
        """Return when the last answer came that was not right, by the monotonic clock."""
        with self._lock:
            return self._last_trouble


def wait_until_right(tally: Tally) -> bool:
    """Wait until the clients get right answers; return whether they do, in two minutes at most."""
    return seconds_until(lambda: tally.is_right(QUIET_SECONDS)) < math.inf


@contextmanager
def load(
    port: int, expected: Expected, sources: tuple[Source, Source], pause: float
) -> Iterator[Tally]:
    """Send requests while `with` lasts.

    Args:
        port: of the server on 127.0.0.1.
        expected: the right answers.
        sources: the requests to repeat, and those to send once.
        pause: the seconds between an answer and the next request of a thread.
    """
    tally, ending = Tally(), threading.Event()
    repeated, once = sources
    parts = [(repeated, True)] * KEPT + [(repeated, False)] * FRESH + [(once, False)] * ONCE

    def run(source: Source, keeps_connection: bool) -> None:
        client = Client(port, keeps_connection=keeps_connection)
        while not ending.wait(pause):
            _ask(client, Client(port), next(source), expected, tally)
        client.close()

    threads = [threading.Thread(target=run, args=part, name="load") for part in parts]
    for thread in threads:
        thread.start()
    try:
        yield tally
    finally:
        ending.set()
        for thread in threads:
            thread.join()


def _ask(
    client: Client, second: Client, question: Question, expected: Expected, tally: Tally
) -> None:
    """Send a request; if there is no answer, send it once more, as mail clients do."""
    accepted, start = expected.accepted, time.monotonic()
    tally.count_sent()
    is_repeated = False
    try:
        answer = client.ask(question)
    except NoAnswerError as error:
        tally.count_first_failure(f"{error}")
        time.sleep(RETRY_SECONDS)
        is_repeated = True
        try:
            answer = second.ask(question)
        except NoAnswerError as again:
            tally.add(Verdict.LOST, question, f"{error}; {again}", time.monotonic() - start)
            return
    verdict = expected.judge(question, answer, {*accepted, *expected.accepted})
    if is_repeated and verdict is Verdict.RIGHT:
        verdict = Verdict.REPEATED
    tally.add(verdict, question, _shown(answer), time.monotonic() - start)


def _shown(answer: Answer) -> str:
    return f"{answer.status} {answer.content_type} {answer.body[:300]!r}"
