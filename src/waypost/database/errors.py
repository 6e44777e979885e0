"""Errors of database drivers as Waypost's own errors: one line, what to do, no secret."""

import enum
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from waypost.core.errors import StoreError, StoreUnavailable
from waypost.core.redaction import redact_message
from waypost.database.display_url import display_url, url_secrets
from waypost.database.ownership import write_problem

_NO_DATABASE: Final = re.compile(
    r"database .* does not exist|unknown database|access denied .* to database"
)
_NO_LOGIN: Final = re.compile(
    r"authentication failed|access denied for user|role .* does not exist|pg_hba\.conf"
    r"|no password supplied|is not permitted to log in|permission denied for database"
)
# libpq, and Python's library for TLS, which PyMySQL uses.
_NO_TRUST: Final = re.compile(
    r"certificate verify failed|does not match host name|certificate_verify_failed"
    r"|server does not support ssl|server doesn't support it|root certificate file"
)
_READ_ONLY: Final = re.compile(r"read-only transaction|--read-only option|read_only option")
_NO_TABLE: Final = re.compile(
    r"no such (table|column)|(relation|column) .* does not exist|table .* doesn't exist"
    r"|unknown column"
)
_LOCKED: Final = re.compile(r"lock timeout|lock wait timeout|deadlock found|database is locked")
# libpq and psycopg repeat this for each server.
_ATTEMPT: Final = re.compile(r"connection to server (?:at|on) [^\n]*")
# MySQL's error numbers for temporary failures: too many connections, locks, a server that shuts
# down, a connection that was closed, a Galera node that is not ready. PyMySQL reports invalid
# statements as operational errors, too.
_MYSQL_TEMPORARY: Final = frozenset({1040, 1047, 1053, 1129, 1203, 1205, 1213, 1226, 1927})
_MYSQL_CLIENT: Final = 2000


class Cause(enum.Enum):
    """The cause of a database error, the same for all drivers."""

    NO_DATABASE = enum.auto()
    NO_LOGIN = enum.auto()
    NO_TRUST = enum.auto()
    """The server's certificate is not accepted, or it has none."""
    NO_SERVER = enum.auto()
    NO_TABLE = enum.auto()
    """A table or a column is missing."""
    READ_ONLY = enum.auto()
    """A change was sent to a server that only reads, such as a replica."""
    LOCKED = enum.auto()
    TEMPORARY = enum.auto()
    """A retry may succeed."""
    OTHER = enum.auto()


def cause_of(error: sa.exc.DBAPIError, backend: str) -> Cause:
    """Return the cause of an error.

    Args:
        error: SQLAlchemy's form of a driver's error.
        backend: `sqlite`, `postgresql` or `mysql`.
    """
    lower = reason_of(error).lower()
    if error.statement is None and backend != "sqlite":
        return _first(_CONNECTING, lower) or Cause.NO_SERVER
    cause = _first(_EXECUTING, lower)
    return cause or (Cause.TEMPORARY if _is_temporary(error) else Cause.OTHER)


def _first(causes: Mapping[Cause, re.Pattern[str]], message: str) -> Cause | None:
    return next((cause for cause, pattern in causes.items() if pattern.search(message)), None)


_CONNECTING: Final = {
    Cause.NO_DATABASE: _NO_DATABASE,
    Cause.NO_TRUST: _NO_TRUST,
    Cause.NO_LOGIN: _NO_LOGIN,
    Cause.LOCKED: _LOCKED,  # COMMIT has no statement either.
}
_EXECUTING: Final = {
    Cause.NO_TABLE: _NO_TABLE,
    Cause.READ_ONLY: _READ_ONLY,
    Cause.LOCKED: _LOCKED,
}


@contextmanager
def mapped_errors(url: sa.URL) -> Iterator[None]:
    """Convert errors of a driver into errors that say what to do.

    Args:
        url: named in the message, without its password.

    Raises:
        StoreUnavailable: a retry may succeed.
        StoreError: the operator must fix the database or its URI first.
    """
    try:
        yield
    except sa.exc.DBAPIError as error:
        text = f"{display_url(url)}: {redact_message(reason_of(error), url_secrets(url))}"
        if (problem := _file_problem(error, url)) is not None:
            raise StoreError(f"{text}; {problem}") from error
        raise _to_store_error(cause_of(error, url.get_backend_name()), text, url) from error
    except ValueError as error:
        if "NUL" not in str(error):
            raise
        # psycopg2 refuses such a text before it reaches the database.
        message = (
            f"{display_url(url)}: a text contains a NUL character, which this database cannot store"
        )
        raise StoreError(message) from error
    except sa.exc.TimeoutError as error:
        raise StoreUnavailable(f"{display_url(url)}: all connections are in use") from error


def reason_of(error: sa.exc.DBAPIError) -> str:
    """Return the driver's message in one line, without parentheses and hints.

    If several servers were tried, the line has the reason for each of them.
    """
    arguments: tuple[object, ...] = getattr(error.orig, "args", ())
    if len(arguments) == 2 and isinstance(arguments[0], int):
        return f"{str(arguments[1]).strip().partition(chr(10))[0]} ({arguments[0]})"
    text = str(error.orig).strip()
    attempts = dict.fromkeys(_ATTEMPT.findall(text))
    return "; ".join(attempts) if len(attempts) > 1 else text.partition("\n")[0]


def _to_store_error(cause: Cause, text: str, url: sa.URL) -> StoreError | StoreUnavailable:
    database = redact_message(url.database or "", url_secrets(url))
    fixes = {
        Cause.NO_DATABASE: f"create the database {database!r}, or correct its name in db_uri",
        Cause.NO_LOGIN: "check the user and the password in db_uri",
        Cause.NO_TRUST: (
            "check that the file with the authority in db_uri (sslrootcert, ssl_ca) is that of "
            "this server, that its certificate is valid for the host in db_uri, and that the "
            "server has TLS enabled"
        ),
        Cause.READ_ONLY: (
            "this server is a replica; name the primary in db_uri, or add "
            "target_session_attrs=read-write for PostgreSQL"
        ),
        Cause.NO_SERVER: "check the host and the port in db_uri, and that the server runs",
        Cause.NO_TABLE: "run `waypost db upgrade`",
        Cause.TEMPORARY: "try again later",
        Cause.LOCKED: "another process writes to it; try again later",
    }
    text = f"{text}; {fixes[cause]}" if cause in fixes else text
    is_temporary = cause in {Cause.NO_SERVER, Cause.LOCKED, Cause.TEMPORARY}
    return StoreUnavailable(text) if is_temporary else StoreError(text)


def _file_problem(error: sa.exc.DBAPIError, url: sa.URL) -> str | None:
    """Return the owner of the SQLite file and what to do, if the owner is why it does not open."""
    name = getattr(error.orig, "sqlite_errorname", "")
    if not name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")) or not url.database:
        return None
    path = Path(url.database).absolute()
    return write_problem(path) if path.exists() else None


def _is_temporary(error: sa.exc.DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    arguments: tuple[object, ...] = getattr(error.orig, "args", ())
    if len(arguments) == 2 and isinstance(arguments[0], int):
        return arguments[0] in _MYSQL_TEMPORARY or arguments[0] >= _MYSQL_CLIENT
    if not isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
        return False
    # SQLite reports invalid statements as operational errors, too.
    return getattr(error.orig, "sqlite_errorname", "") != "SQLITE_ERROR"
