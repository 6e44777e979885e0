"""Upgrades from every revision with data, and downgrades: what is kept, lost and refused."""

import shutil
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa
from _pytest.mark.structures import ParameterSet
from alembic import command

from tests.servers.database import ENGINES, Database
from tests.servers.waypost import SOURCE
from waypost.core.address import DomainName
from waypost.core.errors import DomainError, DowngradeRefused, SettingsError, StoreError
from waypost.core.model import Catalog, Domain
from waypost.database.engine import Engine, open_engine, read_connection, write_transaction
from waypost.providers_file.load import read_providers
from waypost.providers_file.write import write_providers
from waypost.store.sql import downgrade, migrate, schema
from waypost.store.sql.downgrade import SchemaRemoval, statements
from waypost.store.sql.migrate import alembic_config, existing_columns, status, upgrade
from waypost.store.sql.request_counts import RequestCounts
from waypost.store.sql.revision import HEAD, VERSION_TABLE
from waypost.store.sql.store import SqlStore
from waypost.store.sql.sync.catalog import read_catalog, write_catalog

GOLDEN: Final = Path(__file__).parents[1] / "providers_file" / "golden" / "providers.toml"
MIGRATIONS: Final = SOURCE / "waypost" / "store" / "sql" / "migrations"
REVISIONS: Final = downgrade.revisions()
# What later revisions can store, in addition to that file.
LATER: Final = """
[[provider]]
name = "Later"
domains = ["later.example", { name = "alias.example", alias_of = "later.example" }]
subaddress_separators = "+"
webmail = "https://webmail.later.example/"
services = [
  { type = "pop3", host = "pop.later.example", pop3 = { leave_messages_on_server = true } },
  { type = "smtp", host = "smtp.later.example", formats = ["autoconfig", "dns"] },
  { type = "jmap", url = "https://jmap.later.example/", formats = ["pacc"] },
]

[[provider]]
name = "Elsewhere"
domains = [
  { name = "moved.example", redirect_address = "later.example" },
  { name = "hosted.example", redirect_url = "https://hosting.example/autodiscover.xml" },
  { name = "gone.example", declined = true },
]
"""
Rows = Mapping[str, Sequence[Mapping[str, Any]]]
# As automx2's manual does it, with its columns alone.
AUTOMX2 = """
INSERT INTO provider (id, name, short_name) VALUES (7001, 'Late', 'Late');
INSERT INTO server (id, name, port, type, socket_type, user_name, authentication)
  VALUES (7002, 'imap.late.example', 993, 'imap', 'SSL', '%EMAILADDRESS%', 'plain');
INSERT INTO domain (id, name, provider_id) VALUES (7003, 'late.example', 7001);
INSERT INTO server_domain (server_id, domain_id) VALUES (7002, 7003);
"""


def rich_catalog() -> Catalog:
    """Return providers with nearly all keys."""
    text = GOLDEN.read_text(encoding="utf-8") + LATER
    return read_providers(text, name="mail.toml", format="toml").catalog


def _on_each_engine(revisions: Sequence[str], *, first: int) -> list[ParameterSet]:
    """Return each revision with SQLite and one of the two servers, in turn.

    Args:
        revisions: to combine with the engines.
        first: the number of the server of the first revision, so that two tests together try
            each revision on each engine.
    """
    sqlite, *servers = ENGINES
    return [
        pytest.param(
            revision, *engine.values, id=f"{revision}-{engine.values[0]}", marks=engine.marks
        )
        for number, revision in enumerate(revisions, start=first)
        for engine in (sqlite, servers[number % len(servers)])
    ]


@cache
def all_rows() -> Rows:
    """Return the rows of these providers, and a pinned document."""
    engine = open_engine("sqlite://")
    schema.metadata.create_all(engine)
    with write_transaction(engine) as connection:
        write_catalog(connection, rich_catalog())
        first = sa.select(sa.func.min(schema.domain.c.id)).scalar_subquery()
        pinned = schema.domain.update().where(schema.domain.c.id == first)
        connection.execute(pinned.values(pinned_pacc=b"{}"))
    rows = content(engine)
    engine.dispose()
    return rows


