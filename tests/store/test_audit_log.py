"""The rows of the audit log, on each engine."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from waypost.core.model import DomainPattern
from waypost.database.engine import Engine, read_connection, write_transaction
from waypost.store.sql.audit_log import (
    PART_MAX_CHARS,
    AuditFilter,
    AuditRow,
    find_audit,
    newest_audit_ids,
    newest_domain_changes,
    prune_audit,
    read_audit,
    write_audit,
    write_audits,
)

AT = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
ROW = AuditRow(
    *(AT, "Zoë", "person", "put", "192.0.2.1", "domain", "a.example", "P"),
    *({"name": "a.example", "x": "ü" * 70_000}, None, 7),
)


def test_a_row_survives(engine: Engine) -> None:
    """A row is read as it was written, also a large one, and a time of another zone is in UTC."""
    local = AT.astimezone(timezone(timedelta(hours=5)))
    with write_transaction(engine) as connection:
        number = write_audit(connection, replace(ROW, at=local))
    with read_connection(engine) as connection:
        found = find_audit(connection, number)
        assert found is not None
        assert found.columns() == ROW.columns()
        assert found.at == AT
        own, others = ("domain", "a.example"), [("provider", "a.example"), ("domain", "A.example")]
        assert newest_audit_ids(connection, [own, *others]) == {own: number}
        assert newest_audit_ids(connection, ()) == {}
        assert find_audit(connection, number + 1) is None


FILTERS = [
    # filter, names of the entries
    (AuditFilter(), ["P", "b.c.example", "c.example", "a.example"]),
    (AuditFilter("domain", "a.example"), ["a.example"]),
    (AuditFilter(since=AT + timedelta(hours=1)), ["P", "b.c.example"]),
    (AuditFilter(domains=(DomainPattern("*.c.example"),)), ["b.c.example"]),
    (AuditFilter(domains=(DomainPattern("*"),)), ["b.c.example", "c.example", "a.example"]),
    (AuditFilter(domains=(DomainPattern("c.example"),), provider="P"), ["c.example"]),
    (AuditFilter(provider="Q"), ["b.c.example"]),
    (AuditFilter(before_id=3), ["c.example", "a.example"]),
]


def test_filters(engine: Engine) -> None:
    """A filter selects entries, and the newest come first."""
    rows = [
        AuditRow(AT, "x", "token", "put", None, "domain", "a.example", "P"),
        AuditRow(AT, "x", "token", "put", None, "domain", "c.example", "P"),
        AuditRow(AT + timedelta(hours=2), "x", "token", "put", None, "domain", "b.c.example", "Q"),
        AuditRow(AT + timedelta(hours=2), "x", "token", "put", None, "provider", "P"),
    ]
    with write_transaction(engine) as connection:
        write_audits(connection, rows)
        write_audits(connection, [])
    with read_connection(engine) as connection:
        for wanted, names in FILTERS:
            found, _ = read_audit(connection, wanted, 10)
            assert [row.object_name for row in found] == names, wanted
        for limit, has_more in ((2, True), (4, False), (5, False)):
            found, more = read_audit(connection, AuditFilter(), limit)
            assert (len(found), more) == (min(limit, 4), has_more)
        newest = newest_domain_changes(connection, ("P", "Q", "p", "R"), 0)
        assert newest == {"P": 2, "Q": 3}
        assert newest_domain_changes(connection, ("P", "Q"), 2) == {"Q": 3}
        assert newest_domain_changes(connection, (), 0) == {}


def test_large_entries(engine: Engine) -> None:
    """A part ends before it has very much JSON; an entry that has more is alone in its part."""
    quarter, all_of_it = "x" * (PART_MAX_CHARS // 4), "x" * (PART_MAX_CHARS + 1)
    row = AuditRow(AT, "x", "token", "put", None, "domain", "a.example", "P")
    sizes = [quarter, quarter, all_of_it, "", quarter, quarter, quarter, quarter]
    with write_transaction(engine) as connection:
        for text in sizes:
            write_audit(connection, replace(row, before={"name": text}))
    parts: list[int] = []
    last: int | None = None
    with read_connection(engine) as connection:
        for _ in sizes:
            found, has_more = read_audit(connection, AuditFilter(before_id=last), 5)
            parts.append(len(found))
            last = found[-1].id
            if not has_more:
                break
    assert parts == [3, 2, 1, 2]


@pytest.mark.parametrize(("days", "removed"), [(0, 0), (10, 1), (20, 0)])
def test_prune(engine: Engine, days: int, removed: int) -> None:
    """Only entries that are older than the limit are removed; 0 is no limit."""
    with write_transaction(engine) as connection:
        write_audit(connection, AuditRow(AT, "x", "token", "put"))
        write_audit(connection, AuditRow(AT + timedelta(days=10), "x", "token", "put"))
        assert prune_audit(connection, days, AT + timedelta(days=15)) == removed
        assert len(read_audit(connection, AuditFilter(), 10)[0]) == 2 - removed
