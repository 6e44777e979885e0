"""A directory in another database: one query for a user, and one for a domain."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
import structlog

from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import DirectoryError
from waypost.core.model import SqlDirectory
from waypost.database.closed_connections import again_if_closed
from waypost.database.display_url import display_url
from waypost.directory.entries import LOGIN_COLUMN
from waypost.directory.protocol import Entry
from waypost.directory.sql.connect import is_read_only, open_read_only_engine, query_connection
from waypost.directory.sql.errors import SqlMessage, is_unencodable, mapped_errors
from waypost.directory.sql.rows import entry_of
from waypost.runtime.log_throttle import LogThrottle

# Two rows are enough to see that the address is ambiguous.
_ROWS_MAX: Final = 2


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The result of a query.

    Attributes:
        columns: the column names, as the database returns them.
        rows: at most two rows.
    """

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class ConnectionInfo:
    """The properties of a connection.

    Attributes:
        server: the database system, with its version.
        location: the URL without the password and without options.
        is_read_only: whether the server reports that the connection is read-only.
    """

    server: str
    location: str
    is_read_only: bool


class OpenSqlDirectory:
    """Implements `DirectorySource`, and `store.external.DomainSource` for its domains.

    Each query takes a connection from the pool, so two threads never share a connection.
    """

    def __init__(
        self, directory: SqlDirectory, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepare the statements; no connection is made yet.

        Args:
            directory: the configuration of the directory.
            clock: a monotonic clock, in seconds.

        Raises:
            DirectoryError: the URI, its driver or a query cannot be used.
        """
        self._directory = directory
        self._engine = open_read_only_engine(directory)
        self._query = self._statement("query", directory.query)
        self._domains_query = self._statement("domains_query", directory.domains_query)
        self._ambiguity_log = LogThrottle(clock)
        self._log = structlog.get_logger(__name__)

    @property
    def driver(self) -> str:
        """Return the name and the version of the driver."""
        module = self._engine.dialect.dbapi
        return f"{self._engine.driver} {getattr(module, '__version__', '')}".strip()

    @property
    def bound_names(self) -> tuple[str, ...]:
        """Return the names of the query's parameters, in order."""
        return () if self._query is None else tuple(self._query.compile().params)

    def connect(self) -> ConnectionInfo:
        """Open a connection, and return its properties.

        Raises:
            DirectoryUnavailable, DirectoryBusy, DirectoryError: as `find`.
        """
        engine, directory = self._engine, self._directory
        with (
            mapped_errors(directory, engine.url, "uri"),
            query_connection(engine, directory.limits) as connection,
        ):
            dialect = connection.dialect
            name = "mariadb" if getattr(dialect, "is_mariadb", False) else dialect.name
            version = ".".join(str(part) for part in dialect.server_version_info or ())
            location = display_url(engine.url)
            return ConnectionInfo(f"{name} {version}".strip(), location, is_read_only(connection))

    def find(self, address: EmailAddress) -> Entry | None:
        """Return the columns of the one row that the query finds, or None.

        Raises:
            DirectoryUnavailable: the database does not answer, or not in time.
            DirectoryBusy: all connections are in use.
            DirectoryError: the operator must first fix the database or the query.
        """
        result = self.rows_for(address)
        if result is None:
            return None
        self.check_columns(result)
        if len(result.rows) > 1:
            if self._ambiguity_log.should_log():
                label = self._directory.label
                reason = SqlMessage.AMBIGUOUS.for_directory(label)
                self._log.warning("directory is ambiguous", directory=label, reason=reason)
            return None
        return entry_of(result.rows[0]) if result.rows else None

    def rows_for(self, address: EmailAddress) -> QueryResult | None:
        """Return the result of the query, or None if the database cannot contain such an address.

        Raises:
            DirectoryUnavailable, DirectoryBusy, DirectoryError: as `find`.
        """
        if self._query is None:
            raise DirectoryError(SqlMessage.NO_QUERY.for_directory(self._directory.label))
        if "\0" in str(address):  # PostgreSQL has no text with NUL, and its drivers refuse it.
            return None
        return self._execute("query", self._query, parameters_of(address))

    def check_columns(self, result: QueryResult) -> None:
        """Raise an error if Waypost can use no column of a result.

        Raises:
            DirectoryError: the result has neither the column login nor a configured attribute.
        """
        useful = {LOGIN_COLUMN, *(rule.name.lower() for rule in self._directory.rules)}
        if not useful.intersection(column.lower() for column in result.columns):
            raise DirectoryError(SqlMessage.NO_LOGIN_COLUMN.for_directory(self._directory.label))

    def has_domain(self, domain: DomainName) -> bool:
        """Return whether the domains_query finds a domain.

        Raises:
            DirectoryUnavailable, DirectoryBusy, DirectoryError: as `find`.
        """
        if self._domains_query is None:
            raise DirectoryError(SqlMessage.NO_DOMAINS_QUERY.for_directory(self._directory.label))
        result = self._execute("domains_query", self._domains_query, {"domain": domain.ascii})
        return result is not None and bool(result.rows)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _execute(
        self, option: str, statement: sa.TextClause, values: Mapping[str, str]
    ) -> QueryResult | None:
        parameters = {name: values[name] for name in statement.compile().params}
        directory, engine = self._directory, self._engine
        try:
            with mapped_errors(directory, engine.url, option, tuple(values.values())):
                return again_if_closed(engine, lambda: self._read(option, statement, parameters))
        except DirectoryError as error:
            if not "".join(parameters.values()).isascii() and is_unencodable(error.__cause__):
                return None
            raise

    def _read(
        self, option: str, statement: sa.TextClause, parameters: Mapping[str, str]
    ) -> QueryResult:
        with query_connection(self._engine, self._directory.limits) as connection:
            return self._fetch(option, connection.execute(statement, parameters))

    def _fetch(self, option: str, result: sa.CursorResult[Any]) -> QueryResult:
        if not result.returns_rows:
            raise DirectoryError(
                SqlMessage.NO_ROWS.for_directory(self._directory.label, option=option)
            )
        rows = tuple(dict(row) for row in result.mappings().fetchmany(_ROWS_MAX))
        return QueryResult(tuple(result.keys()), rows)

    def _statement(self, option: str, text: str | None) -> sa.TextClause | None:
        if text is None:
            return None
        statement = sa.text(text)
        known = {"domain"} if option == "domains_query" else {"address", "local_part", "domain"}
        for name in statement.compile().params:
            if name not in known:  # A query from Waypost's database was not checked before.
                message = SqlMessage.UNKNOWN_NAME.for_directory(
                    self._directory.label, option=option, name=name
                )
                raise DirectoryError(message)
        return statement


def parameters_of(address: EmailAddress) -> dict[str, str]:
    """Return the values of the parameters that a query may use."""
    return {
        "address": str(address),
        "local_part": address.local_part,
        "domain": address.domain.ascii,
    }
