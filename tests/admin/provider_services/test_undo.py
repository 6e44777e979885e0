"""Undo of a change of the services of all domains of a provider."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.admin.cases import IMAP, INC, READER, ROOT, SMTP, open_admin, served, tenant
from tests.database.statements import recorded_statements
from waypost.admin.applied.noted import NotedObjects
from waypost.admin.audit import undo_offers
from waypost.admin.changes import note_apply
from waypost.admin.facade import Admin
from waypost.admin.objects import ObjectMistakes, in_stored_order, read_services
from waypost.admin.principal import Principal
from waypost.admin.provider_services import groups
from waypost.admin.provider_services.groups import GroupedServices, ServiceGroups, has_groups
from waypost.admin.results import AuditEntry, BulkEnd
from waypost.core.errors import (
    AccessForbidden,
    ConfirmationNeeded,
    ObjectNotFound,
    UndoRefused,
    WaypostError,
)
from waypost.database.engine import write_transaction
from waypost.providers_file.plan import Plan
from waypost.store.sql.admin_schema import audit

DAV = {"type": "caldav", "url": "https://dav.example.com/"}
NEW = [{**IMAP, "host": "new.example.com"}, SMTP]
CHANGED = 8
"""The id of the change of the services, after those that `_fill` makes."""
Change = Callable[[Admin], object]


def _fill(admin: Admin) -> list[dict[str, Any]]:
    """Give the sample provider domains with three lists of services, and return all domains."""
    domains = {
        **dict.fromkeys(("a.example", "b.example", "*.c.example"), served()),
        "alias.example": {"alias_of": "a.example"},
        "dav.example": served(services=[DAV, SMTP]),
        "gone.example": served(services=[], declined=True),
        "same.example": served(services=NEW),
    }
    lines = (json.dumps(one | {"name": name}).encode() for name, one in domains.items())
    *_, end = admin.bulk(lines)
    assert isinstance(end, BulkEnd)
    assert end.written
    return _domains(admin)


def _domains(admin: Admin) -> list[dict[str, Any]]:
    return [one.data for one in admin.export()]


def _change(admin: Admin) -> int:
    return admin.put_provider_services(INC, NEW, confirm=True).audit_id or 0


def _newest(admin: Admin) -> AuditEntry:
    return admin.audit(limit=1).items[0]


@pytest.fixture(name="prepared", scope="module")
def _prepared(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with a change of the services, entry `CHANGED`, to be copied."""
    path = tmp_path_factory.mktemp("prepared") / "waypost.sqlite"
    shutil.copy(sample, path)
    with open_admin(path) as admin:
        _fill(admin)
        assert _change(admin) == CHANGED
    return path


@pytest.fixture(name="changed_admin")
def _changed_admin(prepared: Path, tmp_path: Path) -> Iterator[Admin]:
    """Yield the use cases of a database with a change of the services."""
    shutil.copy(prepared, tmp_path / "waypost.sqlite")
    with open_admin(tmp_path / "waypost.sqlite") as admin:
        yield admin


def test_undo(any_admin: Admin) -> None:
    """Each domain gets its services again, by a confirmed undo, which can be undone."""
    admin = any_admin
    before = _fill(admin)
    changed = _change(admin)
    after = _domains(admin)
    assert _newest(admin).can_be_undone
    with pytest.raises(ConfirmationNeeded, match="7 domains of provider"):
        admin.undo(changed)
    planned = admin.undo(changed, dry_run=True)
    assert "dav.example: caldav https://dav.example.com/" in planned.plan.added
    assert (_domains(admin), planned.written) == (after, False)
    undone = admin.undo(changed, confirm=True)
    assert (undone.plan, undone.written, undone.new) == (planned.plan, True, undone.old)
    assert _domains(admin) == before
    entry = _newest(admin)
    assert (entry.id, entry.action, entry.undo_of) == (undone.audit_id, "undo", changed)
    assert [one.can_be_undone for one in admin.audit(object=f"provider:{INC}").items] == [
        *(True, False)
    ]
    admin.undo(undone.audit_id or 0, confirm=True)
    assert _domains(admin) == after
    admin.undo(_newest(admin).id, confirm=True)
    assert _domains(admin) == before


