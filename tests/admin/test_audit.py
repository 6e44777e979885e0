"""The audit log, and undo."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from tests.admin.cases import INC, READER, ROOT, SMTP, served, tenant
from tests.database.statements import recorded_statements
from waypost.admin.facade import Admin
from waypost.admin.principal import Principal
from waypost.admin.results import ChangeResult
from waypost.admin.source import AdminSource
from waypost.core.errors import InvalidObject, ObjectNotFound, UndoRefused, WaypostError
from waypost.database.engine import write_transaction
from waypost.settings import Settings
from waypost.store.sql.admin_schema import audit
from waypost.store.sql.sync.catalog import purge

NEW = "new.example"
LDAP = {"kind": "ldap", "urls": ["ldaps://l.example"], "search_base": "dc=x", "bind_user": "cn=a"}


def test_entries(any_admin: Admin) -> None:
    """Each change has one entry, with who made it, and the object before and after."""
    principal = Principal("Zoë", "person", remote="192.0.2.1")
    admin = Admin(any_admin.source, principal)
    begin = datetime.now(UTC) - timedelta(seconds=2)
    changes = [
        admin.put_domain(NEW, served()),
        admin.patch_domain(NEW, {"declined": True}),
        admin.rename_domain(NEW, "newer.example"),
        admin.delete_domain("newer.example"),
        admin.put_provider("New", {}),
    ]
    entries = admin.audit().items
    assert [entry.id for entry in entries] == [change.audit_id for change in changes[::-1]]
    assert [entry.action for entry in entries[::-1]] == ["put", "patch", "rename", "delete", "put"]
    for entry, change in zip(entries[::-1], changes, strict=True):
        assert entry.before == (None if change.old is None else change.old.data)
        assert entry.after == (None if change.new is None else change.new.data)
        assert (entry.principal, entry.principal_kind, entry.remote) == (
            "Zoë",
            "person",
            "192.0.2.1",
        )
        assert begin <= entry.at <= datetime.now(UTC)
    assert {entry.object_name for entry in admin.audit(object=NEW).items} == {NEW}
    assert len(admin.audit(object="provider:New").items) == 1
    assert admin.audit(since=datetime.now(UTC) + timedelta(days=1)).items == ()
    first = admin.audit(limit=2)
    rest = admin.audit(limit=10, cursor=first.next)
    assert (*first.items, *rest.items) == entries
    assert rest.next is None


BAD: list[Callable[[Admin], object]] = [
    lambda admin: admin.audit(object="x:y"),
    lambda admin: admin.audit(object="a..b"),
    lambda admin: admin.audit(object="provider:\0"),
    lambda admin: admin.audit(since=datetime(2026, 1, 1)),  # noqa: DTZ001 -- the mistake
    lambda admin: admin.audit(since=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))),
]


@pytest.mark.parametrize("call", BAD)
def test_bad_filters(admin: Admin, call: Callable[[Admin], object]) -> None:
    """A filter that no entry can meet by its form is refused."""
    with pytest.raises(InvalidObject):
        call(admin)


UNDONE: list[Callable[[Admin], ChangeResult]] = [
    lambda admin: admin.put_domain("example.com", served()),
    lambda admin: admin.put_domain(NEW, {"alias_of": "example.com"}),
    lambda admin: admin.patch_domain("example.com", {"declined": True}),
    lambda admin: admin.put_service("example.com", 0, SMTP),
    lambda admin: admin.delete_domain("example.com"),
    lambda admin: admin.rename_domain("example.com", NEW),
    lambda admin: admin.put_provider("New", {}),
    lambda admin: admin.patch_provider(INC, {"short_name": "x"}, confirm=True),
    lambda admin: admin.rename_provider(INC, "New", confirm=True),
    lambda admin: admin.put_provider_services(INC, [SMTP], confirm=True),
    lambda admin: admin.put_directory("people", LDAP),
]


@pytest.mark.parametrize("change", UNDONE)
def test_undo(admin: Admin, change: Callable[[Admin], ChangeResult]) -> None:
    """An undone change leaves everything as it was before, and undo can be undone."""
    before = list(admin.export()), admin.list_providers(), admin.list_directories()
    audit_id = change(admin).audit_id
    assert audit_id is not None
    changed = list(admin.export()), admin.list_providers(), admin.list_directories()
    planned = admin.undo(audit_id, confirm=True, dry_run=True)
    assert not planned.written
    undone = admin.undo(audit_id, confirm=True)
    assert (list(admin.export()), admin.list_providers(), admin.list_directories()) == before
    assert admin.audit(limit=1).items[0].undo_of == audit_id
    with pytest.raises(UndoRefused):
        admin.undo(audit_id, confirm=True)
    admin.undo(undone.audit_id or 0, confirm=True)
    assert (list(admin.export()), admin.list_providers(), admin.list_directories()) == changed


def test_undo_is_refused_after_another_change(any_admin: Admin) -> None:
    """A change is not undone if anything has changed the object since, also by SQL."""
    admin = any_admin
    first = admin.put_domain(NEW, served()).audit_id or 0
    second = admin.patch_domain(NEW, {"declined": True}).audit_id or 0
    with pytest.raises(UndoRefused, match=f"in entry {second}"):
        admin.undo(first)
    with write_transaction(admin.source.database()) as connection:
        connection.execute(sa.text("UPDATE domain SET declined = false WHERE name = 'new.example'"))
    with pytest.raises(UndoRefused, match="by another program"):
        admin.undo(second)
    for absent in (0, -1, 999999, 2**40):
        with pytest.raises(ObjectNotFound):
            admin.undo(absent)
    assert admin.put_provider("Other", {}).written
    offered = [(one.action, one.can_be_undone) for one in admin.audit().items]
    assert offered == [("put", True), ("patch", False), ("put", False)]


def test_changes_are_undone_one_after_the_other(any_admin: Admin) -> None:
    """After the undo of the newest change of an object, the one before it can be undone."""
    admin = any_admin
    states = [[*admin.export()]]
    changes: list[Callable[[Admin], ChangeResult]] = [
        lambda admin: admin.put_domain(NEW, served()),
        lambda admin: admin.patch_domain(NEW, {"declined": True}),
        lambda admin: admin.put_service(NEW, 0, SMTP),
    ]
    ids: list[int] = []
    for change in changes:
        ids.append(change(admin).audit_id or 0)
        states.append([*admin.export()])
    for number, state in zip(ids[::-1], states[-2::-1], strict=True):
        offered = {one.id for one in admin.audit().items if one.can_be_undone}
        assert number in offered
        admin.undo(number, confirm=True)
        assert [*admin.export()] == state
        with pytest.raises(UndoRefused):
            admin.undo(number, confirm=True)


def _rename_with_sql(admin: Admin) -> None:
    with write_transaction(admin.source.database()) as connection:
        connection.execute(sa.text("UPDATE domain SET name = 'x.example' WHERE name = 'a.example'"))


def _add_with_sql(admin: Admin) -> None:
    """Create domain a.example and provider A, as `waypost apply` does: without own entries."""
    with write_transaction(admin.source.database()) as connection:
        last = connection.scalar(sa.select(sa.func.max(audit.c.id))) or 0
    admin.put_domain("a.example", served())
    admin.put_provider("A", {})
    with write_transaction(admin.source.database()) as connection:
        connection.execute(audit.delete().where(audit.c.id > last))


Change = Callable[[Admin], object]
OFFERED: list[tuple[str, list[Change], list[bool]]] = [
    (
        "only the newest change of an object",
        [
            lambda admin: admin.put_domain("a.example", served()),
            lambda admin: admin.patch_domain("a.example", {"declined": True}),
            lambda admin: admin.put_domain("b.example", served()),
        ],
        [False, True, True],
    ),
    (
        "the newest one under both names of a renamed object",
        [
            lambda admin: admin.put_domain("a.example", served()),
            lambda admin: admin.rename_domain("a.example", "b.example"),
            lambda admin: admin.put_domain("a.example", served()),
        ],
        [False, False, True],
    ),
    (
        "not after a change by SQL",
        [lambda admin: admin.put_domain("a.example", served()), _rename_with_sql],
        [False],
    ),
    (
        "no rename if another object has the old name by now",
        [
            lambda admin: admin.put_domain("old.example", served()),
            lambda admin: admin.put_domain("a.example", served()),
            lambda admin: admin.rename_domain("a.example", "b.example"),
            lambda admin: admin.put_provider("A", {}),
            lambda admin: admin.rename_provider("A", "B"),
            lambda admin: admin.rename_domain("old.example", "new.example"),
            _add_with_sql,
        ],
        [False, False, False, False, False, True],
    ),
    (
        "not after a change of the provider's name, which is a part of the domain",
        [
            lambda admin: admin.put_domain("a.example", served()),
            lambda admin: admin.rename_provider(INC, "New", confirm=True),
        ],
        [False, True],
    ),
    (
        "no creation of what others use",
        [
            lambda admin: admin.put_provider("New", {}),
            lambda admin: admin.put_provider("Free", {}),
            lambda admin: admin.put_directory("people", LDAP),
            lambda admin: admin.put_directory("free", LDAP),
            lambda admin: admin.put_domain(
                "a.example", served(provider="New", users={"directory": "people"})
            ),
            lambda admin: admin.put_domain("b.example", {"alias_of": "a.example"}),
        ],
        [False, True, False, True, False, True],
    ),
    (
        "no deletion of a domain whose provider is gone",
        [
            lambda admin: admin.put_provider("New", {}),
            lambda admin: admin.put_domain("a.example", served(provider="New")),
            lambda admin: admin.delete_domain("a.example"),
            lambda admin: admin.delete_provider("New"),
        ],
        [False, False, False, True],
    ),
]


@pytest.mark.parametrize(("rule", "changes", "offered"), OFFERED, ids=[one[0] for one in OFFERED])
def test_undo_is_offered_where_it_works(
    admin: Admin, rule: str, changes: list[Change], offered: list[bool]
) -> None:
    """An entry says whether it can be undone, and a dry run of undo agrees."""
    for change in changes:
        change(admin)
    entries = admin.audit().items[::-1]
    assert [one.can_be_undone for one in entries] == offered, rule
    for entry in entries:
        expected = nullcontext() if entry.can_be_undone else pytest.raises(WaypostError)
        with expected:
            admin.undo(entry.id, dry_run=True, confirm=True)


def test_a_page_of_changes_needs_as_many_statements_as_one_change(admin: Admin) -> None:
    """What can be undone is found for all entries at once."""
    engine = admin.source.database()

    def statements() -> int:
        with recorded_statements(engine) as found:
            admin.audit(limit=1000)
        return len(found)

    admin.put_domain("a.example", served())
    admin.put_provider("A", {})
    admin.put_domain("b.example", {"alias_of": "a.example"})
    few = statements()
    for number in range(20):
        admin.put_domain(f"{number}.example", served())
        admin.put_domain(f"alias-{number}.example", {"alias_of": f"{number}.example"})
        admin.put_provider(f"{number}", {})
    assert statements() == few


def test_undo_is_not_offered_to_a_reader_or_for_a_providers_file(admin: Admin) -> None:
    """Who may change nothing gets no offer, and neither does a providers file."""
    admin.put_domain("new.example.com", served())
    source, engine = admin.source, admin.source.engine
    samples = AdminSource(source.settings, None, engine)
    for writer in (admin, Admin(source, tenant("*.example.com"))):
        assert [one.can_be_undone for one in writer.audit().items] == [True]
    for reader in (Admin(source, READER), Admin(samples, ROOT)):
        assert [one.can_be_undone for one in reader.audit().items] == [False]


def test_a_lost_secret_is_named(admin: Admin) -> None:
    """The audit log has no secrets, so undo says which one it cannot restore."""
    admin.put_directory("people", {**LDAP, "bind_password": "geheim"})
    deleted = admin.delete_directory("people").audit_id or 0
    undone = admin.undo(deleted)
    assert undone.new is not None
    assert "bind_password" not in undone.new.data
    assert any("bind_password" in warning for warning in undone.warnings)


def test_retention(admin: Admin) -> None:
    """Old entries are removed in steps by later changes; no other command removes entries."""
    old = datetime(2020, 1, 1, tzinfo=UTC)
    rows = [
        {"at": old, "principal": "x", "principal_kind": "token", "action": "put"}
        for _ in range(1500)
    ]
    engine = admin.source.database()
    with write_transaction(engine) as connection:
        connection.execute(audit.insert(), rows)
    keep = Settings(db_uri="sqlite://", audit_retention_days=0)
    Admin(AdminSource(keep, engine), ROOT).put_domain("a.example", served())

    def count() -> int:
        with engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(audit)) or 0

    assert count() == 1501
    admin.put_domain("b.example", served())
    assert count() == 502
    admin.put_domain("c.example", served())
    assert count() == 3
    with write_transaction(engine) as connection:
        purge(connection)
    assert count() == 3
