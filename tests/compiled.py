"""Compiled statements that the SQLite engines of all tests share.

SQLAlchemy keeps the text of each statement in its engine. Waypost opens one engine in a process;
the tests open thousands, and each would compile the same statements again.
"""

from typing import Any, Final

from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

_SIZE: Final = 5000
_OPTION: Final = "compiled_cache"


class _SharedStatements(LRUCache[Any, Any]):
    """Statements by their structure, and by what the dialect of their engine does with JSON."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_shared_key(key), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(_shared_key(key), value)


def share_statements() -> None:
    """Let all SQLite engines of this process share the statements that they compile."""
    shared = _SharedStatements(_SIZE)

    def use(connection: Connection) -> None:
        is_sqlite = type(connection.dialect) is SQLiteDialect_pysqlite
        if is_sqlite and _OPTION not in connection.get_execution_options():
            connection.engine.update_execution_options(compiled_cache=shared)
            connection.execution_options(compiled_cache=shared)

    event.listen(Engine, "engine_connect", use)


def _shared_key(key: Any) -> Any:
    """Return the key without the identity of the dialect; its options are those of Waypost."""
    dialect, *rest = key
    json = (dialect._json_serializer, dialect._json_deserializer)  # noqa: SLF001
    return (type(dialect), json, *rest)