def test_entry(changed_admin: Admin) -> None:
    """An entry has each list of services once, and no names for the group with the most."""
    admin = changed_admin
    entry = _newest(admin)
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.before["name"], entry.before["domains"], entry.after["domains"]) == (INC, 8, 8)
    names = {f"{one.get('domains')}": one["services"] for one in entry.before["groups"]}
    assert names["None"] == [IMAP, SMTP]
    assert names["['dav.example']"] == [SMTP, DAV]
    assert names["['gone.example']"] == []
    assert names["['same.example']"] == NEW
    assert len(names) == 5  # example.com of the sample has its own services.
    assert entry.after["groups"] == [{"services": NEW}]
    assert admin.audit(object=f"provider:{INC}").items == (entry,)


def _sql(statement: str) -> Change:
    def change(admin: Admin) -> None:
        with write_transaction(admin.source.database()) as connection:
            connection.execute(sa.text(statement))

    return change


def _without_entries(*changes: Change) -> Change:
    """Make changes as `waypost apply` does: with one entry, which only has numbers."""

    def change(admin: Admin) -> None:
        last = _newest(admin).id
        for one in changes:
            one(admin)
        with write_transaction(admin.source.database()) as connection:
            connection.execute(audit.delete().where(audit.c.id > last))
            note_apply(connection, ROOT, NotedObjects(), Plan((), (), ()), 0)

    return change


AFTERWARDS: list[tuple[str, list[Change], str]] = [
    ("nothing has changed", [], ""),
    ("another provider has changed", [lambda admin: admin.put_provider("Other", {})], ""),
    (
        "a file was applied that changes other things",
        [_without_entries(lambda admin: admin.put_provider("Other", {}))],
        "",
    ),
    (
        "a domain of another provider has changed",
        [lambda admin: admin.patch_domain("boxes.example", {"declined": True})],
        "",
    ),
    (
        "the services have changed again",
        [lambda admin: admin.put_provider_services(INC, [IMAP], confirm=True)],
        "provider Example Inc. has changed since, in entry",
    ),
    (
        "the provider has changed",
        [lambda admin: admin.patch_provider(INC, {"short_name": "x"}, confirm=True)],
        "provider Example Inc. has changed since, in entry",
    ),
    (
        "the provider has another name",
        [lambda admin: admin.rename_provider(INC, "New", confirm=True)],
        "provider Example Inc. has changed since, in entry",
    ),
    (
        "a domain of it has changed",
        [lambda admin: admin.patch_domain("b.example", {"declined": True})],
        "a domain of provider Example Inc. has changed since, in entry",
    ),
    (
        "a domain of it has changed, and changed back",
        [
            lambda admin: admin.put_service("b.example", 0, IMAP),
            lambda admin: admin.put_service("b.example", 0, NEW[0]),
        ],
        "a domain of provider Example Inc. has changed since, in entry",
    ),
    (
        "a domain was added",
        [lambda admin: admin.put_domain("more.example", served(services=NEW))],
        "a domain of provider Example Inc. has changed since, in entry",
    ),
    (
        "a domain was deleted",
        [lambda admin: admin.delete_domain("b.example")],
        "a domain of provider Example Inc. has changed since, in entry",
    ),
    (
        "a domain was moved to another provider",
        [lambda admin: admin.patch_domain("b.example", {"provider": "Boxes"})],
        "by another program",
    ),
    (
        "a file was applied that adds a domain",
        [
            _without_entries(
                lambda admin: admin.put_domain("more.example", served(services=NEW)),
            )
        ],
        "by `waypost apply`",
    ),
    (
        "a file was applied that exchanges two domains",
        [
            _without_entries(
                lambda admin: admin.delete_domain("b.example"),
                lambda admin: admin.put_domain("more.example", served(services=NEW)),
            )
        ],
        "by `waypost apply`",
    ),
    (
        "a file was applied that changes the services of a domain",
        [_without_entries(lambda admin: admin.put_service("b.example", 0, IMAP))],
        "by `waypost apply`",
    ),
    (
        "SQL has given a domain another name",
        [_sql("UPDATE domain SET name = 'x.example' WHERE name = 'b.example'")],
        "by another program",
    ),
    (
        "SQL has changed a server",
        [_sql("UPDATE server SET name = 'x.example' WHERE name = 'new.example.com'")],
        "by another program",
    ),
    (
        "SQL has given the provider another name",
        [_sql("UPDATE provider SET name = 'x' WHERE name = 'Example Inc.'")],
        "by another program",
    ),
]


