"""Find one domain in the database, with two statements."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa
import structlog

from waypost.core.address import DomainName
from waypost.core.model import Directory, DirectoryPolicy, Domain, Provider, Service, candidates
from waypost.database.engine import Connection, Engine, read_connection
from waypost.store.interning import DomainEntry
from waypost.store.sql import schema
from waypost.store.sql.precedence import name_condition, precedence_key, rank_spellings
from waypost.store.sql.rows import directories
from waypost.store.sql.rows import providers as provider_rows
from waypost.store.sql.rows import services as rows
from waypost.store.sql.rows.pinned_pacc import document_of
from waypost.store.sql.rows.redirects import ENTRY_COLUMNS, StoredEntry
from waypost.store.sql.sync.reader import StoredPolicy, policy_columns

_ENTRIES_MAX: Final = 1024
_DOMAIN = schema.domain.c
_PROVIDER = schema.provider.c
_LDAPSERVER_PREFIX: Final = "ldapserver_"
_DIRECTORY_PREFIX: Final = "directory_"


class SqlStore:
    """A store in a database. Implements `store.Store`, and is safe for several threads."""

    def __init__(self, engine: Engine) -> None:
        """Create a store for a database."""
        self.engine = engine
        self._domains = _domains(engine.dialect.name)
        self._services_of_domain = _services()
        self._entries: dict[DomainEntry, DomainEntry] = {}
        self._logged: set[tuple[str, int]] = set()
        self._log = structlog.get_logger(__name__)

    def find(self, domain: DomainName) -> Domain | None:
        """Return the entry with the best match for a domain, or None.

        Raises:
            StoreUnavailable: the database does not answer.
            StoreError: the operator must fix the database first.
        """
        patterns = candidates(domain)
        ranks = rank_spellings(patterns)
        with read_connection(self.engine) as connection:
            result = connection.execute(self._domains, {"names": list(ranks)}).mappings()
            matching_rows = [row for row in result if row["domain_name"].lower() in ranks]
            if not matching_rows:
                return None
            best_row = min(
                matching_rows, key=lambda row: precedence_key(row["domain_name"], row["id"], ranks)
            )
            services = self._services(connection, best_row["id"])
        pattern = patterns[ranks[best_row["domain_name"].lower()] // 2]
        stored_entry = StoredEntry.from_row(*(best_row[column.name] for column in ENTRY_COLUMNS))
        users = self._directory_policy(best_row)
        entry = self._intern(DomainEntry(_provider(best_row), services, users, *stored_entry))
        domain_entry = entry.for_domain(pattern.text)
        # A document in the row of a pattern cannot be for all its domains.
        pinned = document_of(best_row["pinned_pacc"]) if pattern.text == domain.ascii else None
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
            return tuple(provider_rows.provider_from_row(row) for row in found_rows)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _intern(self, entry: DomainEntry) -> DomainEntry:
        """Return the same object for the same content: a cache may keep it for many domains."""
        if len(self._entries) >= _ENTRIES_MAX:
            self._entries.clear()
        return self._entries.setdefault(entry, entry)

    def _directory_policy(self, row: rows.Row) -> DirectoryPolicy | None:
        """Return the directory of the users; None if there is none, or if its row is not valid."""
        directory: Directory
        if row["directory_label"] is not None:
            try:
                directory = directories.directory_from_row(row, _DIRECTORY_PREFIX)
            except rows.RowError as error:
                self._log_once("directory", row["directory_id"], str(error))
                return None
        elif row["directory_id"] is None and row["ldapserver_name"] is not None:
            directory = directories.ldapserver_from_row(row, _LDAPSERVER_PREFIX)
        else:
            return None
        names = StoredPolicy.__slots__
        return StoredPolicy(**{name: row[name] for name in names}).with_directory(directory)

    def _services(self, connection: Connection, domain_id: int) -> tuple[Service, ...]:
        found_rows = connection.execute(self._services_of_domain, {"domain_id": domain_id})
        return tuple(self._read_services(found_rows.mappings()))

    def _read_services(self, found_rows: Iterable[rows.Row]) -> list[Service]:
        services = []
        for row in found_rows:
            is_server = row["table"] == "server"
            read = rows.service_from_server if is_server else rows.service_from_davserver
            try:
                services.append(read(row))
            except rows.RowError as error:
                self._log_once(row["table"], row["id"], str(error))
        return services

    def _log_once(self, table: str, row_id: int, reason: str) -> None:
        """Log an invalid row, once for each store."""
        if (table, row_id) not in self._logged:
            self._logged.add((table, row_id))
            event = "invalid row ignored; run `waypost db check`"
            self._log.warning(event, table=table, id=row_id, reason=reason)


def _provider(row: rows.Row) -> Provider | None:
    """Return the provider, or None if it is missing."""
    return None if row["name"] is None else provider_rows.provider_from_row(row)


def _domains(dialect: str) -> sa.Select[Any]:
    # A referenced row may be missing, because SQLite allows its removal.
    ldapserver, directory = schema.ldapserver.c, schema.directory.c
    joined = schema.domain.outerjoin(schema.provider, _DOMAIN.provider_id == _PROVIDER.id)
    joined = joined.outerjoin(schema.ldapserver, _DOMAIN.ldapserver_id == ldapserver.id)
    joined = joined.outerjoin(schema.directory, _DOMAIN.directory_id == directory.id)
    return (
        sa.select(
            *(_DOMAIN.id, _DOMAIN.name.label("domain_name"), *policy_columns()),
            *(*ENTRY_COLUMNS, _DOMAIN.pinned_pacc),
            *(_PROVIDER.name, _PROVIDER.short_name, _PROVIDER.documentation, _PROVIDER.oauth2),
            *(_PROVIDER.pages, _PROVIDER.subaddress_separators),
            # The domain's columns of the same names have the ids.
            *_prefixed(schema.ldapserver, _LDAPSERVER_PREFIX),
            *_prefixed(schema.directory, _DIRECTORY_PREFIX),
        )
        .select_from(joined)
        .where(name_condition(dialect))
    )


def _prefixed(table: sa.Table, prefix: str) -> list[sa.Label[Any]]:
    return [column.label(f"{prefix}{column.name}") for column in table.c if column.name != "id"]


def _services() -> sa.CompoundSelect[Any]:
    server, dav = schema.server.c, schema.davserver.c
    of_server, of_dav = schema.server_domain.c, schema.davserver_domain.c
    domain_id = sa.bindparam("domain_id", type_=sa.Integer)
    servers = (
        sa.select(
            *(sa.literal("server").label("table"), server.id, server.prio, server.name),
            *(sa.literal("").label("url"), server.port, server.type, server.socket_type),
            *(server.user_name, server.authentication, server.authentication_methods),
            *(server.domain_required, sa.literal(True, sa.Boolean).label("use_ssl")),
            *(server.pop3, server.formats),
        )
        .join(schema.server_domain, of_server.server_id == server.id)
        .where(of_server.domain_id == domain_id)
    )
    davservers = (
        sa.select(
            *(sa.literal("davserver"), dav.id, dav.prio, sa.literal("")),
            *(dav.url, dav.port, dav.type, sa.literal("")),
            *(dav.user_name, sa.literal(""), dav.authentication_methods),
            *(dav.domain_required, dav.use_ssl, sa.literal(""), dav.formats),
        )
        .join(schema.davserver_domain, of_dav.davserver_id == dav.id)
        .where(of_dav.domain_id == domain_id)
    )
    return servers.union_all(davservers).order_by(sa.text("1 DESC"), sa.text("2"))
