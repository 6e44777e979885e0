"""JSON of a provider that SQL has written, and that is not JSON or has another form."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from tests.making import domain
from waypost.cli.main import main
from waypost.core.address import DomainName
from waypost.core.model import Catalog
from waypost.database.engine import Engine, write_transaction
from waypost.store.sql.store import SqlStore
from waypost.store.sql.sync.catalog import write_catalog

MALFORMED = [
    # the column, the text, the rule that it breaks
    ("oauth2", "{bad", "not JSON"),
    ("oauth2", "[" * 100_000, "not JSON: too deep"),
    ("oauth2", '{"issuer": "x"}', "not a list"),
    ("oauth2", "[1]", "a list of numbers"),
    ("oauth2", '[{"unknown": "x"}]', "an unknown member"),
    ("oauth2", '[{"issuer": 5}]', "a number for a text"),
    ("oauth2", "7", "a number"),
    ("documentation", '[{"url": "x"}]', "no descriptions"),
    ("documentation", "nul", "not JSON"),
    ("pages", "[]x", "not JSON"),
    ("pages", '["webmail"]', "a list"),
    ("pages", '{"logos": [{"x": 1}]}', "an unknown member of a logo"),
]
IDS = [f"{column}: {rule}" for column, _, rule in MALFORMED]
EXAMPLE = domain("a.example")


@pytest.fixture(name="broken")
def _broken(sqlite_engine: Engine) -> Engine:
    """A database with one domain; only SQLite accepts a text that is not JSON."""
    with write_transaction(sqlite_engine) as connection:
        write_catalog(connection, Catalog((EXAMPLE,)))
    return sqlite_engine


def spoil(engine: Engine, column: str, text: str) -> None:
    """Write a text as SQL does."""
    update = sa.update(sa.table("provider", sa.column(column))).values({column: text})
    with write_transaction(engine) as connection:
        connection.execute(update)


@pytest.mark.parametrize(("column", "text", "rule"), MALFORMED, ids=IDS)
def test_served(broken: Engine, column: str, text: str, rule: str) -> None:
    """A server logs the row once, and serves the provider without the column."""
    assert rule
    spoil(broken, column, text)
    store = SqlStore(broken)
    with capture_logs() as logs:
        assert store.find(DomainName("a.example")) == EXAMPLE
        assert store.find(DomainName("a.example")) == EXAMPLE
        assert len(store.providers()) == (column == "pages")
    (line,) = logs
    assert (line["table"], line["id"]) == ("provider", EXAMPLE.provider.name)
    assert line["reason"].startswith(f"{column}: ")


COMMANDS = [
    ["domain", "set", "new.example", "--like", "a.example"],
    ["domain", "remove", "a.example"],
    ["export"],
    ["lint"],
    ["apply", "--demo", "--dry-run"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("text", ["{bad", "[1]"])
def test_commands(
    broken: Engine, path: Path, command: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command names the row and the column, says what to do, and changes nothing."""
    spoil(broken, "oauth2", text)
    assert main([*command, "--db-uri", f"sqlite:///{path}"]) == 2
    error = capsys.readouterr().err
    assert "error: provider 1: oauth2: " in error
    assert "correct the column with SQL, or set it to NULL" in error
    assert "Traceback" not in error
