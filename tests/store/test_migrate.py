"""Create and upgrade the tables, of an empty database and of automx2's."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from tests.servers.database import Database
from tests.servers.waypost import SOURCE
from waypost.core.address import DomainName
from waypost.core.errors import StoreError
from waypost.database.engine import Engine, open_engine, read_connection, write_transaction
from waypost.store.sql import admin_schema, schema
from waypost.store.sql.migrate import alembic_config, statements, status, upgrade
from waypost.store.sql.prepare import upgrade_if_needed
from waypost.store.sql.revision import HEAD, is_current
from waypost.store.sql.rows.pinned_pacc import PinnedRows
from waypost.store.sql.store import SqlStore

INDEXES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE 'ix_%'",
    "postgresql": "SELECT indexname FROM pg_indexes WHERE indexname LIKE 'ix_%'",
    "mysql": "SELECT DISTINCT index_name FROM information_schema.statistics"
    " WHERE table_schema = DATABASE() AND index_name LIKE 'ix_%'",
}
EXPECTED_INDEXES = {
    *("ix_domain_name_lower", "ix_server_domain_domain", "ix_davserver_domain_domain"),
    *("ix_domain_provider", "ix_domain_ldapserver", "ix_domain_directory", "ix_domain_alias"),
    *("ix_admin_audit_at", "ix_admin_audit_object", "ix_admin_audit_undo"),
}
# MySQL needs no separate index for names without case, and none for columns with a foreign key.
UNNEEDED = {
    "mysql": {"ix_domain_name_lower", "ix_domain_provider", "ix_domain_ldapserver"},
}
MORE_INDEXES = {"postgresql": {"ix_domain_name_bytes"}}


def indexes(engine: Engine, database: Database) -> set[str]:
    with read_connection(engine) as connection:
        return set(connection.execute(sa.text(INDEXES[database.dialect])).scalars())


def expected_indexes(database: Database) -> set[str]:
    kept = EXPECTED_INDEXES - UNNEEDED.get(database.dialect, set())
    return kept | MORE_INDEXES.get(database.dialect, set())


def run(engine: Engine, *statements: str) -> None:
    with write_transaction(engine) as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def test_from_nothing(bare: Engine, database: Database) -> None:
    """An empty database gets the tables that the code describes."""
    assert upgrade(bare).kind == "empty"
    found = status(bare)
    assert (found.kind, found.is_current) == ("waypost", True)
    inspector = sa.inspect(bare)
    for table in (*schema.metadata.sorted_tables, *admin_schema.metadata.sorted_tables):
        described = [(column.name, column.nullable) for column in table.columns]
        made = [(c["name"], c["nullable"]) for c in inspector.get_columns(table.name)]
        assert made == described, table.name
    assert indexes(bare, database) == expected_indexes(database)


def test_again_does_nothing(bare: Engine) -> None:
    """A second upgrade changes nothing."""
    upgrade(bare)
    before = status(bare)

    assert upgrade(bare) == before


OLD = (
    (
        "CREATE TABLE provider (id INTEGER PRIMARY KEY, name VARCHAR(128) NOT NULL,"
        " short_name VARCHAR(32) NOT NULL)"
    ),
    (
        "CREATE TABLE server (id INTEGER PRIMARY KEY, port INTEGER NOT NULL,"
        " type VARCHAR(32) NOT NULL, name VARCHAR(128) NOT NULL,"
        " socket_type VARCHAR(32) NOT NULL, user_name VARCHAR(64) NOT NULL,"
        " authentication VARCHAR(32) NOT NULL)"
    ),
    (
        "CREATE TABLE domain (id INTEGER PRIMARY KEY, name VARCHAR(128) NOT NULL UNIQUE,"
        " provider_id INTEGER NOT NULL REFERENCES provider(id), ldapserver_id INTEGER)"
    ),
    (
        "CREATE TABLE server_domain (server_id INTEGER, domain_id INTEGER,"
        " PRIMARY KEY (server_id, domain_id))"
    ),
    "INSERT INTO provider VALUES (7, 'Old', 'Old')",
    "INSERT INTO server VALUES (8, 993, 'imap', 'i.example', 'SSL', 'x', 'plain')",
    "INSERT INTO domain VALUES (9, 'old.example', 7, NULL)",
    "INSERT INTO server_domain VALUES (8, 9)",
)


def test_old_automx2_without_later_columns(bare: Engine) -> None:
    """Tables of an early release get the later columns."""
    run(bare, *OLD)
    upgrade(bare)
    found = SqlStore(bare).find(DomainName("old.example"))

    assert found is not None
    assert len(found.services) == 1


def test_foreign_tables(bare: Engine) -> None:
    """A database of another program is not changed, and the message says so."""
    run(bare, "CREATE TABLE shop (id INTEGER)")

    with pytest.raises(StoreError, match="neither Waypost's nor automx2's"):
        upgrade(bare)
    assert status(bare).kind == "foreign"
    assert sa.inspect(bare).get_table_names() == ["shop"]


def test_newer_database(bare: Engine) -> None:
    """A database of a newer version is not changed, and the message says so."""
    upgrade(bare)
    run(bare, SAYING.format("9999"))

    with pytest.raises(StoreError, match="revision 9999"):
        upgrade(bare)
    assert status(bare).kind == "newer"


# The upgrade cannot create its last table, because a view has its name.
UNFIT = (
    "CREATE TABLE provider (id INTEGER PRIMARY KEY, name VARCHAR(9))",
    "CREATE TABLE server (id INTEGER PRIMARY KEY)",
    "CREATE TABLE domain (id INTEGER PRIMARY KEY, name VARCHAR(9), provider_id INTEGER)",
    "INSERT INTO provider VALUES (1, 'x')",
    "CREATE VIEW davserver_domain AS SELECT id FROM domain",
)


def test_failed_upgrade(bare: Engine, database: Database) -> None:
    """A failed upgrade is rolled back; MySQL cannot, says so, and continues later."""
    run(bare, *UNFIT)
    if database.dialect == "sqlite":  # SQLite accepts the view, but not this index.
        run(bare, "CREATE TABLE x (id INTEGER)", "CREATE INDEX ix_server_domain_domain ON x (id)")
    before = set(sa.inspect(bare).get_table_names())
    with pytest.raises(StoreError) as caught:
        upgrade(bare)
    has_advice = "run `waypost db upgrade` again" in str(caught.value)
    with read_connection(bare) as connection:
        columns = [one["name"] for one in sa.inspect(connection).get_columns("provider")]
    if database.dialect != "mysql":
        assert (columns, has_advice) == (["id", "name"], False)
        assert set(sa.inspect(bare).get_table_names()) == before
        return
    assert has_advice
    run(bare, "DROP VIEW davserver_domain")
    assert status(bare).kind == "unfinished"
    upgrade(bare)
    assert status(bare).is_current
    assert indexes(bare, database) == expected_indexes(database)


@pytest.mark.parametrize("old", [(), OLD], ids=["empty", "automx2"])
def test_printed_statements(bare: Engine, database: Database, old: Sequence[str]) -> None:
    """Printing changes nothing; the printed SQL, run by the engine's client, is the upgrade."""
    run(bare, *old)
    before = status(bare)
    printed = statements(bare)
    assert status(bare) == before
    database.client(printed)
    assert status(bare).is_current
    assert statements(bare) == ""
    assert indexes(bare, database) == expected_indexes(database)


