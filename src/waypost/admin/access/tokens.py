"""Tokens for programs: created once, stored as digests, and revoked."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from waypost.admin.access.access_log import TOKEN, AccessChange, note_access, scope_data
from waypost.admin.access.duration import utc_text
from waypost.admin.access.scope import AccessScope, read_scope, scope_columns
from waypost.admin.access.secret_text import (
    TOKEN_PREFIX,
    digest,
    is_well_formed,
    new_id,
    new_secret,
)
from waypost.admin.access.transaction import access_transaction
from waypost.admin.principal import Principal
from waypost.admin.results import ChangeResult, StoredObject
from waypost.database.engine import Engine, read_connection
from waypost.database.optional_change import try_change
from waypost.providers_file.plan import Plan
from waypost.store.sql.admin_schema import token as table

NAME_MAX_CHARS: Final = 128
USE_STEP_SECONDS: Final = 60
"""How exact the time of the last use is: not each request writes to the database."""


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A token without its secret. Times are seconds since 1970, in UTC.

    Attributes:
        id: for `waypost token revoke`.
        scope: what the token may read or change.
        created_by: the name of the person or the command that created the token.
        expires_at: None if the token does not expire.
        last_used_at: exact to a minute; None if the token was not used.
        revoked_at: None if the token is valid.
    """

    id: str
    name: str
    scope: AccessScope
    created_at: int
    created_by: str
    expires_at: int | None
    last_used_at: int | None
    revoked_at: int | None

    def is_valid(self, now: float) -> bool:
        """Return whether the token is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class Tokens:
    """The tokens of a database."""

    def __init__(
        self, engine: Engine, clock: Callable[[], float] = time.time, *, retention_days: int = 0
    ) -> None:
        """Open the tokens; nothing is read yet.

        Args:
            engine: the database.
            clock: returns seconds since 1970.
            retention_days: how long the audit log keeps entries; 0 keeps all.
        """
        self._engine = engine
        self._clock = clock
        self._retention_days = retention_days

    def create(
        self, name: str, scope: AccessScope, *, by: Principal, expires_seconds: int | None = None
    ) -> tuple[str, TokenRecord]:
        """Create a token, note it in the audit log, and return its secret, which is not stored.

        Args:
            name: for people, 1 to `NAME_MAX_CHARS` characters.
            scope: what the token may read or change.
            by: who creates it.
            expires_seconds: how long it is valid; None without end.

        Raises:
            StoreError: the database cannot be used.
        """
        secret, now = new_secret(TOKEN_PREFIX), int(self._clock())
        row = {
            "id": new_id(),
            "name": name,
            "digest": digest(secret),
            **scope_columns(scope),
            "created_at": now,
            "created_by": by.name[:NAME_MAX_CHARS],
            "expires_at": None if expires_seconds is None else now + expires_seconds,
            "last_used_at": None,
            "revoked_at": None,
        }
        with access_transaction(self._engine) as connection:
            connection.execute(table.insert().values(row))
            record = _record(row)
            change = AccessChange("create", TOKEN, name, after=_audit_data(record))
            note_access(connection, by, change, self._retention_days)
        return secret, record

    def plan_creation(
        self, name: str, scope: AccessScope, *, expires_seconds: int | None = None
    ) -> ChangeResult:
        """Return what `create` would do."""
        expires_at = None if expires_seconds is None else int(self._clock()) + expires_seconds
        plan = Plan((_plan_line(name, expires_at),), (), ())
        new = {"name": name, **scope_data(scope), "expires": _expiry(expires_at)}
        return ChangeResult(plan, None, StoredObject(new, ""))

    def list(self) -> Sequence[TokenRecord]:
        """Return all tokens, the newest first."""
        query = sa.select(table).order_by(table.c.created_at.desc(), table.c.id)
        with read_connection(self._engine) as connection:
            return [_record(row) for row in connection.execute(query).mappings()]

    def revoke(self, token_id: str, *, by: Principal) -> bool:
        """Revoke a token at once; return False if there is no valid token with this id.

        Args:
            token_id: from `list`.
            by: who revokes it, for the audit log.
        """
        condition = table.c.id == token_id, table.c.revoked_at.is_(None)
        with access_transaction(self._engine) as connection:
            row = connection.execute(sa.select(table).where(*condition)).mappings().first()
            if row is None:
                return False
            update = table.update().where(*condition).values(revoked_at=int(self._clock()))
            if connection.execute(update).rowcount != 1:
                return False
            data = _audit_data(_record(row))
            change = AccessChange("revoke", TOKEN, row["name"], before=data)
            note_access(connection, by, change, self._retention_days)
        return True

    def plan_revocation(self, token_id: str) -> ChangeResult | None:
        """Return what `revoke` would do; None if there is no valid token with this id."""
        query = sa.select(table).where(table.c.id == token_id, table.c.revoked_at.is_(None))
        with read_connection(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        record = _record(row)
        plan = Plan((), (), (_plan_line(record.name, record.expires_at),))
        old = StoredObject({"name": record.name, **_audit_data(record)}, "")
        return ChangeResult(plan, old, None)

    def authenticate(self, secret: str, remote: str | None = None) -> Principal | None:
        """Return who has a token, or None if the token is not valid.

        The time does not depend on how much of a wrong token is right: the database compares
        digests.

        Args:
            secret: what the client sent.
            remote: the address of the client, for the audit log.
        """
        if not is_well_formed(secret, TOKEN_PREFIX):
            return None
        query = sa.select(table).where(table.c.digest == digest(secret))
        with read_connection(self._engine) as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            return None
        record, now = _record(row), self._clock()
        if not record.is_valid(now):
            return None
        if record.last_used_at is None or now - record.last_used_at >= USE_STEP_SECONDS:
            update = table.update().where(table.c.id == record.id)
            # A bulk change writes for minutes; no request waits for that.
            try_change(self._engine, update.values(last_used_at=int(now)))
        return record.scope.principal(record.name, "token", remote, record.id)


def _audit_data(record: TokenRecord) -> dict[str, Any]:
    """Return what the audit log has of a token."""
    return {
        "id": record.id,
        **scope_data(record.scope),
        "expires": _expiry(record.expires_at),
    }


def _plan_line(name: str, expires_at: int | None) -> str:
    """Return the line of a plan about a token."""
    expiry = _expiry(expires_at)
    return f"token {name}, " + ("never expires" if expiry is None else f"expires {expiry}")


def _expiry(expires_at: int | None) -> str | None:
    return None if expires_at is None else utc_text(expires_at)


def _record(row: Any) -> TokenRecord:  # noqa: ANN401 -- a row or a dict
    return TokenRecord(
        row["id"],
        row["name"],
        read_scope(row),
        row["created_at"],
        row["created_by"],
        row["expires_at"],
        row["last_used_at"],
        row["revoked_at"],
    )
