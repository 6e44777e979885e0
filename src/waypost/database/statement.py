"""A statement whose text is generated once, for statements that each request may execute.

SQLAlchemy Core generates the text, opens the connections and describes the errors. The driver
executes the text: with 43 columns, a result of SQLAlchemy takes 70 to 100 µs, that of the driver 5.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIModule

from waypost.database.closed_connections import again_if_closed
from waypost.database.engine import (
    Connection,
    Engine,
    refuse_missing_file,
    without_transaction,
)
from waypost.database.errors import mapped_errors
from waypost.database.mysql_connect import is_not_ready

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class CompiledStatement:
    """The text of a statement for one driver.

    Attributes:
        text: with the driver's placeholders.
        positions: the names of the parameters in the order of the placeholders; None if the driver
            uses names.
    """

    text: str
    positions: tuple[str, ...] | None

    @classmethod
    def compile(cls, statement: sa.SelectBase, engine: Engine) -> Self:
        """Return the text of a statement whose parameters all have names."""
        compiled = statement.compile(dialect=engine.dialect)
        names = getattr(compiled, "positiontup", None)
        return cls(str(compiled), None if names is None else tuple(names))

    def parameters(self, values: Mapping[str, object]) -> Any:  # noqa: ANN401 -- as the driver wants
        """Return the values in the form that the driver wants."""
        if self.positions is None:
            return values
        return tuple([values[name] for name in self.positions])


def fetch_rows(
    engine: Engine, statement: CompiledStatement, values: Mapping[str, object]
) -> Sequence[Row]:
    """Return all rows of a statement that only reads, in one round trip to the server.

    There is no transaction, and no check whether the server has closed the connection: if it has,
    the statement is executed again with a new connection. The values are as the driver returns
    them.

    Raises:
        StoreUnavailable: the database does not answer.
        StoreError: it answers, but cannot be used; or the SQLite file does not exist.
    """
    refuse_missing_file(engine)
    with mapped_errors(engine.url):
        return again_if_closed(engine, lambda: _fetch(engine, statement, values))


def _fetch(
    engine: Engine, statement: CompiledStatement, values: Mapping[str, object]
) -> Sequence[Row]:
    parameters = statement.parameters(values)
    with engine.connect() as connection:
        if engine.echo:  # SQLAlchemy logs what it executes itself.
            result = without_transaction(connection).exec_driver_sql(statement.text, parameters)
            return [tuple(row) for row in result]
        try:
            cursor = connection.connection.cursor()
            try:
                cursor.execute(statement.text, parameters)
                return cursor.fetchall()
            finally:
                cursor.close()
        except engine.dialect.loaded_dbapi.Error as error:
            raise _described(error, statement.text, connection) from error


def _described(
    error: DBAPIModule.Error, text: str, connection: Connection
) -> sa.exc.StatementError:
    """Return SQLAlchemy's form of a driver's error. If the connection is lost, so are all others.

    The parameters are left out: a message must not have an address.
    """
    dialect = connection.dialect
    is_lost = dialect.is_disconnect(error, connection.connection, None) or is_not_ready(error)
    if is_lost:
        connection.invalidate(error)
        connection.engine.dispose()
    base = dialect.loaded_dbapi.Error
    return sa.exc.DBAPIError.instance(
        text, None, error, base, hide_parameters=True, connection_invalidated=is_lost
    )
