"""Findings about DNS look-ups without an answer."""

from collections.abc import Iterable, Iterator
from typing import Final

from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor.codes import doctor_diagnostic
from waypost.diagnostics.transports.dns import UnansweredLookup

NAMES_MAX: Final = 3


def unanswered_lookup_findings(unanswered: Iterable[UnansweredLookup]) -> Iterator[Diagnostic]:
    """Yield each failure of a resolver once, with the first names that it did not answer."""
    by_reason: dict[str, list[str]] = {}
    for lookup in unanswered:
        by_reason.setdefault(lookup.reason, []).append(f"{lookup.lookup}")
    for reason, lookups in by_reason.items():
        rest = f" and {len(lookups) - NAMES_MAX} more" if len(lookups) > NAMES_MAX else ""
        yield doctor_diagnostic(
            "dns-silent", reason, f"asked for {', '.join(lookups[:NAMES_MAX])}{rest}"
        )
