"""Who may use the API and the pages: what the audit log has of it, and who sees it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from tests.admin.cases import READER, ROOT
from waypost.admin.access.access_log import SIGN_OUT_EVERYWHERE
from waypost.admin.access.scope import AccessScope
from waypost.admin.access.sessions import Sessions
from waypost.admin.access.tokens import Tokens
from waypost.admin.audit.entries import add_entry, who
from waypost.admin.facade import Admin
from waypost.admin.principal import Principal, Role
from waypost.admin.source import AdminSource
from waypost.core.errors import ObjectNotFound, UndoRefused
from waypost.core.model import DomainPattern
from waypost.database.engine import Engine, write_transaction
from waypost.settings import Settings
from waypost.store.sql.admin_schema import audit
from waypost.store.sql.audit_log import AuditRow

SHOP = AccessScope(Role.WRITE, (DomainPattern("*.shop.example"),))
OTHER = AccessScope(Role.WRITE, (DomainPattern("*.other.example"),))
ADDRESS = "192.0.2.1"


def _admin(engine: Engine, principal: Principal = ROOT) -> Admin:
    return Admin(AdminSource(Settings(db_uri="sqlite://"), engine), principal)


def _rows(admin: Admin, about: str | None = None) -> list[tuple[str, str | None, str | None, str]]:
    return [
        (one.action, one.object_kind, one.object_name, one.principal)
        for one in admin.audit(object=about).items
    ]


def test_entries(engine: Engine) -> None:
    """Each token, link, sign-in and sign-out has an entry: who, from where, and what."""
    tokens, sessions = Tokens(engine), Sessions(engine)
    token, record = tokens.create("panel", SHOP, by=ROOT, expires_seconds=60)
    tokens.revoke(record.id, by=replace(ROOT, remote=ADDRESS))
    link = sessions.create_link("ada", SHOP, by=ROOT)
    by_link = sessions.sign_in_by_link(link, ADDRESS) or ""
    secrets = [token, link, by_link]
    secrets += [sessions.sign_in("ada", SHOP, ADDRESS) for _ in range(3)]
    sessions.note_refusal("eve (7)", ADDRESS, "no_role")
    found = [sessions.find(secret) for secret in secrets[2:]]
    signed_in = [one for one in found if one is not None]
    ada = signed_in[0].principal(ADDRESS)
    sessions.end(signed_in[:1], by=ada)
    sessions.end(signed_in, by=ada, action=SIGN_OUT_EVERYWHERE)
    admin = _admin(engine)
    entries = admin.audit().items[::-1]
    assert [(one.action, one.object_kind, one.object_name, one.principal) for one in entries] == [
        ("create", "token", "panel", "root"),
        ("revoke", "token", "panel", "root"),
        ("create", "sign_in_link", "ada", "root"),
        *(("sign_in", "session", "ada", "ada") for _ in range(4)),
        ("sign_in_refused", "session", "eve (7)", "eve (7)"),
        ("sign_out", "session", "ada", "ada"),
        *(("sign_out_everywhere", "session", "ada", "ada") for _ in range(3)),
    ]
    assert [one.remote for one in entries] == [None, ADDRESS, None, *[ADDRESS] * 9]
    limits = {"role": "write", "domains": ["*.shop.example"], "provider": None}
    created, revoked = entries[:2]
    assert created.after is not None
    assert created.after.pop("expires")
    assert created.after == {"id": record.id, **limits}
    assert revoked.before is not None
    assert revoked.before["id"] == record.id
    ids = [one.id for one in signed_in]
    assert [one.after for one in entries[3:5]] == [
        {"id": ids[0], "method": "link", **limits},
        {"id": ids[1], "method": "oidc", **limits},
    ]
    assert entries[7].after == {"method": "oidc", "reason": "no_role"}
    assert [one.before for one in entries[8:]] == [{"id": one, **limits} for one in ids]
    assert len(_rows(admin, "token:panel")) == 2
    assert len(_rows(admin, "sign_in_link:ada")) == 1
    assert len(_rows(admin, "session:ada")) == 8
    with engine.connect() as connection:
        stored = repr(connection.execute(sa.select(audit)).all())
    for secret in secrets:
        assert secret not in stored
        assert secret.partition("_")[2] not in stored
    assert "digest" not in stored


def test_what_fails_has_no_entry(engine: Engine) -> None:
    """A token that is revoked already and a link that is used up add nothing to the log."""
    tokens, sessions = Tokens(engine), Sessions(engine)
    _, record = tokens.create("panel", SHOP, by=ROOT)
    link = sessions.create_link("ada", SHOP, by=ROOT)
    assert tokens.revoke(record.id, by=ROOT)
    assert sessions.sign_in_by_link(link, None)
    before = _rows(_admin(engine))
    assert not tokens.revoke(record.id, by=ROOT)
    assert not tokens.revoke("abc", by=ROOT)
    assert sessions.sign_in_by_link(link, None) is None
    assert _rows(_admin(engine)) == before


def test_undo_is_refused(engine: Engine) -> None:
    """Undo says why such a change stays, and what to do instead."""
    tokens, sessions = Tokens(engine), Sessions(engine)
    tokens.create("panel", SHOP, by=ROOT)
    sessions.sign_in_by_link(sessions.create_link("ada", SHOP, by=ROOT), None)
    reasons = ["a token, whose secret is not stored; revoke it", "a sign-in link", "a sign-in; end"]
    entries = _admin(engine).audit().items[::-1]
    assert not any(one.can_be_undone for one in entries)
    for entry, reason in zip(entries, reasons, strict=True):
        with pytest.raises(UndoRefused, match=f"entry {entry.id} is about {reason}"):
            _admin(engine).undo(entry.id)


def test_tenants(engine: Engine) -> None:
    """A tenant sees its own token and its own session, and none with the same name and limits."""
    tokens, sessions = Tokens(engine), Sessions(engine)
    own_session = sessions.find(sessions.sign_in("admin", SHOP, ADDRESS))
    assert own_session is not None
    own, _ = tokens.create("panel", SHOP, by=ROOT)
    for scope in (SHOP, OTHER, AccessScope(Role.WRITE), AccessScope(Role.READ, SHOP.domains)):
        tokens.create("panel", scope, by=ROOT)
        for name in ("admin", "*.shop.example"):
            sessions.sign_in(name, scope, ADDRESS)
    sessions.create_link("admin", OTHER, by=ROOT)
    sessions.create_link("admin", SHOP, by=replace(ROOT, remote="192.0.2.9"))
    sessions.note_refusal("admin", ADDRESS, "no_role")
    token = tokens.authenticate(own)
    assert token is not None
    person = own_session.principal(ADDRESS)
    as_token, as_person = _admin(engine, token), _admin(engine, person)
    assert _rows(as_token) == [("create", "token", "panel", "root")]
    assert _rows(as_person) == [("sign_in", "session", "admin", "admin")]
    (sign_in,) = as_person.audit(limit=1).items
    assert sign_in.remote == ADDRESS
    assert (sign_in.after or {})["id"] == own_session.id
    assert as_person.audit(limit=1).next is None
    without_id = SHOP.principal("admin", "person", ADDRESS)
    assert _rows(_admin(engine, without_id)) == []
    for entry in _admin(engine).audit().items:
        expected = UndoRefused if entry.id == sign_in.id else ObjectNotFound
        with pytest.raises(expected):
            as_person.undo(entry.id)
    assert len(_rows(_admin(engine, READER))) == 17


def test_overview(engine: Engine) -> None:
    """The last changes of the overview are not pushed out by sign-ins."""
    admin = _admin(engine)
    admin.put_provider("New", {})
    for _ in range(3):
        Sessions(engine).sign_in("ada", SHOP, None)
    items = admin.audit(limit=2, include_access=False).items
    assert [one.object_name for one in items] == ["New"]


OLD: list[Callable[[Engine], object]] = [
    lambda engine: Tokens(engine, retention_days=1).create("panel", SHOP, by=ROOT),
    lambda engine: Sessions(engine, retention_days=1).create_link("ada", SHOP, by=ROOT),
    lambda engine: Sessions(engine, retention_days=1).sign_in("ada", SHOP, None),
]


@pytest.mark.parametrize("change", OLD)
def test_retention(engine: Engine, change: Callable[[Engine], object]) -> None:
    """These changes remove old entries, as others do."""
    row = {"at": datetime(2020, 1, 1, tzinfo=UTC), "principal": "x", "principal_kind": "token"}
    with engine.begin() as connection:
        connection.execute(audit.insert().values(**row, action="put"))
    change(engine)
    assert [one.action for one in _admin(engine).audit().items] != ["put"]
    assert len(_rows(_admin(engine))) == 1


def test_addresses_of_others_with_the_same_name(engine: Engine) -> None:
    """A tenant does not see the address of an operator with the same name and kind."""
    sessions = Sessions(engine)
    operator = replace(ROOT, name="admin")
    operator = replace(operator, kind="person", remote="192.0.2.9")
    secret = sessions.sign_in("admin", SHOP, ADDRESS)
    session = sessions.find(secret)
    assert session is not None
    sessions.end([session], by=operator)
    row = AuditRow(
        **who(operator),
        action="patch",
        object_kind="domain",
        object_name="a.shop.example",
        provider="Shop",
        before=None,
        after=None,
    )
    with write_transaction(engine) as connection:
        add_entry(connection, row, 0)
    tenant = session.principal(ADDRESS)
    as_tenant = {one.action: one.remote for one in _admin(engine, tenant).audit().items}
    assert as_tenant == {"patch": None, "sign_out": None, "sign_in": ADDRESS}
    as_operator = {one.remote for one in _admin(engine, operator).audit().items}
    assert as_operator == {"192.0.2.9", ADDRESS}