def content(engine: Engine) -> Rows:
    """Return all rows with all columns that a database has."""
    columns = columns_of(engine)
    with read_connection(engine) as connection:
        return {
            table.name: [
                dict(row._mapping)  # noqa: SLF001 -- SQLAlchemy's public name for it
                for row in connection.execute(
                    sa.select(
                        *[one for one in table.c if one.name in columns[table.name]]
                    ).order_by(*table.primary_key)
                )
            ]
            for table in schema.metadata.sorted_tables
            if table.name in columns
        }


def columns_of(engine: Engine) -> dict[str, set[str]]:
    """Return the columns of each table, without the table with the revision."""
    inspector = sa.inspect(engine)
    return {
        name: {column["name"] for column in inspector.get_columns(name)}
        for name in inspector.get_table_names()
        if name != VERSION_TABLE
    }


def known_rows(columns: Mapping[str, set[str]]) -> Rows:
    """Return the rows without what these tables cannot store."""
    return {
        table: [{name: row[name] for name in row if name in columns[table]} for row in rows]
        for table, rows in all_rows().items()
        if table in columns
    }


def fill(engine: Engine, rows: Rows) -> None:
    with write_transaction(engine) as connection:
        for table in schema.metadata.sorted_tables:
            if table_rows := rows.get(table.name):
                connection.execute(table.insert(), table_rows)


def upgrade_to(engine: Engine, revision: str) -> None:
    """Create the tables of a revision, as the version of Waypost that had it did."""
    with write_transaction(engine) as connection:
        existing = existing_columns(connection)
        with alembic_config(existing=existing, connection=connection) as config:
            command.upgrade(config, revision)


def served(engine: Engine) -> tuple[str, dict[str, Domain | None]]:
    """Return what a database serves: as a providers file, and for each domain."""
    store = SqlStore(engine)
    with read_connection(engine) as connection:
        text = write_providers(read_catalog(connection), "toml")
        names = connection.execute(sa.select(schema.domain.c.name)).scalars().all()
    found = {}
    for name in names:
        try:
            found[name] = store.find(DomainName.parse(name.replace("*", "any")))
        except DomainError:
            continue
    return text, found


@cache
def served_with(columns: frozenset[tuple[str, str]]) -> tuple[str, dict[str, Domain | None]]:
    """Return what the rows serve in the newest tables, without what these columns cannot store."""
    engine = open_engine("sqlite://")
    schema.metadata.create_all(engine)
    tables = {table: {name for owner, name in columns if owner == table} for table, _ in columns}
    fill(engine, known_rows(tables))
    result = served(engine)
    engine.dispose()
    return result


def expected(columns: Mapping[str, set[str]]) -> tuple[str, dict[str, Domain | None]]:
    return served_with(
        frozenset((table, name) for table, names in columns.items() for name in names)
    )


@pytest.mark.parametrize(
    ("revision", "database"), _on_each_engine(REVISIONS, first=0), indirect=["database"]
)
def test_upgrade_with_data(bare: Engine, revision: str) -> None:
    """A database of any revision keeps its rows in an upgrade, and they are served as before."""
    upgrade_to(bare, revision)
    columns = columns_of(bare)
    rows = known_rows(columns)
    fill(bare, rows)
    upgrade(bare)
    assert status(bare).is_current
    after = content(bare)
    for table, before in rows.items():
        kept = [{name: row[name] for name in columns[table]} for row in after[table]]
        assert kept == [{name: row[name] for name in columns[table]} for row in before], table
    found = served(bare)
    assert found == expected(columns)
    assert any(found[1].values())


