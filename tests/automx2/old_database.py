"""Databases of automx2's releases, in any engine."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from waypost.database.engine import Engine
from waypost.store.sql import schema

SCHEMAS = Path(__file__).parent / "schemas"
# The first release with each set of tables, and the revision that its database may have.
RELEASES = {
    "2019.0": None,
    "2020.0": "f62e64b43d2f",
    "2020.2": "5334f8a8282c",
    "2021.3.1": "43ebb40d0578",
    "2021.5": "43ebb40d0578",
}

Tables = Mapping[str, Sequence[Mapping[str, Any]]]


def make(engine: Engine, release: str, *, revision: bool = False) -> None:
    """Create and fill the tables of a release, with or without automx2's table of revisions."""
    files = [f"{release}.sql", "content.sql"]
    if release != "2019.0":
        files.append("content-ldap.sql")
    if release.startswith("2021"):
        files.append("content-dav.sql")
    for name in files:
        execute(engine, translated((SCHEMAS / name).read_text(encoding="utf-8"), engine))
    if revision:
        execute(
            engine,
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);\n"
            f"INSERT INTO alembic_version VALUES ('{RELEASES[release]}');\n",
        )


def execute(engine: Engine, script: str) -> None:
    """Run statements that end with a semicolon at the end of a line."""
    without_comments = re.sub(r"^--.*$", "", script, flags=re.MULTILINE)
    with engine.connect() as plain, plain.begin():
        for statement in without_comments.split(";\n"):
            if statement.strip():
                plain.execute(sa.text(statement))


def translated(script: str, engine: Engine) -> str:
    """Return the statements that automx2's SQLAlchemy would have used for another engine."""
    if engine.dialect.name == "postgresql":
        return script.replace("    id INTEGER NOT NULL", "    id SERIAL NOT NULL")
    if engine.dialect.name in {"mysql", "mariadb"}:
        # Texts need a length there; automx2's migrations have 128.
        script = re.sub(r"VARCHAR(?! ?\()", "VARCHAR(128)", script)
        return script.replace("    id INTEGER NOT NULL", "    id INTEGER NOT NULL AUTO_INCREMENT")
    return script


def restore(engine: Engine, rows: Tables) -> None:
    """Restore the rows that `content` read, and remove all others."""
    tables = schema.metadata.sorted_tables
    with engine.connect() as connection, connection.begin():
        for table in reversed(tables):
            connection.execute(sa.delete(sa.table(table.name)))
        for table in tables:
            for row in rows[table.name]:
                plain = sa.table(table.name, *map(sa.column, row))
                connection.execute(sa.insert(plain).values(dict(row)))


def content(engine: Engine) -> Tables:
    """Return every row of automx2's tables, with the existing columns."""
    tables = {}
    with engine.connect() as connection:
        inspector = sa.inspect(connection)
        names = {*schema.metadata.tables, "alembic_version"} & set(inspector.get_table_names())
        for name in sorted(names):
            columns: list[sa.ColumnClause[Any]] = [
                sa.column(column["name"]) for column in inspector.get_columns(name)
            ]
            found = connection.execute(sa.select(*columns).select_from(sa.table(name)))
            rows = [dict(row) for row in found.mappings()]
            tables[name] = sorted(rows, key=lambda row: str([row[key] for key in sorted(row)]))
    return tables
