"""The errors of database drivers: their causes, and the messages for operators."""

import pytest
import sqlalchemy as sa

from waypost.core.errors import StoreError, StoreUnavailable
from waypost.database.errors import Cause, cause_of, mapped_errors, reason_of

URL = sa.make_url("postgresql+psycopg://alice:hunter2@db.example/mail")
CAUSES = [
    # the statement, the driver's message or arguments, the backend, the cause
    (None, ('database "mail" does not exist',), "postgresql", Cause.NO_DATABASE),
    (None, (1049, "Unknown database 'mail'"), "mysql", Cause.NO_DATABASE),
    (None, ("password authentication failed",), "postgresql", Cause.NO_LOGIN),
    (None, (1045, "Access denied for user 'alice'"), "mysql", Cause.NO_LOGIN),
    (None, ("SSL error: certificate verify failed",), "postgresql", Cause.NO_TRUST),
    (None, ("server does not support SSL, but SSL was required",), "postgresql", Cause.NO_TRUST),
    (None, (2003, "[SSL: CERTIFICATE_VERIFY_FAILED] Hostname mismatch"), "mysql", Cause.NO_TRUST),
    (None, (2026, "SSL is required but the server doesn't support it"), "mysql", Cause.NO_TRUST),
    (None, (1213, "Deadlock found when trying to get lock"), "mysql", Cause.LOCKED),
    (None, (1047, "WSREP has not yet prepared node"), "mysql", Cause.NO_SERVER),
    (None, ("connection refused",), "postgresql", Cause.NO_SERVER),
    ("SELECT 1", ("no such table: domain",), "sqlite", Cause.NO_TABLE),
    ("SELECT 1", ('relation "domain" does not exist',), "postgresql", Cause.NO_TABLE),
    ("SELECT 1", (1205, "Lock wait timeout exceeded"), "mysql", Cause.LOCKED),
    ("SELECT 1", ("database is locked",), "sqlite", Cause.LOCKED),
    ("SELECT 1", (1047, "WSREP has not yet prepared node"), "mysql", Cause.TEMPORARY),
    ("UPDATE", (1290, "running with the --read-only option"), "mysql", Cause.READ_ONLY),
    (
        "UPDATE",
        ("cannot execute UPDATE in a read-only transaction",),
        "postgresql",
        Cause.READ_ONLY,
    ),
    ("SELECT 1", (2013, "Lost connection"), "mysql", Cause.TEMPORARY),
    ("SELECT 1", ("server closed the connection",), "postgresql", Cause.TEMPORARY),
    ("SELECT 1", (1064, "You have an error in your SQL syntax"), "mysql", Cause.OTHER),
]
MESSAGES = [
    # the statement, the driver's message, the class of the error, the end of the message
    (None, "connection refused", StoreUnavailable, "and that the server runs"),
    (None, "password authentication failed", StoreError, "the password in db_uri"),
    ("SELECT 1", 'column "b" does not exist', StoreError, "run `waypost db upgrade`"),
    ("SELECT 1", "lock timeout", StoreUnavailable, "try again later"),
    ("SELECT 1", "server closed the connection", StoreUnavailable, "try again later"),
    (None, "certificate verify failed", StoreError, "and that the server has TLS enabled"),
]


def error(statement: str | None, arguments: tuple[object, ...]) -> sa.exc.DBAPIError:
    """Return an error of a driver as SQLAlchemy raises it; without a statement, at a connect."""
    found = sa.exc.OperationalError("", None, Exception(*arguments))
    found.statement = statement
    return found


@pytest.mark.parametrize(("statement", "arguments", "backend", "cause"), CAUSES)
def test_causes(
    statement: str | None, arguments: tuple[object, ...], backend: str, cause: Cause
) -> None:
    """The same cause is found in the messages of all drivers."""
    assert cause_of(error(statement, arguments), backend) is cause


@pytest.mark.parametrize(("statement", "message", "kind", "end"), MESSAGES)
def test_messages(statement: str | None, message: str, kind: type[Exception], end: str) -> None:
    """The message names the database and what to do, and hides the password."""
    with pytest.raises(kind) as caught, mapped_errors(URL):
        raise error(statement, (f"{message} for hunter2",))
    text = str(caught.value)
    assert text.startswith("postgresql+psycopg://alice:***@db.example/mail: ")
    assert text.endswith(end)
    assert "hunter2" not in text


def test_reasons_are_one_line() -> None:
    """The reason is the first line of the driver's message, with the number of MySQL."""
    assert reason_of(error("SELECT 1", ("first\nHINT: second",))) == "first"
    assert reason_of(error("SELECT 1", (1064, "first\nsecond"))) == "first (1064)"


def test_reasons_of_several_servers() -> None:
    """If several servers were tried, the reason has what each of them said."""
    text = (
        "connection failed: connection to server at A failed: session is read-only\n"
        "Multiple connection attempts failed. All failures were:\n"
        "- host: 'B': connection failed: connection to server at B failed: Connection refused\n"
        "\tIs the server running on that host?\n"
        "- host: 'A': connection failed: connection to server at A failed: session is read-only"
    )
    assert reason_of(error(None, (text,))) == (
        "connection to server at A failed: session is read-only; "
        "connection to server at B failed: Connection refused"
    )


def test_nul_characters() -> None:
    """A text with a NUL character is an error of the operator; other errors are not changed."""
    with pytest.raises(StoreError, match="contains a NUL character"), mapped_errors(URL):
        raise ValueError("A string literal cannot contain NUL (0x00) characters.")
    with pytest.raises(ValueError, match="another"), mapped_errors(URL):
        raise ValueError("another")


def test_all_connections_in_use() -> None:
    """A pool without a free connection is a temporary error."""
    with pytest.raises(StoreUnavailable, match="all connections are in use"), mapped_errors(URL):
        raise sa.exc.TimeoutError
