"""Sign-in by a one-time link, and the sessions of people in their browsers."""

import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from waypost.admin.access.scope import AccessScope, read_scope, scope_columns
from waypost.admin.access.secret_text import (
    LINK_PREFIX,
    SESSION_PREFIX,
    digest,
    is_well_formed,
    new_id,
    new_secret,
)
from waypost.admin.principal import Principal
from waypost.database.engine import Engine, read_connection, write_transaction
from waypost.database.optional_change import try_change
from waypost.store.sql.admin_schema import link as link_table
from waypost.store.sql.admin_schema import session as session_table

LINK_SECONDS: Final = 600
IDLE_SECONDS: Final = 1800
"""OWASP: an idle session of an administration page ends after 15 to 30 minutes."""
ABSOLUTE_SECONDS: Final = 12 * 3600
SEEN_STEP_SECONDS: Final = 60
"""How exact the time of the last request is: not each request writes to the database."""


@dataclass(frozen=True, slots=True)
class AdminSession:
    """A session of a person. Times are seconds since 1970, in UTC.

    Attributes:
        id: for lists; it is no secret.
        csrf: the text that each form of this session must contain.
    """

    id: str
    name: str
    scope: AccessScope
    remote: str | None
    created_at: int
    last_seen_at: int
    csrf: str = ""

    def principal(self, remote: str | None) -> Principal:
        """Return the person of the session, with the address of the present request."""
        return self.scope.principal(self.name, "person", remote)


class Sessions:
    """The sign-in links and the sessions of a database."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        """Open the sessions; nothing is read yet.

        Args:
            engine: the database.
            clock: returns seconds since 1970.
        """
        self._engine = engine
        self._clock = clock

    def create_link(self, name: str, scope: AccessScope) -> str:
        """Return the secret of a link that signs one person in, once, within `LINK_SECONDS`.

        Expired links are removed.

        Args:
            name: of the person, for the audit log.
            scope: what the person may read or change.
        """
        secret, now = new_secret(LINK_PREFIX), int(self._clock())
        row = {"digest": digest(secret), "name": name, "expires_at": now + LINK_SECONDS}
        with write_transaction(self._engine) as connection:
            connection.execute(link_table.delete().where(link_table.c.expires_at <= now))
            connection.execute(link_table.insert().values(row | scope_columns(scope)))
        return secret

    def sign_in_by_link(self, secret: str, remote: str | None) -> str | None:
        """Use up a link, and return the secret of a new session; None if the link is not valid.

        Of two simultaneous requests with the same link, one gets a session.
        """
        if not is_well_formed(secret, LINK_PREFIX):
            return None
        now = int(self._clock())
        condition = link_table.c.digest == digest(secret), link_table.c.expires_at > now
        with write_transaction(self._engine) as connection:
            row = connection.execute(sa.select(link_table).where(*condition)).mappings().first()
            if row is None:
                return None
            if connection.execute(link_table.delete().where(*condition)).rowcount != 1:
                return None
            return _insert_session(connection, row["name"], read_scope(row), remote, now)

    def sign_in(self, name: str, scope: AccessScope, remote: str | None) -> str:
        """Return the secret of a new session for a person whom another system has identified."""
        now = int(self._clock())
        with write_transaction(self._engine) as connection:
            return _insert_session(connection, name, scope, remote, now)

    def find(self, secret: str) -> AdminSession | None:
        """Return the session of a cookie, or None if there is none, or if it has ended."""
        if not is_well_formed(secret, SESSION_PREFIX):
            return None
        query = sa.select(session_table).where(session_table.c.digest == digest(secret))
        with read_connection(self._engine) as connection:
            row = connection.execute(query).mappings().one_or_none()
        now = int(self._clock())
        if row is None or _has_ended(row, now):
            return None
        if now - row["last_seen_at"] >= SEEN_STEP_SECONDS:
            update = session_table.update().where(session_table.c.id == row["id"])
            # A bulk change writes for minutes; no request waits for that.
            try_change(self._engine, update.values(last_seen_at=now))
        return _session(row, csrf_text(secret))

    def list(self, name: str | None = None) -> Sequence[AdminSession]:
        """Return the present sessions, the newest first; of one person if a name is given."""
        now = int(self._clock())
        query = sa.select(session_table).order_by(session_table.c.created_at.desc())
        if name is not None:
            query = query.where(session_table.c.name == name)
        with read_connection(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
        return [_session(row) for row in rows if not _has_ended(row, now)]

    def end(self, session_id: str) -> None:
        """End one session."""
        with write_transaction(self._engine) as connection:
            connection.execute(session_table.delete().where(session_table.c.id == session_id))

    def end_all(self, name: str | None = None) -> int:
        """End all sessions, or those of one person; return how many there were."""
        delete = session_table.delete()
        if name is not None:
            delete = delete.where(session_table.c.name == name)
        with write_transaction(self._engine) as connection:
            return connection.execute(delete).rowcount


def csrf_text(secret: str) -> str:
    """Return the text that proves that a form is from a page of this session."""
    return hmac.new(secret.encode(), b"waypost csrf", hashlib.sha256).hexdigest()


def is_csrf_text(session: AdminSession, text: str) -> bool:
    """Return whether a form contains the text of the session."""
    return bool(session.csrf) and hmac.compare_digest(session.csrf.encode(), text.encode())


def _insert_session(
    connection: sa.Connection, name: str, scope: AccessScope, remote: str | None, now: int
) -> str:
    secret = new_secret(SESSION_PREFIX)
    row = {"id": new_id(), "digest": digest(secret), "name": name, "remote": remote}
    times = {"created_at": now, "last_seen_at": now}
    ended = (session_table.c.created_at <= now - ABSOLUTE_SECONDS) | (
        session_table.c.last_seen_at <= now - IDLE_SECONDS
    )
    connection.execute(session_table.delete().where(ended))
    connection.execute(session_table.insert().values(row | times | scope_columns(scope)))
    return secret


def _has_ended(row: Any, now: int) -> bool:  # noqa: ANN401 -- a row
    return bool(
        now - row["created_at"] >= ABSOLUTE_SECONDS or now - row["last_seen_at"] >= IDLE_SECONDS
    )


def _session(row: Any, csrf: str = "") -> AdminSession:  # noqa: ANN401 -- a row
    return AdminSession(
        row["id"],
        row["name"],
        read_scope(row),
        row["remote"],
        row["created_at"],
        row["last_seen_at"],
        csrf,
    )