@pytest.mark.parametrize(
    ("rule", "changes", "reason"), AFTERWARDS, ids=[one[0] for one in AFTERWARDS]
)
def test_refusals(changed_admin: Admin, rule: str, changes: list[Change], reason: str) -> None:
    """Undo is refused if anything in it has changed since, and is not offered then."""
    admin, changed = changed_admin, CHANGED
    for change in changes:
        change(admin)
    stored = _domains(admin)
    (entry,) = [one for one in admin.audit().items if one.id == changed]
    assert entry.can_be_undone is (not reason), rule
    expected = pytest.raises(UndoRefused, match=reason) if reason else nullcontext()
    with expected:
        admin.undo(changed, confirm=True)
    assert (_domains(admin) == stored) is bool(reason)


@pytest.mark.parametrize(
    ("change", "offered"),
    [
        (lambda _: None, True),
        (lambda admin: admin.delete_domain("b.example"), False),
        (_without_entries(lambda admin: admin.delete_domain("b.example")), False),
    ],
)
def test_offer_for_a_large_provider(
    changed_admin: Admin, monkeypatch: pytest.MonkeyPatch, change: Change, offered: bool
) -> None:
    """The domains of a large provider are counted for a list, and not read."""
    monkeypatch.setattr(undo_offers, "COMPARED_DOMAINS", 1)
    admin, changed = changed_admin, CHANGED
    change(admin)
    (entry,) = [one for one in admin.audit().items if one.id == changed]
    assert entry.can_be_undone is offered


def test_offers_need_as_many_statements_as_one(admin: Admin) -> None:
    """Which of many changes of the services can be undone is found for all of them at once."""
    engine = admin.source.database()

    def statements() -> int:
        with recorded_statements(engine) as found:
            entries = admin.audit(limit=1000).items
        assert all(one.can_be_undone for one in entries if one.action == "services")
        return len(found)

    def add(number: int) -> None:
        admin.put_provider(f"{number}", {})
        admin.put_domain(f"{number}.example", served(provider=f"{number}"))
        admin.put_provider_services(f"{number}", NEW, confirm=True)

    _fill(admin)
    _change(admin)
    add(0)
    few = statements()
    for number in range(1, 5):
        add(number)
    assert statements() == few


