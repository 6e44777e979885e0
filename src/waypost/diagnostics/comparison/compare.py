"""Comparison of two servers for many domains, several at a time."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from waypost.diagnostics.comparison.answers import AnswerFormat
from waypost.diagnostics.comparison.difference import Difference, differences
from waypost.diagnostics.comparison.server import FORMATS, CheckedServer, fetch_answer


@dataclass(frozen=True, slots=True)
class DomainComparison:
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

    old: CheckedServer
    new: CheckedServer
    local_part: str
    timeout_seconds: float

    def compare_all(self, domains: Iterable[str], jobs: int) -> Iterator[DomainComparison]:
        """Compare many domains, up to `jobs` at once, and yield the results in their order."""
        pending: deque[Future[DomainComparison]] = deque()
        with ThreadPoolExecutor(jobs) as pool:
            try:
                for domain in domains:
                    pending.append(pool.submit(self.compare_domain, domain))
                    if len(pending) > 2 * jobs:
                        yield pending.popleft().result()
                while pending:
                    yield pending.popleft().result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def compare_domain(self, domain: str) -> DomainComparison:
        """Compare one domain in every format."""
        differences_found: list[tuple[AnswerFormat, Difference]] = []
        for answer_format in FORMATS:
            old, new = (
                fetch_answer(server, answer_format, self.local_part, domain, self.timeout_seconds)
                for server in (self.old, self.new)
            )
            differences_found += [
                (answer_format, difference) for difference in differences(answer_format, old, new)
            ]
        return DomainComparison(domain, tuple(differences_found))
