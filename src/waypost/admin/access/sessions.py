"""Sign-in by a one-time link, and the sessions of people in their browsers."""

import hashlib
import hmac
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import sqlalchemy as sa

from waypost.admin.access.access_log import (
    LINK,
    SESSION,
    SIGN_OUT,
    AccessChange,
    SignOut,
    note_access,
    scope_data,
)
from waypost.admin.access.duration import utc_text
from waypost.admin.access.scope import AccessScope, read_scope, scope_columns
from waypost.admin.access.secret_text import (
    LINK_PREFIX,
    SESSION_PREFIX,
    digest,
    is_well_formed,
    new_id,
    new_secret,
)
from waypost.admin.access.transaction import access_transaction
from waypost.admin.principal import Principal, Role
from waypost.database.engine import Engine, read_connection
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
        return self.scope.principal(self.name, "person", remote, self.id)


class Sessions:
    """The sign-in links and the sessions of a database."""

    def __init__(
        self, engine: Engine, clock: Callable[[], float] = time.time, *, retention_days: int = 0
    ) -> None:
        """Open the sessions; nothing is read yet.

        Args:
            engine: the database.
            clock: returns seconds since 1970.
            retention_days: how long the audit log keeps entries; 0 keeps all.
        """
        self._engine = engine
        self._clock = clock
        self._retention_days = retention_days

    def create_link(self, name: str, scope: AccessScope, *, by: Principal) -> str:
        """Return the secret of a link that signs one person in, once, within `LINK_SECONDS`.

        Expired links are removed.

        Args:
            name: of the person, for the audit log.
            scope: what the person may read or change.
            by: who creates the link.
        """
        secret, now = new_secret(LINK_PREFIX), int(self._clock())
        row = {"digest": digest(secret), "name": name, "expires_at": now + LINK_SECONDS}
        with access_transaction(self._engine) as connection:
            connection.execute(link_table.delete().where(link_table.c.expires_at <= now))
            connection.execute(link_table.insert().values(row | scope_columns(scope)))
            data = {**scope_data(scope), "expires": utc_text(now + LINK_SECONDS)}
            self._note(connection, by, AccessChange("create", LINK, name, after=data))
        return secret

    def sign_in_by_link(self, secret: str, remote: str | None) -> str | None:
        """Use up a link, and return the secret of a new session; None if the link is not valid.

        Of two simultaneous requests with the same link, one gets a session.
        """
        if not is_well_formed(secret, LINK_PREFIX):
            return None
        now = int(self._clock())
        condition = link_table.c.digest == digest(secret), link_table.c.expires_at > now
        with access_transaction(self._engine) as connection:
            row = connection.execute(sa.select(link_table).where(*condition)).mappings().first()
            if row is None:
                return None
            if connection.execute(link_table.delete().where(*condition)).rowcount != 1:
                return None
            return self._begin(connection, row["name"], read_scope(row), remote, "link")

    def sign_in(self, name: str, scope: AccessScope, remote: str | None) -> str:
        """Return the secret of a new session for a person whom an OpenID provider identified."""
        with access_transaction(self._engine) as connection:
            return self._begin(connection, name, scope, remote, "oidc")

    def note_refusal(self, name: str, remote: str | None, reason: str) -> None:
        """Note that a person whom an OpenID provider identified may not sign in.

        Args:
            name: of the person.
            remote: the address of the person.
            reason: a code.
        """
        person = Principal(name, "person", Role.READ, remote=remote)
        data = {"method": "oidc", "reason": reason}
        change = AccessChange("sign_in_refused", SESSION, name, after=data)
        with access_transaction(self._engine) as connection:
            self._note(connection, person, change)

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

    def end(
        self, sessions: Iterable[AdminSession], *, by: Principal, action: SignOut = SIGN_OUT
    ) -> None:
        """End sessions, each with an entry in the audit log, in one transaction.

        Args:
            sessions: those that end; one that has ended already has no entry.
            by: who ends them.
            action: for the audit log.
        """
        with access_transaction(self._engine) as connection:
            for session in sessions:
                delete = session_table.delete().where(session_table.c.id == session.id)
                if connection.execute(delete).rowcount == 1:
                    data = {"id": session.id, **scope_data(session.scope)}
                    change = AccessChange(action, SESSION, session.name, before=data)
                    self._note(connection, by, change)

    def _begin(
        self,
        connection: sa.Connection,
        name: str,
        scope: AccessScope,
        remote: str | None,
        method: Literal["link", "oidc"],
    ) -> str:
        """Add a session with its entry in the audit log, and return its secret."""
        secret, session_id = new_secret(SESSION_PREFIX), new_id()
        now = int(self._clock())
        row: dict[str, Any] = {"id": session_id, "digest": digest(secret), "name": name}
        row |= {"remote": remote, "created_at": now, "last_seen_at": now, **scope_columns(scope)}
        _remove_ended(connection, now)
        connection.execute(session_table.insert().values(row))
        data = {"id": session_id, "method": method, **scope_data(scope)}
        person = scope.principal(name, "person", remote, session_id)
        self._note(connection, person, AccessChange("sign_in", SESSION, name, after=data))
        return secret

    def _note(self, connection: sa.Connection, by: Principal, change: AccessChange) -> None:
        note_access(connection, by, change, self._retention_days)


def csrf_text(secret: str) -> str:
    """Return the text that proves that a form is from a page of this session."""
    return hmac.new(secret.encode(), b"waypost csrf", hashlib.sha256).hexdigest()


def is_csrf_text(session: AdminSession, text: str) -> bool:
    """Return whether a form contains the text of the session."""
    return bool(session.csrf) and hmac.compare_digest(session.csrf.encode(), text.encode())


def _remove_ended(connection: sa.Connection, now: int) -> None:
    ended = (session_table.c.created_at <= now - ABSOLUTE_SECONDS) | (
        session_table.c.last_seen_at <= now - IDLE_SECONDS
    )
    connection.execute(session_table.delete().where(ended))


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
