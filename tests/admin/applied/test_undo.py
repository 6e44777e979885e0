"""Undo of a file that `waypost apply` has written."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.admin.cases import IMAP, INC, READER, SMTP, open_admin, served, tenant
from waypost.admin.applied import noted
from waypost.admin.applied.noted import has_objects
from waypost.admin.audit import undo_offers
from waypost.admin.facade import Admin
from waypost.admin.principal import Principal
from waypost.admin.results import AuditEntry
from waypost.cli.main import main
from waypost.core.errors import (
    AccessForbidden,
    ConfirmationNeeded,
    InvalidObject,
    ObjectNotFound,
    UndoRefused,
    WaypostError,
)
from waypost.database.engine import write_transaction
from waypost.providers_file.write import write_providers
from waypost.store.sql.admin_schema import audit
from waypost.store.sql.sync.catalog import read_catalog, write_catalog

LDAP = {"kind": "ldap", "urls": ["ldaps://l.example"], "search_base": "dc=x", "bind_user": "cn=a"}
OTHER = [{**IMAP, "host": "other.example.com"}, SMTP]
APPLIED = 9
"""The id of the entry of a file, after the changes that `_fill` makes."""
Change = Callable[[Admin], object]


def _state(admin: Admin) -> tuple[object, object, object]:
    domains = sorted((one.data for one in admin.export()), key=lambda one: str(one["name"]))
    return domains, admin.list_providers().items, admin.list_directories().items


def _newest(admin: Admin) -> AuditEntry:
    return admin.audit(limit=1).items[0]


def _apply(admin: Admin, folder: Path, *changes: Change, edit: Callable[[str], str] = str) -> int:
    """Write some changes to a file, apply this, and return the id of the entry.

    The file is made from the database with the changes, which are not in the audit log.
    """
    engine = admin.source.database()
    entries = admin.audit().items
    last = entries[0].id if entries else 0
    with engine.connect() as connection:
        before = read_catalog(connection)
    for change in changes:
        change(admin)
    file = folder / "mail.toml"
    with write_transaction(engine) as connection:
        text = edit(write_providers(read_catalog(connection), "toml"))
        file.write_text(text, encoding="utf-8")
        write_catalog(connection, before)
        connection.execute(audit.delete().where(audit.c.id > last))
    uri = engine.url.render_as_string(hide_password=False)
    assert main(["apply", f"{file}", "--db-uri", uri, "--allow-removal", "99"]) == 0
    entry = _newest(admin)
    assert entry.action == "apply"
    return entry.id


def _fill(admin: Admin) -> None:
    """Add what the sample providers do not have."""
    admin.put_directory("people", LDAP)
    admin.put_directory("unused", LDAP)
    admin.put_provider("Empty", {})
    admin.put_provider("Old", {"contacts": ["mailto:x@old.example"]})
    admin.put_domain("old.example", served(provider="Old", users={"directory": "people"}))
    admin.put_domain("*.old.example", served(provider="Old"))
    admin.put_domain("alias.example", {"alias_of": "old.example"})
    admin.put_domain("moved.example", served(redirect_address="old.example"))


MIXED: list[Change] = [
    lambda admin: admin.delete_domain("alias.example"),
    lambda admin: admin.delete_domain("*.old.example"),
    lambda admin: admin.put_domain("moved.example", served(services=OTHER)),
    lambda admin: admin.put_domain("old.example", served(redirect_address="moved.example")),
    lambda admin: admin.delete_provider("Old"),
    lambda admin: admin.delete_provider("Empty"),
    lambda admin: admin.delete_directory("people"),
    lambda admin: admin.put_directory("unused", {**LDAP, "search_base": "dc=y"}),
    lambda admin: admin.put_directory("staff", {"kind": "file", "path": "/staff.csv"}),
    lambda admin: admin.put_provider("New", {"short_name": "N"}),
    lambda admin: admin.put_provider("Free", {}),
    lambda admin: admin.put_domain(
        "new.example", served(provider="New", users={"directory": "staff"})
    ),
    lambda admin: admin.put_domain("a.new.example", {"alias_of": "new.example"}),
    lambda admin: admin.patch_provider(INC, {"short_name": "x"}, confirm=True),
]


def test_undo(any_admin: Admin, tmp_path: Path) -> None:
    """All objects that a file has changed are restored, and undo can be undone."""
    admin = any_admin
    _fill(admin)
    before = _state(admin)
    applied = _apply(admin, tmp_path, *MIXED)
    after = _state(admin)
    assert after != before
    assert _newest(admin).can_be_undone
    with pytest.raises(ConfirmationNeeded, match="this changes 7 domains"):
        admin.undo(applied)
    planned = admin.undo(applied, dry_run=True)
    assert "domain *.old.example (Old)" in planned.plan.added
    assert "domain new.example (New)" in planned.plan.removed
    assert "provider Free without domains" in planned.plan.removed
    assert (_state(admin), planned.written) == (after, False)
    undone = admin.undo(applied, confirm=True)
    assert (undone.plan, undone.written, undone.new) == (planned.plan, True, None)
    assert _state(admin) == before
    entry = _newest(admin)
    assert (entry.action, entry.object_name, entry.undo_of) == ("undo", None, applied)
    assert entry.can_be_undone
    assert entry.before is not None
    assert entry.after is not None
    assert list(entry.before) == ["objects"]
    assert (entry.after["added"], entry.after["removed"]) == (
        undone.plan.counts[0],
        undone.plan.counts[2],
    )
    with pytest.raises(UndoRefused):
        admin.undo(applied, confirm=True)
    admin.undo(entry.id, confirm=True)
    assert _state(admin) == after


def _sql(statement: str) -> Change:
    def change(admin: Admin) -> None:
        with write_transaction(admin.source.database()) as connection:
            connection.execute(sa.text(statement))

    return change


def _without_entry(change: Change) -> Change:
    def make(admin: Admin) -> None:
        last = _newest(admin).id
        change(admin)
        with write_transaction(admin.source.database()) as connection:
            connection.execute(audit.delete().where(audit.c.id > last))

    return make


FILE: list[Change] = [
    lambda admin: admin.put_domain(
        "old.example", served(provider="Old", services=OTHER), confirm=True
    ),
    lambda admin: admin.delete_domain("moved.example"),
    lambda admin: admin.put_provider("New", {}),
    lambda admin: admin.put_domain("new.example", served(provider="New")),
    lambda admin: admin.put_directory("staff", {"kind": "file", "path": "/staff.csv"}),
    lambda admin: admin.put_directory("unused", {**LDAP, "search_base": "dc=y"}),
]
AFTERWARDS: list[tuple[str, Change, str, bool]] = [
    # the rule, the change, why undo is refused, whether only undo finds that
    ("nothing has changed", lambda _: None, "", False),
    (
        "another domain has changed",
        lambda admin: admin.patch_domain("boxes.example", {"declined": True}),
        *("", False),
    ),
    (
        "a domain of the file has changed",
        lambda admin: admin.patch_domain("old.example", {"declined": True}, confirm=True),
        *("domain old.example has changed since, in entry", False),
    ),
    (
        "a removed domain exists again",
        lambda admin: admin.put_domain("moved.example", served()),
        *("domain moved.example has changed since, in entry", False),
    ),
    (
        "a new provider has changed",
        lambda admin: admin.put_provider("New", {"short_name": "N"}, confirm=True),
        *("provider New has changed since, in entry", False),
    ),
    (
        "a directory has changed",
        lambda admin: admin.put_directory("unused", LDAP),
        *("directory unused has changed since, in entry", False),
    ),
    (
        "the services of all domains of a provider have changed",
        lambda admin: admin.put_provider_services("Old", [IMAP], confirm=True),
        *("by a change of another object", False),
    ),
    (
        "SQL has changed a domain",
        _sql("UPDATE domain SET declined = true WHERE name = 'old.example'"),
        *("by another program", False),
    ),
    (
        "SQL has added a removed domain",
        _without_entry(lambda admin: admin.put_domain("moved.example", served())),
        *("by another program", False),
    ),
    (
        "SQL has deleted a new domain",
        _without_entry(lambda admin: admin.delete_domain("new.example")),
        *("by another program", False),
    ),
    (
        "SQL has changed a provider",
        _sql("UPDATE provider SET short_name = 'x' WHERE name = 'New'"),
        *("by another program", False),
    ),
    (
        "another domain uses a new provider",
        lambda admin: admin.put_domain("more.example", served(provider="New")),
        *("more.example uses provider New, which the file has added", True),
    ),
    (
        "the provider of a changed domain has another name",
        lambda admin: admin.rename_provider(INC, "Other", confirm=True),
        *("provider Example Inc. of moved.example does not exist now", False),
    ),
    (
        "an alias follows a new domain",
        lambda admin: admin.put_domain("more.example", {"alias_of": "new.example"}),
        *("more.example is an alias of new.example, which the file has added", True),
    ),
    (
        "another domain uses a new directory",
        lambda admin: admin.put_domain("more.example", served(users={"directory": "staff"})),
        *("more.example uses directory staff, which the file added", True),
    ),
]


@pytest.fixture(name="prepared", scope="module")
def _prepared(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with an applied file, entry `APPLIED`, to be copied."""
    folder = tmp_path_factory.mktemp("prepared")
    path = folder / "waypost.sqlite"
    shutil.copy(sample, path)
    with open_admin(path) as admin:
        _fill(admin)
        assert _apply(admin, folder, *FILE) == APPLIED
    return path