# The content after revisions 0007 to 0009: a pinned document in the old column.
# With revision 0006 it is what MariaDB keeps of an upgrade that failed in 0007.
FORMER = (
    "ALTER TABLE domain RENAME COLUMN pinned_pacc TO held_pacc",
    "INSERT INTO provider (id, name, short_name) VALUES (1, 'P', 'P')",
    "INSERT INTO domain (id, name, provider_id, held_pacc) VALUES (1, 'a.example', 1, 'old')",
)

PINNED = FORMER[2].replace("held_pacc", "pinned_pacc")
SAYING = "UPDATE waypost_schema_version SET version_num = '{}'"


@pytest.mark.parametrize("revision", ["0006", "0007", "0009"])
@pytest.mark.parametrize("printed", [False, True], ids=["upgrade", "printed"])
def test_former_name_of_pinned_documents(
    engine: Engine, database: Database, revision: str, printed: bool
) -> None:
    """Documents in the column `held_pacc` are still pinned after the column is renamed."""
    run(engine, *FORMER, SAYING.format(revision))
    if printed:
        database.client(statements(engine))
    else:
        upgrade(engine)

    assert status(engine).is_current
    assert PinnedRows(engine).all() == {"a.example": b"old"}
    columns = {one["name"] for one in sa.inspect(engine).get_columns("domain")}
    assert "held_pacc" not in columns


