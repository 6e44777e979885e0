"""Tokens of the API, on each engine."""

import sqlalchemy as sa

from tests.admin.cases import ROOT
from waypost.admin.access.scope import AccessScope
from waypost.admin.access.secret_text import TOKEN_PREFIX, new_secret
from waypost.admin.access.tokens import Tokens
from waypost.admin.principal import Principal, Role
from waypost.core.model import DomainPattern
from waypost.database.engine import Engine, open_engine, write_transaction
from waypost.providers_file.plan import Plan
from waypost.store.sql import admin_schema

DAY = 86_400
TENANT = AccessScope(Role.WRITE, (DomainPattern("*.example.com"),), "Example Inc.")


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.9

    def __call__(self) -> float:
        return self.now


def test_a_token_is_its_scope(engine: Engine) -> None:
    """A request with the token has the name and the scope of the token."""
    tokens = Tokens(engine)
    secret, record = tokens.create("panel", TENANT, by=ROOT)
    found = tokens.authenticate(secret, "192.0.2.1")
    patterns = (DomainPattern("*.example.com"),)
    limits = (Role.WRITE, patterns, "Example Inc.")
    assert found == Principal("panel", "token", *limits, "192.0.2.1", record.id)
    assert tokens.list()[0].id == record.id
    assert tokens.list()[0].scope == TENANT


def test_the_database_has_no_secret(engine: Engine) -> None:
    """What the table contains cannot be used as a token."""
    tokens = Tokens(engine)
    secret, _ = tokens.create("panel", TENANT, by=ROOT)
    with engine.connect() as connection:
        rows = connection.execute(sa.select(admin_schema.token)).mappings().all()
    assert secret not in repr(rows)
    assert secret[len(TOKEN_PREFIX) :] not in repr(rows)
    assert tokens.authenticate(rows[0]["digest"]) is None


def test_expired_revoked_and_unknown_tokens_are_refused(engine: Engine) -> None:
    """A token is valid until its last second, and not after it was revoked."""
    clock = Clock()
    tokens = Tokens(engine, clock)
    secret, record = tokens.create("a", TENANT, by=ROOT, expires_seconds=90 * DAY)
    other, _ = tokens.create("b", AccessScope(Role.READ), by=ROOT)
    clock.now += 90 * DAY - 2
    assert tokens.authenticate(secret) is not None
    clock.now += 2
    assert tokens.authenticate(secret) is None
    assert tokens.authenticate(other) is not None
    assert tokens.authenticate(new_secret(TOKEN_PREFIX)) is None
    assert tokens.revoke(record.id, by=ROOT)
    assert not tokens.revoke(record.id, by=ROOT)
    assert not tokens.revoke("abc", by=ROOT)
    assert [one.is_valid(clock.now) for one in tokens.list()] in ([False, True], [True, False])


def test_plans_say_what_create_and_revoke_do(engine: Engine) -> None:
    """A plan names the token and its end, and writes nothing; no id of a valid token, no plan."""
    tokens = Tokens(engine, Clock())
    planned = tokens.plan_creation("panel", TENANT, expires_seconds=DAY)
    line = "token panel, expires 2027-01-16T08:00:00Z"
    assert planned.plan == Plan((line,), (), ())
    assert planned.new is not None
    assert planned.new.data == {
        "name": "panel",
        "role": "write",
        "domains": ["*.example.com"],
        "provider": "Example Inc.",
        "expires": "2027-01-16T08:00:00Z",
    }
    assert tokens.plan_creation("panel", TENANT).plan.added == ("token panel, never expires",)
    assert tokens.list() == []
    _, record = tokens.create("panel", TENANT, by=ROOT, expires_seconds=DAY)
    revocation = tokens.plan_revocation(record.id)
    assert revocation is not None
    assert revocation.plan == Plan((), (), (line,))
    assert tokens.revoke(record.id, by=ROOT)
    assert tokens.plan_revocation(record.id) is None


def test_the_last_use_is_written_once_a_minute(engine: Engine) -> None:
    """Many requests with a token do not each write to the database."""
    clock = Clock()
    tokens = Tokens(engine, clock)
    secret, _ = tokens.create("a", TENANT, by=ROOT)
    assert tokens.list()[0].last_used_at is None
    for seconds, expected in ((0, 0), (59, 0), (60, 60), (61, 60)):
        clock.now = 1_800_000_000 + seconds
        tokens.authenticate(secret)
        assert tokens.list()[0].last_used_at == 1_800_000_000 + expected


def test_no_request_waits_for_a_writer(engine: Engine) -> None:
    """While another transaction writes, a token is valid; only its last use is not noted."""
    tokens, other = Tokens(engine), open_engine(engine.url.render_as_string(hide_password=False))
    secret, _ = tokens.create("a", TENANT, by=ROOT)
    with write_transaction(other) as connection:
        unused = admin_schema.audit.delete().where(admin_schema.audit.c.id == -1)
        connection.execute(unused)
        assert tokens.authenticate(secret) is not None
    other.dispose()
    assert tokens.authenticate(secret) is not None
    assert tokens.list()[0].last_used_at is not None
