"""The PACC documents that are held for domains of the database."""

import sqlalchemy as sa

from waypost.address import DomainName
from waypost.database.engine import Connection, Engine, reading, writing
from waypost.errors import DomainError, DomainNotServed
from waypost.model import DomainPattern
from waypost.store.sql import schema
from waypost.store.sql.served import is_named, ranked, strength

_DOMAIN = schema.domain.c


class HeldRows:
    """Changes what is held; of several at once the others wait. Implements `HeldDocuments`."""

    def __init__(self, engine: Engine) -> None:
        """Take the database."""
        self._engine = engine

    def all(self) -> dict[str, bytes]:
        """Give what is held, by domain (A-labels).

        Raises:
            StoreUnavailable, StoreError: the database cannot be asked.
        """
        is_held = sa.select(_DOMAIN.name, _DOMAIN.held_pacc).where(_DOMAIN.held_pacc.is_not(None))
        found: dict[str, bytes] = {}
        with reading(self._engine) as connection:
            for name, document in connection.execute(is_held.order_by(_DOMAIN.id)):
                try:
                    domain = DomainName.parse(name)
                except DomainError:
                    continue  # A pattern, for which nothing is held.
                if (held := document_of(document)) is not None:
                    found[domain.ascii] = held
        return found

    def hold(self, domain: DomainName, document: bytes) -> bytes:
        """Hold a document, unless one is held already; give what is held then.

        Raises:
            DomainNotServed: no row stands for this domain alone.
            StoreUnavailable, StoreError: the database cannot be changed.
        """
        with writing(self._engine) as connection:
            row = _row(connection, domain)
            if row is None:
                raise DomainNotServed(f"{domain} has no entry of its own")
            held = document_of(row["held_pacc"])
            if held is None:
                _set(connection, row["id"], document)
            return document if held is None else held

    def release(self, domain: DomainName, document: bytes) -> bool:
        """Let go of a document; give False where it is not held any more.

        Raises:
            StoreUnavailable, StoreError: the database cannot be changed.
        """
        with writing(self._engine) as connection:
            row = _row(connection, domain)
            if row is None or document_of(row["held_pacc"]) != document:
                return False
            _set(connection, row["id"], None)
            return True


def document_of(stored: bytes | str | None) -> bytes | None:
    """Give what the column `held_pacc` says; SQLite keeps a text there as it is."""
    return (stored.encode() if isinstance(stored, str) else stored) or None


def _row(connection: Connection, domain: DomainName) -> sa.RowMapping | None:
    """Give the row that is served for a domain alone."""
    ranks = ranked([DomainPattern(domain.ascii)])
    asked = sa.select(_DOMAIN.id, _DOMAIN.name, _DOMAIN.held_pacc)
    asked = asked.where(is_named(connection.dialect.name))
    rows = connection.execute(asked, {"names": list(ranks)}).mappings().all()
    found = [row for row in rows if row["name"].lower() in ranks]
    return min(found, key=lambda row: strength(row["name"], row["id"], ranks), default=None)


def _set(connection: Connection, row_id: int, document: bytes | None) -> None:
    update = schema.domain.update().where(_DOMAIN.id == row_id)
    connection.execute(update.values(held_pacc=document))