@pytest.mark.parametrize("revision", ["0006", "0009"])
def test_pinned_documents_keep_their_name(engine: Engine, revision: str) -> None:
    """A column with the new name stays, as after an upgrade that failed half-way."""
    run(engine, *FORMER[1:2], PINNED, SAYING.format(revision))
    upgrade(engine)

    assert status(engine).is_current
    assert PinnedRows(engine).all() == {"a.example": b"old"}


def test_printed_statements_make_no_file(sqlite_bare: Engine, path: Path) -> None:
    """Printing the SQL for a missing SQLite file does not create the file."""
    assert "CREATE TABLE provider" in statements(sqlite_bare)
    assert not path.exists()


# Ten processes, each with its own file for standard error. They are forked from one process that
# has loaded the program and opened nothing, so that they start at the same time.
UPGRADES = """
import gc, os, sys
import psycopg, pymysql
from waypost.cli.main import main
main(["db", "upgrade", "--sql", "--dialect", "sqlite"])
sys.stdout.flush()
gc.freeze()
ready, go = os.pipe()
for name in sys.argv[2:]:
    if os.fork() == 0:
        os.close(go)
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT), 2)
        os.read(ready, 1)
        code = main(["db", "upgrade", "--db-uri", sys.argv[1]])
        sys.stderr.flush()
        os._exit(code)
os.close(go)
for name in sys.argv[2:]:
    print("ended with", os.waitstatus_to_exitcode(os.wait()[1]))
"""


def test_several_at_once(database: Database, tmp_path: Path) -> None:
    """Of ten simultaneous upgrades one upgrades, and all succeed."""
    names = [tmp_path / f"said-{number}" for number in range(10)]
    done = subprocess.run(
        [sys.executable, "-c", UPGRADES, database.uri, *names],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": f"{SOURCE}"},
    )
    texts = [name.read_text(encoding="utf-8") for name in names]
    codes = [line for line in done.stdout.splitlines() if line.startswith("ended with")]
    assert codes == ["ended with 0"] * 10, texts
    # The first line names the database.
    said = [text.partition("\n")[2] for text in texts]
    assert all(text.startswith("database: ") for text in texts)
    counted = Counter(text.partition(";")[0].partition(" (")[0].strip() for text in said)
    assert counted == {"the database was empty": 1, "the database is up to date": 9}
    engine = open_engine(database.uri)
    assert status(engine).is_current
    engine.dispose()


def test_newest_revision_is_known() -> None:
    """The revision that workers check is the newest of the migrations."""
    with alembic_config() as config:
        assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_upgrade_if_needed(bare: Engine) -> None:
    """A server upgrades tables if needed, and changes nothing in those of a newer version."""
    assert not is_current(bare)
    upgrade_if_needed(bare)
    assert is_current(bare)
    assert status(bare).is_current
    run(bare, SAYING.format("0001"))
    assert not is_current(bare)
    run(bare, SAYING.format("9999"))
    upgrade_if_needed(bare)
    assert status(bare).current == "9999"


WORKER = """
import sys
from waypost.core.address import DomainName
from waypost.settings import load_from_process
from waypost.store.cache import DomainCache
from waypost.web.public.app import PublicApp
from waypost.wiring.runtime import wire
import asyncio
async def ask():
    wired = wire(load_from_process({"db_uri": sys.argv[1]}).settings)
    await wired.cache.find(DomainName("example.com"))
    await wired.close()
asyncio.run(ask())
print(sorted({"alembic", "ldap", "typer"} & set(sys.modules)))
"""


def test_worker_is_small(engine: Engine, database: Database) -> None:
    """A worker with up-to-date tables loads no module that it does not need."""
    assert is_current(engine)
    environment = os.environ | {"PYTHONPATH": f"{SOURCE}"}
    command = [sys.executable, "-c", WORKER, database.uri]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)

    assert done.stdout == "[]\n"
