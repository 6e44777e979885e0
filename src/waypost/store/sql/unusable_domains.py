"""Find domains without an incoming or outgoing mail service, for which clients get 404.

A service with an invalid row is in no answer, so it does not count.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from waypost.core.model import DEFAULT_PRIORITY, Service, ServiceType, missing_mail_service
from waypost.database.engine import Connection
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.row_codes import row_diagnostic
from waypost.store.sql import schema
from waypost.store.sql.rows import services
from waypost.store.sql.rows.redirects import redirect_of
from waypost.store.sql.sync.temp_table import chunks

_IDS_AT_ONCE: Final = 1000
_Reader = Callable[[services.Row], Service]
_SERVICE_TABLES: Final[tuple[tuple[sa.Table, sa.Column[Any], _Reader], ...]] = (
    (schema.server, schema.server_domain.c.server_id, services.service_from_server),
    (schema.davserver, schema.davserver_domain.c.davserver_id, services.service_from_davserver),
)


class UnusableDomains:
    """The search for such domains in Waypost's database, or in automx2's of any release.

    Attributes:
        columns: the names of the existing columns, by table.
    """

    def __init__(self, connection: Connection) -> None:
        """Read which tables and columns exist."""
        self._connection = connection
        inspector = sa.inspect(connection)
        self.columns: Mapping[str, Collection[str]] = {
            name: {column["name"] for column in inspector.get_columns(name)}
            for name in inspector.get_table_names()
            if name in schema.metadata.tables
        }

    def find(self, domains: Sequence[services.Row]) -> Iterator[Diagnostic]:
        """Yield a finding for each domain for which no mail account can be set up.

        Args:
            domains: rows of `domain`; those whose mail is elsewhere need no service.
        """
        served_here = [row for row in domains if not _is_redirected(row)]
        types: dict[int, set[ServiceType]] = {row["id"]: set() for row in served_here}
        for table, service_id, read in _SERVICE_TABLES:
            links = service_id.table
            if not {table.name, links.name} <= self.columns.keys():
                continue
            query = sa.select(service_id, links.c.domain_id)
            query = query.where(links.c.domain_id.in_(list(types)))
            pairs = self._connection.execute(query).all()
            known = self._types(table, {service for service, _ in pairs}, read)
            for service, domain in pairs:
                if (kind := known.get(service)) is not None:
                    types[domain].add(kind)
        for row in served_here:
            if (missing_service := missing_mail_service(types[row["id"]])) is not None:
                problem = f"name {row['name']!r} has {missing_service}"
                effect = "no client can set up an account (404)"
                yield row_diagnostic("db-domain-mail", "domain", row["id"], problem, effect)

    def _types(
        self, table: sa.Table, ids: Collection[int], read: _Reader
    ) -> Mapping[int, ServiceType]:
        """Return the types of the services that can be served."""
        existing_columns = [column for column in table.c if column.name in self.columns[table.name]]
        defaults: dict[str, Any] = {
            column.name: None for column in table.c if column not in existing_columns
        }
        defaults |= {"prio": DEFAULT_PRIORITY} if "prio" in defaults else {}
        types_by_id: dict[int, ServiceType] = {}
        for ids_in_chunk in chunks(sorted(ids), _IDS_AT_ONCE):
            statement = sa.select(*existing_columns).where(table.c.id.in_(list(ids_in_chunk)))
            for row in self._connection.execute(statement).mappings():
                try:
                    types_by_id[row["id"]] = read({**defaults, **row}).type
                except services.RowError:
                    continue
        return types_by_id


def _is_redirected(row: services.Row) -> bool:
    declined = bool(row.get("declined"))
    return redirect_of(row.get("redirect_address"), row.get("redirect_url"), declined) is not None
