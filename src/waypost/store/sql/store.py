"""Find one domain in the database, with one statement."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

import sqlalchemy as sa
import structlog

from waypost.core.address import DomainName
from waypost.core.model import Directory, DirectoryPolicy, Domain, Provider, Service, candidates
from waypost.database.engine import Engine, read_connection
from waypost.store.interning import DomainEntry
from waypost.store.sql import schema
from waypost.store.sql.domain_query import (
    DIRECTORY_PREFIX,
    LDAPSERVER_PREFIX,
    DomainQuery,
    DomainRow,
    Values,
    service_columns,
)
from waypost.store.sql.precedence import precedence_key, rank_spellings
from waypost.store.sql.rows import directories
from waypost.store.sql.rows import providers as provider_rows
from waypost.store.sql.rows import services as rows
from waypost.store.sql.rows.pinned_pacc import document_of
from waypost.store.sql.rows.redirects import ENTRY_COLUMNS, StoredEntry
from waypost.store.sql.sync.reader import StoredPolicy

_ENTRIES_MAX: Final = 1024
_INVALID_ROW: Final = "invalid row ignored; run `waypost db check`"
_MALFORMED_COLUMN: Final = (
    "malformed column ignored; correct it with SQL, or set it to NULL and run `waypost apply`"
)
_PROVIDER = schema.provider.c


class SqlStore:
    """A store in a database. Implements `store.Store`, and is safe for several threads."""

    def __init__(self, engine: Engine) -> None:
        """Create a store for a database."""
        self.engine = engine
        self._query = DomainQuery(engine)
        self._read_rows: dict[tuple[Values, tuple[Values, ...]], DomainEntry] = {}
        self._entries: dict[DomainEntry, DomainEntry] = {}
        self._logged: set[tuple[str, int | str]] = set()
        self._log = structlog.get_logger(__name__)

    def find(self, domain: DomainName) -> Domain | None:
        """Return the entry with the best match for a domain, or None.

        Raises:
            StoreUnavailable: the database does not answer.
            StoreError: the operator must fix the database first.
        """
        patterns = candidates(domain)
        ranks = rank_spellings(patterns)
        found = self._query.run(list(ranks))
        matching_rows = [row for row in found.domains if row.name.lower() in ranks]
        if not matching_rows:
            return None
        best_row = min(matching_rows, key=lambda row: precedence_key(row.name, row.id, ranks))
        pattern = patterns[ranks[best_row.name.lower()] // 2]
        entry = self._entry(best_row, found.services_of(best_row.id))
        domain_entry = entry.for_domain(pattern.text)
        # A document in the row of a pattern cannot be for all its domains.
        pinned = document_of(best_row.pinned_pacc) if pattern.text == domain.ascii else None
        return domain_entry if pinned is None else replace(domain_entry, pinned_pacc=pinned)

    def providers(self) -> tuple[Provider, ...]:
        """Return all providers with pages or profile settings, which automx2 does not support.

        Raises:
            StoreUnavailable: the database does not answer.
            StoreError: the operator must fix the database first.
        """
        query = sa.select(schema.provider).where(_PROVIDER.pages.is_not(None))
        with read_connection(self.engine) as connection:
            found_rows = connection.execute(query.order_by(_PROVIDER.id)).mappings()
            return tuple(self._read_provider(row) for row in found_rows)

    def has_tables(self) -> bool:
        """Return whether the database has the table of the domains.

        Raises:
            StoreUnavailable, StoreError: as `find`.
        """
        with read_connection(self.engine) as connection:
            return sa.inspect(connection).has_table(schema.domain.name)

    def count_domains(self) -> int:
        """Return the number of domains and patterns.

        Raises:
            StoreUnavailable, StoreError: as `find`.
        """
        with read_connection(self.engine) as connection:
            return connection.execute(
                sa.select(sa.func.count()).select_from(schema.domain)
            ).scalar_one()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _entry(self, row: DomainRow, services: tuple[Values, ...]) -> DomainEntry:
        """Return the entry for the content of rows; the same object for the same content.

        Rows with the same content need not be read again. Documents are rendered once for each
        object, and a cache may keep it for many domains.
        """
        key = (row.entry, services)
        if (known := self._read_rows.get(key)) is not None:
            return known
        columns = row.columns()
        stored_entry = StoredEntry.from_row(*(columns[column.name] for column in ENTRY_COLUMNS))
        users = self._directory_policy(columns)
        provider = None
        if columns["name"] is not None:  # A row of a provider may be missing.
            provider = self._read_provider(columns)
        entry = DomainEntry(provider, tuple(self._read_services(services)), users, *stored_entry)
        for table in (self._entries, self._read_rows):
            if len(table) >= _ENTRIES_MAX:
                table.clear()
        # Rows that differ in their ids alone are one entry, too.
        return self._read_rows.setdefault(key, self._entries.setdefault(entry, entry))

    def _directory_policy(self, row: rows.Row) -> DirectoryPolicy | None:
        """Return the directory of the users; None if there is none, or if its row is not valid."""
        directory: Directory
        if row["directory_label"] is not None:
            try:
                directory = directories.directory_from_row(row, DIRECTORY_PREFIX)
            except rows.RowError as error:
                self._log_once("directory", row["directory_id"], str(error))
                return None
        elif row["directory_id"] is None and row["ldapserver_name"] is not None:
            directory = directories.ldapserver_from_row(row, LDAPSERVER_PREFIX)
        else:
            return None
        names = StoredPolicy.__slots__
        return StoredPolicy(**{name: row[name] for name in names}).with_directory(directory)

    def _read_services(self, services: Iterable[Values]) -> Iterator[Service]:
        for values in services:
            table, row = service_columns(values)
            is_server = table is schema.server
            read = rows.service_from_server if is_server else rows.service_from_davserver
            try:
                yield read(row)
            except rows.RowError as error:
                self._log_once(table.name, row["id"], str(error))

    def _read_provider(self, row: rows.Row) -> Provider:
        """Return a provider; a column with malformed JSON counts as empty."""
        return provider_rows.provider_from_row(
            row, lambda reason: self._log_once("provider", row["name"], reason, _MALFORMED_COLUMN)
        )

    def _log_once(
        self, table: str, row_id: int | str, reason: str, event: str = _INVALID_ROW
    ) -> None:
        """Log an invalid row, once for each store."""
        if (table, row_id) not in self._logged:
            self._logged.add((table, row_id))
            self._log.warning(event, table=table, id=row_id, reason=reason)