@pytest.fixture(name="applied_admin")
def _applied_admin(prepared: Path, tmp_path: Path) -> Iterator[Admin]:
    """Yield the use cases of a database with an applied file."""
    shutil.copy(prepared, tmp_path / "waypost.sqlite")
    with open_admin(tmp_path / "waypost.sqlite") as admin:
        yield admin


@pytest.mark.parametrize(
    ("rule", "change", "reason", "is_late"), AFTERWARDS, ids=[one[0] for one in AFTERWARDS]
)
def test_refusals(
    applied_admin: Admin, rule: str, change: Change, reason: str, is_late: bool
) -> None:
    """Undo is refused if one of the objects has changed since, and is not offered then."""
    admin, applied = applied_admin, APPLIED
    change(admin)
    stored = _state(admin)
    (entry,) = [one for one in admin.audit().items if one.id == applied]
    assert entry.can_be_undone is (not reason or is_late), rule
    expected = pytest.raises(UndoRefused, match=reason) if reason else nullcontext()
    with expected:
        admin.undo(applied, confirm=True)
    assert (_state(admin) == stored) is bool(reason)


def test_aliases_that_were_added_since(applied_admin: Admin) -> None:
    """An alias serves what its domain serves, also after the undo of a file and its undo."""
    admin = applied_admin
    admin.put_domain("later.example", {"alias_of": "old.example"})
    admin.put_domain("other.example", {"alias_of": "boxes.example"})

    def is_same() -> bool:
        with admin.source.database().connect() as connection:
            found = {one.pattern.text: one for one in read_catalog(connection).domains}
        old, later = found["old.example"], found["later.example"]
        return (old.provider, old.services, old.users) == (
            *(later.provider, later.services),
            later.users,
        )

    assert is_same()
    planned = admin.undo(APPLIED, dry_run=True)
    assert "later.example: imap imap.example.com:993 tls" in planned.plan.added
    assert not any("other.example:" in line for line in planned.plan.added)
    admin.undo(APPLIED, confirm=True)
    assert admin.get_domain("later.example").data["alias_of"] == "old.example"
    assert is_same()
    admin.undo(_newest(admin).id, confirm=True)
    assert is_same()


