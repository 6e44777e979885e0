"""An entry of the audit log as JSON data."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from waypost.admin.results import AuditEntry

HELSINKI = timezone(timedelta(hours=2))
TIMES = [
    # the time of an entry, its text
    (datetime(2026, 11, 30, 12, 5, 9, tzinfo=UTC), "2026-11-30T12:05:09Z"),
    (datetime(2026, 11, 30, 1, 0, tzinfo=HELSINKI), "2026-11-29T23:00:00Z"),
    (datetime(2026, 11, 30, 12, 5, 9, 999_999, tzinfo=UTC), "2026-11-30T12:05:09Z"),
]


def entry(at: datetime) -> AuditEntry:
    before, after = {"name": "Bücher"}, None
    where = "domain", "a.example"
    return AuditEntry(7, at, "alice", "person", "::1", "delete", *where, before, after, None, True)


@pytest.mark.parametrize(("at", "text"), TIMES)
def test_times(at: datetime, text: str) -> None:
    """The time is in UTC, in whole seconds, whatever the zone and the precision of the database."""
    assert entry(at).time_text == text
    assert entry(at).data()["at"] == text


def test_members() -> None:
    """The JSON of an entry has each part of it under its name, and nothing else."""
    assert json.loads(json.dumps(entry(TIMES[0][0]).data())) == {
        "id": 7,
        "at": "2026-11-30T12:05:09Z",
        "principal": "alice",
        "principal_kind": "person",
        "remote": "::1",
        "action": "delete",
        "object_kind": "domain",
        "object_name": "a.example",
        "before": {"name": "Bücher"},
        "after": None,
        "undo_of": None,
        "can_be_undone": True,
    }