@pytest.mark.parametrize(
    ("target", "database"), _on_each_engine(REVISIONS[:-1], first=1), indirect=["database"]
)
def test_one_version_back(bare: Engine, database: Database, target: str) -> None:
    """One version back, the tables are those of that version, and all it can store is kept."""
    revision = REVISIONS[REVISIONS.index(target) + 1]
    upgrade_to(bare, target)
    columns = columns_of(bare)
    rows = known_rows(columns)
    fill(bare, rows)
    upgrade_to(bare, revision)

    done = downgrade.downgrade(bare)

    assert (done.current, done.target, done.losses) == (revision, target, ())
    assert status(bare).current == target
    assert columns_of(bare) == columns
    assert content(bare) == rows
    database.client(AUTOMX2)
    upgrade(bare)
    found = served(bare)[1]
    late = found.pop("late.example")
    assert late is not None
    assert [service.type.value for service in late.services] == ["imap"]
    assert found == expected(columns)[1]


def test_statistics_are_no_loss(sqlite_engine: Engine) -> None:
    """Numbers of requests are named, but do not prevent a downgrade."""
    assert RequestCounts(sqlite_engine).add({(0, "thunderbird", "ok"): 1})
    done = downgrade.downgrade(sqlite_engine, "0014")
    assert "table admin_request_count: 1 row" in {f"{one}" for one in done.removals}
    assert done.losses == ()


def test_losses(engine: Engine) -> None:
    """Without force, nothing changes if values would be lost, and each loss is named."""
    fill(engine, all_rows())
    before = content(engine)
    target = "0001"
    planned = downgrade.plan(engine, target)
    lines = [f"{removal}" for removal in planned.losses]
    for place in ("provider.subaddress_separators", "domain.pinned_pacc", "domain.alias_of"):
        assert any(line.startswith(f"column {place}: ") for line in lines), (place, lines)
    assert any(line.startswith("table directory: ") for line in lines)

    with pytest.raises(DowngradeRefused) as caught:
        downgrade.downgrade(engine, target)

    for line in lines:
        assert line in str(caught.value)
    assert status(engine).is_current
    assert content(engine) == before

    assert downgrade.downgrade(engine, target, force=True) == planned
    assert status(engine).current == target
    upgrade(engine)
    first = known_rows({name: set(row[0]) for name, row in before.items() if row})
    assert content(engine).keys() == first.keys()
    assert len(content(engine)["domain"]) == len(before["domain"])


def test_defaults_are_no_losses(engine: Engine) -> None:
    """A column whose rows have the default value loses nothing."""
    fill(engine, {"provider": [{"id": 1, "name": "P", "short_name": "P"}]})
    fill(engine, {"domain": [{"id": 1, "name": "a.example", "provider_id": 1}]})

    assert downgrade.plan(engine, "0001").losses == ()


def test_names_of_lost_rows() -> None:
    """A loss names the first rows, and says if there are more."""
    assert f"{SchemaRemoval('domain', 'declined', 0)}" == "column domain.declined: empty"
    few = SchemaRemoval("domain", "declined", 1, ("a.example",))
    assert f"{few}" == "column domain.declined: 1 row with a value (a.example)"
    many = SchemaRemoval("directory", None, 4, ("a", "b", "c"))
    assert f"{many}" == "table directory: 4 rows (a, b, c, ...)"
    unnamed = SchemaRemoval("links", None, 2)
    assert f"{unnamed}" == "table links: 2 rows"


@pytest.mark.parametrize("target", [REVISIONS[-2], "0001"])
def test_printed_statements(engine: Engine, database: Database, target: str) -> None:
    """Printing changes nothing; the printed SQL, run by the engine's client, is the downgrade."""
    printed = statements(engine, target)
    assert status(engine).is_current

    database.client(printed)

    assert status(engine).current == target
    assert statements(engine, target) == ""
    printed_columns = columns_of(engine)
    upgrade(engine)
    downgrade.downgrade(engine, target)
    assert columns_of(engine) == printed_columns