def test_too_much_for_an_entry(
    admin: Admin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above the bound, an entry says so, and the file cannot be undone; an old entry neither."""
    monkeypatch.setattr(noted, "OBJECTS_MAX_BYTES", 500)
    _fill(admin)
    applied = _apply(admin, tmp_path, *MIXED)
    entry = _newest(admin)
    assert entry.before == {"omitted": "more than 256 KiB of objects"}
    assert (has_objects(entry.after), entry.can_be_undone) == (False, False)
    with pytest.raises(UndoRefused, match=r"more than 256 KiB of objects, .* the old file"):
        admin.undo(applied, confirm=True)
    with write_transaction(admin.source.database()) as connection:
        connection.execute(audit.update().values(before=None).where(audit.c.id == applied))
    assert not _newest(admin).can_be_undone
    with pytest.raises(UndoRefused, match="changed many objects; it cannot"):
        admin.undo(applied, confirm=True)


def test_offers_are_bounded(admin: Admin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the newest files are compared with the database."""
    monkeypatch.setattr(undo_offers, "COMPARED_OBJECTS", 1)
    _apply(admin, tmp_path, lambda one: one.put_provider("First", {}))
    _apply(admin, tmp_path, lambda one: one.put_provider("Second", {}))
    assert [one.can_be_undone for one in admin.audit().items] == [True, False]


def test_secrets(admin: Admin, tmp_path: Path) -> None:
    """Undo names the secret that it cannot restore, and sends none to other servers."""
    admin.put_directory("people", {**LDAP, "bind_password": "geheim"})
    applied = _apply(admin, tmp_path, lambda one: one.delete_directory("people"))
    assert "geheim" not in repr(admin.audit().items)
    undone = admin.undo(applied, confirm=True)
    assert [one for one in undone.warnings if "directory people: bind_password" in one]
    admin.put_directory("people", {**LDAP, "bind_password": "geheim"})
    other = {**LDAP, "urls": ["ldaps://other.example"]}
    moved = _apply(admin, tmp_path, lambda one: one.put_directory("people", other))
    writer = Admin(admin.source, Principal("panel", "token"))
    with pytest.raises(InvalidObject, match="must be given again"):
        writer.undo(moved, confirm=True)
    admin.undo(moved, confirm=True)
    assert admin.get_directory("people").data["urls"] == LDAP["urls"]


def _with_secret(text: str) -> str:
    return text.replace('bind_user = "cn=a"', 'bind_user = "cn=a"\nbind_password = "other"')


def test_nothing_that_undo_could_restore(admin: Admin, tmp_path: Path) -> None:
    """A file that changes only secrets or unused rows is not undone, and undo is not offered."""
    admin.put_directory("people", {**LDAP, "bind_password": "geheim"})
    _apply(admin, tmp_path, edit=_with_secret)
    _sql(
        "INSERT INTO server (name, port, type, socket_type, user_name, authentication) "
        "VALUES ('unused.example', 993, 'imap', 'SSL', 'x', 'plain')"
    )(admin)
    uri = admin.source.database().url.render_as_string(hide_password=False)
    assert main(["apply", f"{tmp_path / 'mail.toml'}", "--db-uri", uri]) == 0
    unused, secret = admin.audit(limit=2).items
    for entry in (unused, secret):
        assert (entry.action, entry.can_be_undone) == ("apply", False)
        with pytest.raises(UndoRefused, match="only secrets, or rows that no answer uses"):
            admin.undo(entry.id, confirm=True)
    assert "geheim" not in repr(secret)


def test_warnings_about_secrets(admin: Admin, tmp_path: Path) -> None:
    """Undo names each secret that the file has changed, and asks for none that is stored."""
    uri = "postgresql://localhost/mail"
    query = "SELECT login AS login_name FROM users WHERE address = :address"
    admin.put_directory("people", {**LDAP, "bind_password": "geheim"})
    admin.put_directory("rows", {"kind": "sql", "uri": uri, "query": query})
    applied = _apply(
        admin,
        tmp_path,
        lambda one: one.patch_directory("rows", {"query": query.replace("login ", "name ")}),
        edit=_with_secret,
    )
    undone = admin.undo(applied, confirm=True)
    assert [one.split(";")[0] for one in undone.warnings] == [
        f"directory {name}: {key}: the audit log has no secrets, so this one is not restored"
        for name, key in (("people", "bind_password"), ("rows", "uri"))
    ]
    with admin.source.database().connect() as connection:
        assert connection.scalar(sa.text("SELECT secret FROM directory WHERE kind = 'sql'")) == uri


NOT_ALLOWED: list[tuple[Principal, type[WaypostError]]] = [
    (READER, AccessForbidden),
    (tenant("*.example", "*.example.com", "example.com"), ObjectNotFound),
    (tenant(provider=INC), ObjectNotFound),
]


def test_roles(applied_admin: Admin) -> None:
    """Only a person or a token without limits that may write can undo a file."""
    for principal, error in NOT_ALLOWED:
        other = Admin(applied_admin.source, principal)
        with pytest.raises(error):
            other.undo(APPLIED, confirm=True)
        assert not any(one.can_be_undone for one in other.audit().items if one.id == APPLIED)


def test_an_old_object_that_the_present_rules_refuse(applied_admin: Admin) -> None:
    """Undo restores no object that a file could not have."""
    admin, applied = applied_admin, APPLIED

    def edit(old: str, new: str) -> None:
        with write_transaction(admin.source.database()) as connection:
            raw: Any = connection.scalar(sa.select(audit.c.before).where(audit.c.id == applied))
            assert old in raw
            changed = audit.update().where(audit.c.id == applied)
            connection.execute(changed.values(before=raw.replace(old, new)))

    edit('"imap"', '"telex"')
    with pytest.raises(InvalidObject):
        admin.undo(applied, confirm=True)
    edit('"telex"', '"imap"')
    admin.undo(applied, confirm=True)
