"""The pinned PACC documents of domains in the database."""

import sqlalchemy as sa

from waypost.core.address import DomainName
from waypost.core.errors import DomainError, DomainNotServed
from waypost.core.model import DomainPattern
from waypost.database.engine import Connection, Engine, read_connection, write_transaction
from waypost.store.sql import schema
from waypost.store.sql.precedence import name_condition, precedence_key, rank_spellings

_DOMAIN = schema.domain.c


class PinnedRows:
    """The pinned documents; simultaneous changes wait. Implements `PinnedDocuments`."""

    def __init__(self, engine: Engine) -> None:
        """Create it for a database."""
        self._engine = engine

    def all(self) -> dict[str, bytes]:
        """Return the pinned documents, by domain (A-labels).

        Raises:
            StoreUnavailable, StoreError: the database cannot be read.
        """
        is_pinned = sa.select(_DOMAIN.name, _DOMAIN.pinned_pacc).where(
            _DOMAIN.pinned_pacc.is_not(None)
        )
        documents: dict[str, bytes] = {}
        with read_connection(self._engine) as connection:
            for name, document in connection.execute(is_pinned.order_by(_DOMAIN.id)):
                try:
                    domain = DomainName.parse(name)
                except DomainError:
                    continue  # A pattern has no pinned document.
                if (pinned := document_of(document)) is not None:
                    documents[domain.ascii] = pinned
        return documents

    def pin(self, domain: DomainName, document: bytes) -> bytes:
        """Pin a document, unless one is pinned already; return the pinned one.

        Raises:
            DomainNotServed: the domain has no row, except that of a pattern.
            StoreUnavailable, StoreError: the database cannot be changed.
        """
        with write_transaction(self._engine) as connection:
            row = _row(connection, domain)
            if row is None:
                raise DomainNotServed(f"{domain} does not have its own entry")
            pinned = document_of(row["pinned_pacc"])
            if pinned is None:
                _set(connection, row["id"], document)
            return document if pinned is None else pinned

    def unpin(self, domain: DomainName, document: bytes) -> bool:
        """Unpin a document; return False if it was not pinned any more.

        Raises:
            StoreUnavailable, StoreError: the database cannot be changed.
        """
        with write_transaction(self._engine) as connection:
            row = _row(connection, domain)
            if row is None or document_of(row["pinned_pacc"]) != document:
                return False
            _set(connection, row["id"], None)
            return True


def document_of(stored: bytes | memoryview | str | None) -> bytes | None:
    """Return the document in the column `pinned_pacc`, where SQLite may have a text.

    psycopg2 returns a `memoryview`.
    """
    return (stored.encode() if isinstance(stored, str) else bytes(stored or b"")) or None


def _row(connection: Connection, domain: DomainName) -> sa.RowMapping | None:
    """Return the row that is served for a domain, except that of a pattern."""
    ranks = rank_spellings([DomainPattern(domain.ascii)])
    query = sa.select(_DOMAIN.id, _DOMAIN.name, _DOMAIN.pinned_pacc)
    query = query.where(name_condition(connection.dialect.name))
    rows = connection.execute(query, {"names": list(ranks)}).mappings().all()
    matching_rows = [row for row in rows if row["name"].lower() in ranks]
    return min(
        matching_rows, key=lambda row: precedence_key(row["name"], row["id"], ranks), default=None
    )


def _set(connection: Connection, row_id: int, document: bytes | None) -> None:
    update = schema.domain.update().where(_DOMAIN.id == row_id)
    connection.execute(update.values(pinned_pacc=document))