def test_too_much_for_an_entry(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the bound, an entry says so, and the change cannot be undone; an old entry neither."""
    monkeypatch.setattr(groups, "GROUPS_MAX_BYTES", 300)
    _fill(admin)
    changed = _change(admin)
    entry = _newest(admin)
    assert entry.before is not None
    assert entry.before["omitted"] == "more than 256 KiB of names and services"
    assert (has_groups(entry.before), has_groups(entry.after), entry.can_be_undone) == (
        *(False, True, False),
    )
    with pytest.raises(UndoRefused, match=r"objects: more than 256 KiB of names .* the old file"):
        admin.undo(changed, confirm=True)
    data = admin.get_provider(INC).data
    with write_transaction(admin.source.database()) as connection:
        connection.execute(audit.update().values(before='{"name":"x"}', after='{"name":"x"}'))
    assert not _newest(admin).can_be_undone
    with pytest.raises(UndoRefused, match="many objects"):
        admin.undo(changed, confirm=True)
    assert admin.get_provider(INC).data == data


NOT_ALLOWED: list[tuple[Principal, type[WaypostError]]] = [
    (READER, AccessForbidden),
    (tenant("*.example", "*.example.com", "example.com"), ObjectNotFound),
    (tenant(provider=INC), ObjectNotFound),
]


def test_roles(changed_admin: Admin) -> None:
    """Only a person or a token without limits that may write can undo it, and gets the offer."""
    for principal, error in NOT_ALLOWED:
        other = Admin(changed_admin.source, principal)
        with pytest.raises(error):
            other.undo(CHANGED, confirm=True)
        assert not any(one.can_be_undone for one in other.audit(object=f"provider:{INC}").items)


def test_services_that_the_present_rules_refuse(changed_admin: Admin) -> None:
    """Undo restores no services that no client could use; it names them."""
    admin, changed = changed_admin, CHANGED
    entry = _newest(admin)
    assert entry.before is not None
    with write_transaction(admin.source.database()) as connection:
        raw = connection.scalar(sa.select(audit.c.before).where(audit.c.id == changed)) or ""
        connection.execute(audit.update().values(before=raw.replace('"imap"', '"telex"')))
    with pytest.raises(WaypostError, match="type"):
        admin.undo(changed, confirm=True)


LISTS = [[IMAP, SMTP], [SMTP, IMAP], [IMAP], [], [SMTP, DAV], NEW]
ASSIGNED = st.dictionaries(
    st.integers(0, 40).map(lambda number: f"d{number}.example"), st.sampled_from(LISTS)
)


def _groups(assigned: Mapping[str, list[dict[str, Any]]]) -> ServiceGroups:
    found = ServiceGroups()
    for name, services in assigned.items():
        found.add(name, in_stored_order(read_services(services, ObjectMistakes())))
    return found


@given(ASSIGNED, ASSIGNED)
def test_groups(first: dict[str, Any], second: dict[str, Any]) -> None:
    """What is read from groups is what was added; the version differs with each difference."""
    groups, report = _groups(first), ObjectMistakes()
    data = groups.data(INC)
    read = GroupedServices(data, report)
    for name, services in first.items():
        assert read.of(name) == in_stored_order(read_services(services, report))
    assert not report.found
    assert data["domains"] == len(first)
    assert len(data["groups"]) == len({f"{one}" for one in first.values()})
    assert groups.version == _groups(dict(reversed(first.items()))).version
    assert (groups.version == _groups(second).version) is (first == second)


def test_bound_of_the_groups() -> None:
    """The largest group takes no room, however large; the names of all others are bounded."""
    services = [in_stored_order(read_services(one, ObjectMistakes())) for one in LISTS]
    groups = ServiceGroups()
    for number in range(50_000):
        groups.add(f"{number}.domain-of-a-provider.example", services[0])
    for number in range(5_000):
        groups.add(f"{number}.another-domain-of-a-provider.example", services[1])
    data = groups.data(INC)
    assert [len(one.get("domains", ())) for one in data["groups"]] == [5_000, 0]
    version = groups.version
    for number in range(5_000):
        groups.add(f"{number}.third-domain-of-a-provider.example", services[2])
    data = groups.data(INC)
    assert data.keys() == {"name", "domains", "version", "omitted"}
    assert data["domains"] == 60_000
    assert data["version"] != version


@pytest.fixture(name="shared", scope="module")
def _shared(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Admin]:
    path = tmp_path_factory.mktemp("services") / "waypost.sqlite"
    shutil.copy(sample, path)
    with open_admin(path) as admin:
        yield admin


@settings(max_examples=4)
@given(
    st.lists(st.sampled_from(LISTS), min_size=4, max_size=4),
    st.lists(st.sampled_from(LISTS), min_size=1, max_size=3),
)
def test_steps_back(shared: Admin, first: list[Any], steps: list[Any]) -> None:
    """Each change can be undone at once, and undo of this makes the change again."""
    for number, services in enumerate(first):
        shared.put_domain(f"d{number}.example", served(services=services))
    for services in steps:
        before = _domains(shared)
        changed = shared.put_provider_services(INC, services, confirm=True)
        after = _domains(shared)
        assert changed.written is (after != before)
        if changed.written:
            undone = shared.undo(changed.audit_id or 0, confirm=True)
            assert _domains(shared) == before
            shared.undo(undone.audit_id or 0, confirm=True)
            assert _domains(shared) == after
