"""One user from another database: who is found, and what becomes of the columns."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.directory.sql.conftest import Opened
from tests.servers.database import Database
from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import DirectoryError
from waypost.core.model import AttributeRule, Secret, SqlDirectory
from waypost.directory.sql.rows import entry_of
from waypost.directory.sql.source import OpenSqlDirectory

EXAMPLE_COM = DomainName("example.com")
ALICE = EmailAddress("alice", EXAMPLE_COM)
FOUND = {"login": ("alice@example.com",), "display_name": ("Alice Example",)}
# Whatever these look like, no user has them as an address.
INJECTIONS = [
    "' OR '1'='1",
    "' OR 1=1 -- ",
    "alice' -- ",
    "'; DROP TABLE mailbox; --",
    '" OR ""="',
    "%",
    "%%",
    "alic%",
    "_lice",
    "%s",
    "%(address)s",
    ":address",
    "\\",
    "\\'",
    "\\' OR 1=1 -- ",
    "alice\\",
    "alice\0",
    "alice\0' OR 1=1",
    "/*",
    "{0}",
    "$1",
    "?",
    "*",
    "\u00e4lice\u2028",
    "\u0436\u0438\u0432",
    "\U0001f600",
    "alice\t",
    "a" * 10_000,
    "'" * 10_000,
]


def test_known_user(postfixadmin: Database, opened: Opened) -> None:
    """A user is found with login and display name, on each engine."""
    assert opened(postfixadmin.uri).find(ALICE) == FOUND


@pytest.mark.parametrize("local_part", ["bob", "missing", "alice@example.com"])
def test_unknown_user(postfixadmin: Database, opened: Opened, local_part: str) -> None:
    """An inactive or missing user is not found."""
    assert opened(postfixadmin.uri).find(EmailAddress(local_part, EXAMPLE_COM)) is None


def test_quotation_mark(postfixadmin: Database, opened: Opened) -> None:
    """A quotation mark in an address is literal."""
    found = opened(postfixadmin.uri).find(EmailAddress("o'brien", EXAMPLE_COM))
    assert found == {"login": ("o'brien@example.com",), "display_name": ("O'Brien",)}


def test_injections(postfixadmin: Database, opened: Opened) -> None:
    """SQL in an address or in a domain finds no user and changes nothing."""
    people = opened(postfixadmin.uri)
    parts = opened(
        postfixadmin.uri,
        query="SELECT username AS login FROM mailbox "
        "WHERE local_part = :local_part AND domain = :domain",
    )
    for text in INJECTIONS:
        for one in (people, parts):
            assert one.find(EmailAddress(text, EXAMPLE_COM)) is None, text
            assert one.find(EmailAddress("alice", DomainName(text))) is None, text
    assert people.find(ALICE) == FOUND
    assert parts.find(ALICE) == {"login": ("alice@example.com",)}
    assert postfixadmin.client("SELECT count(*) FROM mailbox;").strip() == "3"


def test_domains(postfixadmin: Database, opened: Opened) -> None:
    """An active domain exists; an inactive one, another and a piece of SQL do not."""
    people = opened(postfixadmin.uri)
    assert people.has_domain(EXAMPLE_COM)
    for text in ("old.example", "example.org", "' OR '1'='1", "%"):
        assert not people.has_domain(DomainName(text))


def test_nothing_is_written(postfixadmin: Database, opened: Opened) -> None:
    """The database refuses a statement that writes."""
    writing = {
        "sqlite": "DELETE FROM mailbox WHERE username <> :address",
        "postgresql": "WITH x AS (DELETE FROM mailbox RETURNING username AS login) "
        "SELECT * FROM x WHERE login <> :address",
        "mysql": "DELETE FROM mailbox WHERE username <> :address",
    }[postfixadmin.dialect]
    with pytest.raises(
        DirectoryError, match=r"directory people: query: .*; the statement may only read"
    ):
        opened(postfixadmin.uri, query=writing).find(ALICE)
    assert postfixadmin.client("SELECT count(*) FROM mailbox;").strip() == "3"


def test_several_rows(postfixadmin: Database, opened: Opened) -> None:
    """Two rows count as an unknown user; one log line names the directory, not the address."""
    query = "SELECT username AS login FROM mailbox WHERE domain = :domain AND :address <> ''"
    people = opened(postfixadmin.uri, query=query)
    with capture_logs() as lines:
        for _ in range(3):
            assert people.find(ALICE) is None
    (line,) = lines
    assert (line["event"], line["directory"]) == ("directory is ambiguous", "people")
    assert "alice" not in str(line)


def test_several_rows_are_logged_once_a_minute(tmp_path: Path) -> None:
    """Ambiguous rows are logged at most once a minute."""
    path = tmp_path / "users.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.executescript("CREATE TABLE u (l); INSERT INTO u VALUES ('a'), ('b');")
    seconds = [0.0]
    configured = SqlDirectory("people", Secret(f"sqlite:///{path}"), "SELECT l AS login FROM u")
    people = OpenSqlDirectory(configured, lambda: seconds[0])
    shown = []
    for now in (0.0, 1.0, 59.9, 60.0, 60.1, 119.9, 120.0):
        seconds[0] = now
        with capture_logs() as lines:
            assert people.find(ALICE) is None
        shown += [now for _ in lines]
    people.close()
    assert shown == [0.0, 60.0, 120.0]


def test_percent_signs(postfixadmin: Database, opened: Opened) -> None:
    """A percent sign in a statement is literal."""
    query = (
        "SELECT username AS login, 5 % 3 AS two, '%s' AS text FROM mailbox "
        "WHERE username LIKE '%@example.com' AND username = :address"
    )
    found = opened(postfixadmin.uri, query=query).find(ALICE)
    assert found == {"login": ("alice@example.com",), "two": ("2",), "text": ("%s",)}


def test_what_becomes_of_columns(postfixadmin: Database, opened: Opened) -> None:
    """Column names match in any case, NULL is absent, and numbers become texts."""
    query = (
        "SELECT username AS LOGIN, NULL AS Display_Name, 7 AS number, 1.5 AS part "
        "FROM mailbox WHERE username = :address"
    )
    found = opened(postfixadmin.uri, query=query).find(ALICE)
    assert found == {"login": ("alice@example.com",), "number": ("7",), "part": ("1.5",)}


def test_no_login_column(postfixadmin: Database, opened: Opened) -> None:
    """A query without the column login is an error for every user."""
    people = opened(postfixadmin.uri, query="SELECT name FROM mailbox WHERE username = :address")
    for local_part in ("alice", "missing"):
        with pytest.raises(DirectoryError, match="people: query: returns no column login"):
            people.find(EmailAddress(local_part, EXAMPLE_COM))


def test_attributes_alone(postfixadmin: Database, opened: Opened) -> None:
    """A query for attributes alone needs no login."""
    query = "SELECT maildir AS Box FROM mailbox WHERE username = :address"
    people = opened(postfixadmin.uri, query=query, rules=(AttributeRule("box", pattern=".*"),))
    found = people.find(ALICE)
    assert found is not None
    assert list(found.values()) == [("a/",)]


ROWS: list[tuple[Mapping[str, object], Mapping[str, tuple[str, ...]]]] = [
    # row, entry
    ({}, {}),
    ({"a": None}, {}),
    ({"A": "x"}, {"a": ("x",)}),
    ({"A": None, "a": "x"}, {"a": ("x",)}),
    ({"a": "x", "A": "y"}, {"a": ("x",)}),
    ({"a": 1, "b": Decimal("1.50"), "c": True}, {"a": ("1",), "b": ("1.50",), "c": ("true",)}),
    ({"a": b"x\xc3\xa4", "b": memoryview(b"y"), "c": b"\xff"}, {"a": ("x\u00e4",), "b": ("y",)}),
    ({"a": ["x", None, "y"], "b": []}, {"a": ("x", "y")}),
    ({"a": date(2026, 1, 2), "b": object(), "c": {"d": 1}}, {"a": ("2026-01-02",)}),
]


@pytest.mark.parametrize(("row", "entry"), ROWS)
def test_rows(row: Mapping[str, object], entry: Mapping[str, tuple[str, ...]]) -> None:
    """Each value becomes texts, or is absent."""
    assert entry_of(row) == entry


@given(value=st.binary() | st.text() | st.integers() | st.floats() | st.none() | st.booleans())
def test_any_value(value: object) -> None:
    """Any values of a driver become texts."""
    assert all(isinstance(one, str) for texts in entry_of({"a": value}).values() for one in texts)
