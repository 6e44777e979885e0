"""One-time links in the database: their use is counted for all machines.

Each change is one statement with its own condition, so that of several devices on several machines
exactly one succeeds. All times are those of the database, because machines have different clocks.
"""

import json
from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa

from waypost.core.address import EmailAddress
from waypost.database.engine import (
    Connection,
    Engine,
    read_connection,
    single_statement,
    write_transaction,
)
from waypost.setup_links.link import LinkRow, LinkTarget, NewRow
from waypost.store.sql.schema import setup_link

KEPT_SECONDS = 30 * 86400
"""How long `list` shows a link after it has expired."""
_LINK = setup_link.c
_ID_MAX: Final = 2**31 - 1
Note = Callable[[Connection, LinkRow], None]
"""Is called in the transaction of a change, with the link."""
_NOW = {
    # Seconds since the epoch, by the clock of the server.
    "sqlite": "CAST(strftime('%s', 'now') AS INTEGER)",
    "postgresql": "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS BIGINT)",
    "mysql": "UNIX_TIMESTAMP()",
}


class SetupLinkRows:
    """The links of a database. Implements `LinkRows`."""

    def __init__(self, engine: Engine, note: Note | None = None) -> None:
        """Create it for a database.

        Args:
            engine: the database.
            note: notes each link that is added or removed; None if nothing does.
        """
        self._engine = engine
        self._note = note
        self._now = sa.literal_column(_NOW[engine.dialect.name], sa.BigInteger)
        self._is_usable = sa.and_(_LINK.uses_left > 0, _LINK.expires_at > self._now)

    def add(self, row: NewRow) -> LinkRow:
        """Store a link, and remove what expired long ago.

        Raises:
            StoreUnavailable, StoreError: the database cannot be changed.
        """
        target = row.target
        insert = setup_link.insert().values(
            token_hash=row.token_hash,
            address=str(target.address),
            display_name=target.display_name,
            aliases=json.dumps([str(alias) for alias in target.aliases], ensure_ascii=False),
            device=target.device,
            secret=row.secret,
            uses_left=row.uses,
            created_at=self._now,
            expires_at=self._now + row.seconds,
        )
        with write_transaction(self._engine) as connection:
            old = _LINK.expires_at < self._now - KEPT_SECONDS
            connection.execute(setup_link.delete().where(old))
            connection.execute(self._erase())
            connection.execute(insert)
            stored = connection.execute(self._select(_LINK.token_hash == row.token_hash))
            added = _row(stored.mappings().one())
            if self._note is not None:
                self._note(connection, added)
        return added

    def find(self, token_hash: str) -> LinkRow | None:
        """Return a link that can still be used, or None.

        Raises:
            StoreUnavailable, StoreError: the database cannot be read.
        """
        query = self._select(_LINK.token_hash == token_hash, self._is_usable)
        with read_connection(self._engine) as connection:
            found = connection.execute(query).mappings().first()
        return None if found is None else _row(found)

    def lease(self, token_hash: str, lease: str, seconds: int) -> LinkRow | None:
        """Give a usable link to one device for some seconds; None if that is not possible.

        Raises:
            StoreUnavailable, StoreError: the database cannot be changed.
        """
        is_free = sa.or_(_LINK.leased_until.is_(None), _LINK.leased_until <= self._now)
        update = setup_link.update().where(_LINK.token_hash == token_hash, self._is_usable, is_free)
        update = update.values(leased_until=self._now + seconds, lease=lease)
        with single_statement(self._engine) as connection:
            if connection.execute(update).rowcount != 1:
                return None
            query = self._select(_LINK.token_hash == token_hash, _LINK.lease == lease)
            found = connection.execute(query).mappings().first()
        return None if found is None else _row(found)

    def complete(self, row: LinkRow, lease: str) -> bool:
        """Count a use, and erase the password with the last one.

        Returns:
            False if the lease has ended: nothing was changed.

        Raises:
            StoreUnavailable, StoreError: the database cannot be changed.
        """
        update = setup_link.update().where(
            _LINK.id == row.id, _LINK.lease == lease, _LINK.leased_until > self._now
        )
        # MySQL assigns from left to right, so the password is first.
        update = update.ordered_values(
            (_LINK.secret, sa.case((_LINK.uses_left > 1, _LINK.secret), else_=None)),
            (_LINK.uses_left, _LINK.uses_left - 1),
            (_LINK.used_at, self._now),
            (_LINK.leased_until, None),
            (_LINK.lease, None),
        )
        with single_statement(self._engine) as connection:
            return connection.execute(update).rowcount == 1

    def release(self, row: LinkRow, lease: str) -> None:
        """Give up a lease without a use.

        Raises:
            StoreUnavailable, StoreError: the database cannot be changed.
        """
        update = setup_link.update().where(_LINK.id == row.id, _LINK.lease == lease)
        with single_statement(self._engine) as connection:
            connection.execute(update.values(leased_until=None, lease=None))

    def all(self, before: int | None = None, limit: int | None = None) -> list[LinkRow]:
        """Return links, newest first.

        Args:
            before: only links with smaller ids.
            limit: of their number; None for all.

        Raises:
            StoreUnavailable, StoreError: the database cannot be read.
        """
        conditions = [] if before is None else [_LINK.id < before]
        query = self._select(*conditions).order_by(_LINK.id.desc()).limit(limit)
        with read_connection(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
        return [_row(row) for row in rows]

    def find_id(self, link_id: int) -> LinkRow | None:
        """Return a link, used and expired ones included, or None.

        Raises:
            StoreUnavailable, StoreError: the database cannot be read.
        """
        if not 0 < link_id <= _ID_MAX:
            return None
        with read_connection(self._engine) as connection:
            found = connection.execute(self._select(_LINK.id == link_id)).mappings().first()
        return None if found is None else _row(found)

    def revoke(self, link_id: int) -> bool:
        """Remove a link with its password; return False if there is none.

        Raises:
            StoreUnavailable, StoreError: the database cannot be changed.
        """
        if not 0 < link_id <= _ID_MAX:
            return False
        with write_transaction(self._engine) as connection:
            connection.execute(self._erase())
            found = connection.execute(self._select(_LINK.id == link_id)).mappings().first()
            removed = connection.execute(setup_link.delete().where(_LINK.id == link_id))
            if found is None or removed.rowcount != 1:
                return False
            if self._note is not None:
                self._note(connection, _row(found))
        return True

    def _erase(self) -> sa.Update:
        """Return the statement that erases the passwords of expired links."""
        has_secret = _LINK.secret.is_not(None)
        update = setup_link.update().where(_LINK.expires_at <= self._now, has_secret)
        return update.values(secret=None)

    def _select(self, *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
        is_expired = sa.case((_LINK.expires_at <= self._now, 1), else_=0).label("is_expired")
        return sa.select(setup_link, is_expired).where(*conditions)


def _row(row: sa.RowMapping) -> LinkRow:
    return LinkRow(
        id=row["id"],
        token_hash=row["token_hash"],
        target=LinkTarget(
            EmailAddress.parse(row["address"]),
            row["display_name"],
            tuple(EmailAddress.parse(alias) for alias in json.loads(row["aliases"])),
            row["device"],
        ),
        secret=row["secret"],
        uses_left=row["uses_left"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        used_at=row["used_at"],
        is_expired=bool(row["is_expired"]),
    )
