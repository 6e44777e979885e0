"""Diagnostics of one code together, for reports."""

from waypost.core.clients import AERC, K9
from waypost.diagnostics.diagnostic import Diagnostic, DiagnosticCode
from waypost.diagnostics.grouping import DiagnosticGroup, group_by_code, sort_groups

FIRST = DiagnosticCode("first", "warning", "a message", "a fix")
SECOND = DiagnosticCode("second", "error", "a message", "a fix", (AERC, K9))


def test_limit_of_kept_diagnostics() -> None:
    """Of any number of diagnostics, the first of each code are kept, and all are counted."""
    found = (Diagnostic((FIRST, SECOND)[number % 2], f"p{number}") for number in range(1000))
    first, second = group_by_code(found, 2)
    assert (first.code, first.places, first.count) == ("first", ("p0", "p2"), 500)
    assert (second.code, second.places, second.count) == ("second", ("p1", "p3"), 500)
    assert [one.count for one in group_by_code([Diagnostic(FIRST)] * 30)] == [30]


def test_links() -> None:
    """A group has the command that explains its code, then one for each client, once."""
    (group,) = group_by_code([Diagnostic(SECOND, "a", clients=(AERC,)), Diagnostic(SECOND, "b")])
    assert group.links == ("waypost explain second", "waypost explain aerc")


def test_order() -> None:
    """A cause is first, then the most severe code, then the one that breaks most clients."""
    one_client, two_clients = (
        DiagnosticGroup(SECOND, broken_client_count=1),
        DiagnosticGroup(SECOND, broken_client_count=2),
    )
    note = DiagnosticGroup(FIRST, broken_client_count=9)
    cause = DiagnosticGroup(FIRST, is_cause=True)
    assert sort_groups([note, one_client, two_clients, cause]) == [
        cause,
        two_clients,
        one_client,
        note,
    ]
