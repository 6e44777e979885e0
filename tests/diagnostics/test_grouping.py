"""Diagnostics of one code together, for reports."""

from waypost.core.clients import AERC, K9
from waypost.diagnostics.diagnostic import Diagnostic, DiagnosticCode
from waypost.diagnostics.grouping import DiagnosticGroup, grouped, ordered

FIRST = DiagnosticCode("first", "warning", "a message", "a fix")
SECOND = DiagnosticCode("second", "error", "a message", "a fix", (AERC, K9))


def test_only_the_first_are_kept() -> None:
    """Of any number of diagnostics, the first of each code are kept, and all are counted."""
    found = (Diagnostic((FIRST, SECOND)[number % 2], f"p{number}") for number in range(1000))
    first, second = grouped(found, 2)
    assert (first.code, first.places, first.count) == ("first", ("p0", "p2"), 500)
    assert (second.code, second.places, second.count) == ("second", ("p1", "p3"), 500)
    assert [one.count for one in grouped([Diagnostic(FIRST)] * 30)] == [30]


def test_links() -> None:
    """A group has the command that explains its code, then one for each client, once."""
    (group,) = grouped([Diagnostic(SECOND, "a", clients=(AERC,)), Diagnostic(SECOND, "b")])
    assert group.links == ("waypost explain second", "waypost explain aerc")


def test_order() -> None:
    """A cause is first, then the most severe code, then the one that breaks most clients."""
    few, many = DiagnosticGroup(SECOND, reach=1), DiagnosticGroup(SECOND, reach=2)
    note = DiagnosticGroup(FIRST, reach=9)
    cause = DiagnosticGroup(FIRST, is_cause=True)
    assert ordered([note, few, many, cause]) == [cause, many, few, note]