def test_continued_after_a_failure(engine: Engine) -> None:
    """A downgrade that stopped half-way on an engine without a roll-back can be done or undone."""
    with write_transaction(engine) as connection:
        connection.execute(sa.text("UPDATE waypost_schema_version SET version_num = '0005'"))
        connection.execute(sa.text("ALTER TABLE domain DROP COLUMN pinned_pacc"))
    assert downgrade.downgrade(engine, "0004").target == "0004"
    upgrade(engine)
    assert status(engine).is_current
    assert columns_of(engine)["domain"] == set(schema.domain.c.keys())


MIGRATION = """
import sqlalchemy as sa
from _pytest.mark.structures import ParameterSet
from alembic import op

revision = "later"
down_revision = "{}"

def upgrade():
    op.create_table("later", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table(
        "latest",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("later_id", sa.Integer, sa.ForeignKey("later.id")),
    )
    op.add_column("domain", sa.Column("late", sa.String(20), nullable=False, server_default="no"))
    op.create_index("ix_domain_late", "domain", ["late"])
    op.create_index("ix_provider_short_name", "provider", ["short_name"])
"""


def test_later_migration(bare: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later migration needs no code: its tables, columns and indexes are removed."""
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "later.py").write_text(MIGRATION.format(HEAD), encoding="utf-8")
    upgrade(bare)
    before = columns_of(bare)
    monkeypatch.setattr(migrate, "scripts", lambda: folder)
    monkeypatch.setattr(migrate, "HEAD", "later")
    upgrade(bare)
    assert {"later", "latest"} <= columns_of(bare).keys()
    assert downgrade.plan(bare).target == HEAD
    downgrade.downgrade(bare)
    assert columns_of(bare) == before
    assert not [
        one
        for one in sa.inspect(bare).get_indexes("provider")
        if one["name"] == "ix_provider_short_name"
    ]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("0099", "--to 0099: there is no such revision; choose one of 0001, "),
        ("x" * 99, f"--to {'x' * 20}: there is no such revision"),
        ("", "--to : there is no such revision"),
    ],
)
def test_wrong_target(sqlite_engine: Engine, target: str, said: str) -> None:
    """A target that does not exist is refused, with the list of those that do."""
    with pytest.raises(SettingsError) as caught:
        downgrade.plan(sqlite_engine, target)

    assert str(caught.value).startswith(said)


def test_newer_target(sqlite_bare: Engine) -> None:
    """A target that is newer than the database is refused."""
    upgrade_to(sqlite_bare, "0001")
    with pytest.raises(SettingsError, match="--to 0002: the database has the older revision 0001"):
        downgrade.plan(sqlite_bare, "0002")
    with pytest.raises(StoreError, match="the first revision, 0001"):
        downgrade.plan(sqlite_bare)
    assert downgrade.plan(sqlite_bare, "0001").is_empty


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE waypost_schema_version SET version_num = '9999'", "downgrade with the newer"),
        ("DELETE FROM waypost_schema_version", "run `waypost db upgrade` first"),
        ("DROP TABLE waypost_schema_version", "nothing to downgrade"),
    ],
)
def test_databases_without_a_known_revision(sqlite_engine: Engine, change: str, said: str) -> None:
    """A database that this version cannot return to an earlier revision is refused."""
    with write_transaction(sqlite_engine) as connection:
        connection.execute(sa.text(change))
    with pytest.raises(StoreError, match=said):
        downgrade.downgrade(sqlite_engine)


def test_old_sqlite(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite before 3.35 cannot remove columns; the message says so."""
    monkeypatch.setattr("waypost.store.sql.downgrade.sqlite3.sqlite_version_info", (3, 34, 1))
    with pytest.raises(StoreError, match=r"cannot remove columns.*3\.35"):
        downgrade.plan(sqlite_engine, "0001")
