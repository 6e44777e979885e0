"""The diagnostics of one code, as a paragraph of a report."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from waypost.diagnostics.diagnostic import (
    SEVERITIES,
    Diagnostic,
    DiagnosticCode,
    Severity,
    explained_by,
)


@dataclass(slots=True)
class DiagnosticGroup:
    """All diagnostics of one code.

    Attributes:
        about: the description of the code.
        kept: the first diagnostics.
        count: the number of diagnostics, including those that are not in `kept`.
        breaks: the names of the clients that are broken, as far as that is known.
        reach: how many clients may be broken; the greatest number comes first.
        is_cause: other diagnostics follow from this one, or are not possible because of it.
    """

    about: DiagnosticCode
    kept: list[Diagnostic] = field(default_factory=list)
    count: int = 0
    breaks: tuple[str, ...] = ()
    reach: int = 0
    is_cause: bool = False

    @property
    def code(self) -> str:
        """Return the code."""
        return self.about.code

    @property
    def severity(self) -> Severity:
        """Return the severity of the code."""
        return self.about.severity

    @property
    def places(self) -> tuple[str, ...]:
        """Return the places of the diagnostics, and what was seen there."""
        return tuple(one.text for one in self.kept)

    @property
    def links(self) -> tuple[str, ...]:
        """Return the commands that explain the code and the clients, the code first."""
        clients = dict.fromkeys(client for one in self.kept for client in one.clients)
        return (self.about.link, *(explained_by(client.topic) for client in clients))


def grouped(found: Iterable[Diagnostic], limit: int | None = None) -> list[DiagnosticGroup]:
    """Return diagnostics by their codes, in the order in which the codes occur.

    Args:
        found: are read one by one.
        limit: how many diagnostics of each code are kept; None is all.
    """
    by_code: dict[str, DiagnosticGroup] = {}
    for one in found:
        group = by_code.get(one.code)
        if group is None:
            group = by_code[one.code] = DiagnosticGroup(one.about)
        group.count += 1
        if limit is None or len(group.kept) < limit:
            group.kept.append(one)
    return list(by_code.values())


def ordered(groups: Iterable[DiagnosticGroup]) -> list[DiagnosticGroup]:
    """Return groups by severity, then by the number of clients; causes are first of all."""
    return sorted(
        groups,
        key=lambda one: (not one.is_cause, SEVERITIES.index(one.severity), -one.reach),
    )
