"""Real databases of automx2, as dumps of SQLite."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.automx2.old_database import RELEASES, content, execute, make
from tests.automx2.test_adoption import DAV_WITHOUT_ID, WITHOUT_ID
from tests.upstream.published import published
from waypost.core.address import DomainName
from waypost.database.engine import Engine, open_engine
from waypost.store.sql.migrate import upgrade
from waypost.store.sql.store import SqlStore

DUMPS = pytest.mark.parametrize("dump", published("automx2_databases"), ids=lambda path: path.stem)
Columns = dict[str, list[tuple[str, str, bool]]]


@pytest.fixture(name="database")
def _database(tmp_path: Path, dump: Path) -> Iterator[Engine]:
    """Yield a database with the content of a dump."""
    path = tmp_path / "automx2.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))
    engine = open_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


def columns(engine: Engine) -> Columns:
    """Return name, type and nullability of the columns of each table."""
    with engine.connect() as connection:
        inspector = sa.inspect(connection)
        return {
            name: [(one["name"], str(one["type"]), one["nullable"]) for one in found]
            for name in inspector.get_table_names()
            if (found := inspector.get_columns(name)) and name != "alembic_version"
        }


@DUMPS
def test_tables_are_known(database: Engine, tmp_path: Path) -> None:
    """The tables are those of a release in tests/automx2/schemas."""
    known: list[Columns] = []
    for release in RELEASES:
        engine = open_engine(f"sqlite:///{tmp_path / release}")
        make(engine, release)
        known.append(columns(engine))
        engine.dispose()

    assert columns(database) in known


@DUMPS
def test_nothing_is_lost(database: Engine) -> None:
    """The database is upgraded in place without loss, and each domain is found."""
    before = content(database)

    assert upgrade(database).kind == "automx2"

    after = content(database)
    for table, rows in before.items():
        names: list[Any] = [*rows[0]] if rows else []
        assert [{name: row[name] for name in names} for row in after[table]] == rows, table
    store = SqlStore(database)
    providers = {row["id"]: row["name"] for row in before["provider"]}
    for row in before["domain"]:
        found = store.find(DomainName(row["name"]))
        assert found is not None
        assert found.provider.name == providers[row["provider_id"]]


@DUMPS
def test_rows_without_an_id(database: Engine) -> None:
    """Statements that name only automx2's columns work on an upgraded database."""
    upgrade(database)
    execute(database, WITHOUT_ID + DAV_WITHOUT_ID)

    found = SqlStore(database).find(DomainName("new.example"))

    assert found is not None
    assert {service.type.value for service in found.services} == {"imap", "caldav"}
