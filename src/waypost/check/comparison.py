"""Comparison of two servers for many domains, several at a time."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from waypost.check.answers import AnswerFormat
from waypost.check.asking import FORMATS, Server, ask
from waypost.check.difference import Difference, differences


@dataclass(frozen=True, slots=True)
class Found:
    """The differences for a domain."""

    domain: str
    differences: tuple[tuple[AnswerFormat, Difference], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison of two servers.

    Attributes:
        local_part: of the address in the requests, for every domain.
        timeout_seconds: for each answer.
    """

    old: Server
    new: Server
    local_part: str
    timeout_seconds: float

    def all(self, domains: Iterable[str], jobs: int) -> Iterator[Found]:
        """Compare many domains, up to `jobs` at once, and yield the results in their order."""
        waiting: deque[Future[Found]] = deque()
        with ThreadPoolExecutor(jobs) as pool:
            try:
                for domain in domains:
                    waiting.append(pool.submit(self.one, domain))
                    if len(waiting) > 2 * jobs:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def one(self, domain: str) -> Found:
        """Compare one domain in every format."""
        found: list[tuple[AnswerFormat, Difference]] = []
        for form in FORMATS:
            old, new = (
                ask(server, form, self.local_part, domain, self.timeout_seconds)
                for server in (self.old, self.new)
            )
            found += [(form, difference) for difference in differences(form, old, new)]
        return Found(domain, tuple(found))
