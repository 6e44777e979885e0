"""Making and upgrading the tables, from nothing and from what automx2 left."""

import sqlite3
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from waypost.address import DomainName
from waypost.errors import StoreError
from waypost.store.sql import schema
from waypost.store.sql.engine import Engine, open_engine, reading
from waypost.store.sql.migrate import VERSION_TABLE, status, upgrade
from waypost.store.sql.store import SqlStore

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "automx2"
DUMPS = ["automx2-2021.6.sql", "automx2-2026.2.sql"]
INDEXES = "SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE 'ix_%'"


@pytest.fixture(name="bare")
def _bare(path: Path) -> Engine:
    """A database that nobody upgraded."""
    return open_engine(f"sqlite:///{path}")


def load(path: Path, dump: str) -> None:
    if not (SHARED / dump).exists():
        pytest.skip(f"{SHARED / dump} is not there")
    with sqlite3.connect(path) as connection:
        connection.executescript((SHARED / dump).read_text(encoding="utf-8"))


def test_from_nothing(bare: Engine) -> None:
    """An empty database gets the tables that the code describes."""
    assert upgrade(bare).kind == "empty"
    found = status(bare)
    assert (found.kind, found.is_current) == ("waypost", True)
    inspector = sa.inspect(bare)
    for table in schema.metadata.sorted_tables:
        described = [(column.name, column.nullable) for column in table.columns]
        made = [(c["name"], c["nullable"]) for c in inspector.get_columns(table.name)]
        assert made == described, table.name
    with reading(bare) as connection:
        made_indexes = connection.execute(sa.text(INDEXES)).scalars().all()
    tables = schema.metadata.sorted_tables
    assert set(made_indexes) == {index.name for table in tables for index in table.indexes}


def test_again_does_nothing(bare: Engine) -> None:
    """Upgrading twice is upgrading once."""
    upgrade(bare)
    before = status(bare)

    assert upgrade(bare) == before


@pytest.mark.parametrize("dump", DUMPS)
def test_adopts_automx2(bare: Engine, path: Path, dump: str) -> None:
    """A database of automx2 is upgraded in place: nothing is lost, and it is served."""
    load(path, dump)
    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        before = {
            name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")]  # noqa: S608
            for name in ("provider", "server", "davserver", "domain", "server_domain")
        }
    assert upgrade(bare).kind == "automx2"

    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        for name, old in before.items():
            new = [dict(row) for row in connection.execute(f"SELECT * FROM {name}")]  # noqa: S608
            assert [{key: row[key] for key in old[0]} for row in new] == old
    found = SqlStore(bare).find(DomainName("example.com"))
    assert found is not None
    assert found.provider.name == "Big Corporation, Inc."
    assert [service.type.value for service in found.services] == [
        *("smtp", "imap", "caldav", "carddav")
    ]


@pytest.mark.parametrize("dump", DUMPS)
def test_automx2s_inserts_still_work(bare: Engine, path: Path, dump: str) -> None:
    """Statements that name only automx2's columns work on an upgraded database."""
    load(path, dump)
    upgrade(bare)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO server (name, port, type, socket_type, user_name, authentication)"
            " VALUES ('imap.new.example', 993, 'imap', 'SSL', '%EMAILADDRESS%', 'plain')"
        )
        connection.execute(
            "INSERT INTO davserver (url, port, type, use_ssl, domain_required)"
            " VALUES ('https://new.example', 0, 'caldav', 1, 0)"
        )
        connection.execute(
            "INSERT INTO domain (name, provider_id) SELECT 'new', id FROM provider LIMIT 1"
        )


def test_old_automx2_without_later_columns(bare: Engine, path: Path) -> None:
    """Tables of an early release get the columns that came later."""
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "CREATE TABLE provider (id INTEGER PRIMARY KEY, name VARCHAR(128) NOT NULL,"
            " short_name VARCHAR(32) NOT NULL);"
            "CREATE TABLE server (id INTEGER PRIMARY KEY, port INTEGER NOT NULL,"
            " type VARCHAR(32) NOT NULL, name VARCHAR(128) NOT NULL,"
            " socket_type VARCHAR(32) NOT NULL, user_name VARCHAR(64) NOT NULL,"
            " authentication VARCHAR(32) NOT NULL);"
            "CREATE TABLE domain (id INTEGER PRIMARY KEY, name VARCHAR(128) NOT NULL UNIQUE,"
            " provider_id INTEGER NOT NULL REFERENCES provider(id), ldapserver_id INTEGER);"
            "CREATE TABLE server_domain (server_id INTEGER, domain_id INTEGER,"
            " PRIMARY KEY (server_id, domain_id));"
            "INSERT INTO provider VALUES (7, 'Old', 'Old');"
            "INSERT INTO server VALUES (8, 993, 'imap', 'i.example', 'SSL', 'x', 'plain');"
            "INSERT INTO domain VALUES (9, 'old.example', 7, NULL);"
            "INSERT INTO server_domain VALUES (8, 9);"
        )
    upgrade(bare)
    found = SqlStore(bare).find(DomainName("old.example"))

    assert found is not None
    assert len(found.services) == 1


def test_foreign_tables(bare: Engine, path: Path) -> None:
    """A database of something else is left alone, and the message says so."""
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE shop (id INTEGER)")

    with pytest.raises(StoreError, match="neither Waypost's nor automx2's"):
        upgrade(bare)
    assert status(bare).kind == "foreign"
    assert sa.inspect(bare).get_table_names() == ["shop"]


def test_newer_database(bare: Engine, path: Path) -> None:
    """A database of a later Waypost is left alone, and the message says so."""
    upgrade(bare)
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")  # noqa: S608

    with pytest.raises(StoreError, match="revision 9999"):
        upgrade(bare)
    assert status(bare).kind == "newer"


def test_failed_upgrade_changes_nothing(bare: Engine, path: Path) -> None:
    """An upgrade that fails in the middle leaves the database as it was."""
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "CREATE TABLE provider (id INTEGER PRIMARY KEY, name TEXT);"
            "CREATE TABLE server (id INTEGER PRIMARY KEY);"
            "CREATE TABLE domain (id INTEGER PRIMARY KEY, name TEXT, provider_id INTEGER);"
            "INSERT INTO provider VALUES (1, 'x');"
        )
    with pytest.raises(StoreError):
        upgrade(bare)  # SQLite adds no column that is NOT NULL and has no default.

    with reading(bare) as connection:
        columns = sa.inspect(connection).get_columns("provider")
    assert [column["name"] for column in columns] == ["id", "name"]
    assert set(sa.inspect(bare).get_table_names()) == {"provider", "server", "domain"}


def test_several_at_once(path: Path) -> None:
    """Ten that start at once upgrade once, and all of them go on."""
    failures: list[Exception] = []

    def work() -> None:
        engine = open_engine(f"sqlite:///{path}")
        try:
            upgrade(engine)
        except StoreError as error:
            failures.append(error)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert failures == []
    assert status(open_engine(f"sqlite:///{path}")).is_current
