"""The diagnostics of one code, as a paragraph of a report."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from waypost.diagnostics.diagnostic import (
    SEVERITIES,
    Diagnostic,
    DiagnosticCode,
    Severity,
    explain_command,
)


@dataclass(slots=True)
class DiagnosticGroup:
    """All diagnostics of one code.

    Attributes:
        definition: the description of the code.
        diagnostics: the first diagnostics.
        count: the number of diagnostics, including those that are not kept.
        broken_clients: the names of the clients that are broken, as far as that is known.
        broken_client_count: how many clients may be broken; the greatest number comes first.
        is_cause: other diagnostics follow from this one, or are not possible because of it.
    """

    definition: DiagnosticCode
    diagnostics: list[Diagnostic] = field(default_factory=list)
    count: int = 0
    broken_clients: tuple[str, ...] = ()
    broken_client_count: int = 0
    is_cause: bool = False

    @property
    def code(self) -> str:
        """Return the code."""
        return self.definition.code

    @property
    def severity(self) -> Severity:
        """Return the severity of the code."""
        return self.definition.severity

    @property
    def places(self) -> tuple[str, ...]:
        """Return the places of the diagnostics, and what was seen there."""
        return tuple(diagnostic.text for diagnostic in self.diagnostics)

    @property
    def links(self) -> tuple[str, ...]:
        """Return the commands that explain the code and the clients, the code first."""
        clients = dict.fromkeys(
            client for diagnostic in self.diagnostics for client in diagnostic.clients
        )
        return (self.definition.link, *(explain_command(client.topic) for client in clients))


def group_by_code(
    diagnostics: Iterable[Diagnostic], limit: int | None = None
) -> list[DiagnosticGroup]:
    """Return diagnostics by their codes, in the order in which the codes occur.

    Args:
        diagnostics: are read one by one.
        limit: how many diagnostics of each code are kept; None is all.
    """
    by_code: dict[str, DiagnosticGroup] = {}
    for diagnostic in diagnostics:
        group = by_code.get(diagnostic.code)
        if group is None:
            group = by_code[diagnostic.code] = DiagnosticGroup(diagnostic.definition)
        group.count += 1
        if limit is None or len(group.diagnostics) < limit:
            group.diagnostics.append(diagnostic)
    return list(by_code.values())


def sort_groups(groups: Iterable[DiagnosticGroup]) -> list[DiagnosticGroup]:
    """Return groups by severity, then by the number of clients; causes are first of all."""
    return sorted(
        groups,
        key=lambda group: (
            not group.is_cause,
            SEVERITIES.index(group.severity),
            -group.broken_client_count,
        ),
    )
