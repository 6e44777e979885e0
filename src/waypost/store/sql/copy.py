"""Copy automx2's seven tables from one database into another, row by row."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import sqlalchemy as sa

from waypost.core.errors import StoreError
from waypost.core.redaction import redact_uri
from waypost.database.engine import Connection, open_engine, read_snapshot
from waypost.database.errors import mapped_errors
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.row_codes import row_diagnostic
from waypost.store.sql import schema
from waypost.store.sql.row_check import ROWS_AT_ONCE
from waypost.store.sql.sync.row_ids import advance_sequence
from waypost.store.sql.unusable_domains import UnusableDomains

# Tables that others refer to come first.
_TABLES: Final = tuple(t for t in schema.metadata.sorted_tables if t is not schema.directory)
_LEFT_OUT: Final = "not copied"
# A code, what is wrong, and what is done with the row.
_Problem = tuple[str, str, str]
_SQLITE_READ_ONLY: Final = {"mode": "ro", "uri": "true"}


@dataclass(slots=True)
class CopyResult:
    """The result of a copy.

    Attributes:
        rows: the number of copied rows of each table.
        findings: rows that the new database cannot store unchanged, and what was done with them.
        unusable: domains for which no client can set up an account.
    """

    rows: dict[str, int] = field(default_factory=dict)
    findings: list[Diagnostic] = field(default_factory=list)
    unusable: list[Diagnostic] = field(default_factory=list)


@contextmanager
def open_source(db_uri: str) -> Iterator[Connection]:
    """Open automx2's database for one consistent read.

    Args:
        db_uri: as in automx2's settings. A SQLite file is opened read-only.

    Raises:
        StoreError: the URI or its driver cannot be used, or the tables are not automx2's.
        StoreUnavailable: the database does not answer.
    """
    engine = open_engine(_read_only(db_uri))
    try:
        with read_snapshot(engine) as connection:
            tables = set(sa.inspect(connection).get_table_names())
            if not {"provider", "domain", "server", "server_domain"} <= tables:
                raise StoreError("--from-uri: this database does not contain the tables of automx2")
            yield connection
    finally:
        engine.dispose()


def has_rows(connection: Connection) -> bool:
    """Return whether any of the seven tables exists and has a row."""
    existing = set(sa.inspect(connection).get_table_names())
    tables = [table for table in _TABLES if table.name in existing]
    statements = (sa.select(sa.literal(1)).select_from(table).limit(1) for table in tables)
    return any(connection.execute(statement).first() is not None for statement in statements)


def copy_rows(source: Connection, target: Connection | None, dialect: str) -> CopyResult:
    """Copy all rows with their ids into an empty, upgraded database, in the caller's transaction.

    Columns that the source lacks get their defaults. Bind passwords are copied. Rows that refer to
    missing rows, or whose values do not fit into the new columns, are not copied; too long names of
    providers are shortened.

    Args:
        source: from `open_source`.
        target: None to write nothing.
        dialect: of the target: `sqlite`, `postgresql`, `mysql`.

    Raises:
        sqlalchemy.exc.DBAPIError: as the drivers raise it.
    """
    result, copied_rows = CopyResult(), _CopiedRows()
    inspector = sa.inspect(source)
    existing = set(inspector.get_table_names())
    for table in _TABLES:
        result.rows[table.name] = 0
        if table.name not in existing:
            continue
        columns = {column["name"] for column in inspector.get_columns(table.name)}
        for page in _pages(source, table, columns):
            insertable = [
                row
                for row in page
                if _is_insertable(table, row, copied_rows, result.findings, dialect)
            ]
            if insertable and target is not None:
                target.execute(table.insert(), insertable)
            result.rows[table.name] += len(insertable)
        if target is not None and "id" in table.c:
            advance_sequence(target, table)
    result.unusable = list(_unusable(source if target is None else target))
    return result


def _unusable(connection: Connection) -> Iterator[Diagnostic]:
    """Yield domains that no client can use, after all links are copied."""
    unusable_domains = UnusableDomains(connection)
    for page in _pages(connection, schema.domain, unusable_domains.columns["domain"]):
        yield from unusable_domains.find(page)


@dataclass(slots=True)
class _CopiedRows:
    """The ids that were copied, and the names of domains as the target compares them."""

    ids: dict[str, set[int]] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)


def _read_only(db_uri: str) -> str:
    try:
        url = sa.make_url(db_uri)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise StoreError(f"--from-uri: {redact_uri(db_uri)} is not a database URI") from error
    if url.get_backend_name() != "sqlite":
        return db_uri
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise StoreError("--from-uri: name the file, as in sqlite:////var/lib/automx2/db.sqlite")
    with suppress(PermissionError):  # The error when it is opened names the owner.
        if not Path(url.database).exists():
            path = Path(url.database).absolute()
            raise StoreError(f"--from-uri: there is no database file {path}; correct the path")
    read_only = url.set(database=f"file:{quote(url.database)}", query=_SQLITE_READ_ONLY)
    return read_only.render_as_string(hide_password=False)


def _pages(
    source: Connection, table: sa.Table, columns: Collection[str]
) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows in pages, by primary key; only nullable columns may be missing."""
    keys = list(table.primary_key)
    page = sa.select(*(column for column in table.c if column.name in columns))
    page = page.order_by(*keys).limit(ROWS_AT_ONCE)
    after: Mapping[str, Any] | None = None
    while True:
        statement = page if after is None else page.where(_after_key(keys, after))
        # The caller converts errors of the target.
        with mapped_errors(source.engine.url):
            rows = [dict(row) for row in source.execute(statement).mappings()]
        if not rows:
            return
        after = rows[-1].copy()
        yield rows


def _after_key(keys: list[sa.Column[Any]], after: Mapping[str, Any]) -> sa.ColumnElement[bool]:
    first, rest = keys[0], keys[1:]
    later: sa.ColumnElement[bool] = first > after[first.name]
    for second in rest:
        same = first == after[first.name]
        later = sa.or_(later, sa.and_(same, second > after[second.name]))
    return later


def _is_insertable(
    table: sa.Table,
    row: dict[str, Any],
    copied_rows: _CopiedRows,
    findings: list[Diagnostic],
    dialect: str,
) -> bool:
    """Return whether a row can be inserted; change values that do not fit, and report them."""
    key = "/".join(str(row[column.name]) for column in table.primary_key)
    problems = [
        *_dangling_references(table, row, copied_rows),
        *_invalid_values(table, row, dialect),
    ]
    if table is schema.domain:
        problems += _duplicate_names(row, copied_rows, dialect)
    findings += [row_diagnostic(code, table.name, key, *texts) for code, *texts in problems]
    if any(effect == _LEFT_OUT for *_, effect in problems):
        return False
    if "id" in row:
        copied_rows.ids.setdefault(table.name, set()).add(row["id"])
    return True


def _dangling_references(
    table: sa.Table, row: dict[str, Any], copied_rows: _CopiedRows
) -> Iterator[_Problem]:
    for foreign_key in table.foreign_keys:
        name, referenced_table = foreign_key.parent.name, foreign_key.column.table.name
        value = row.get(name)
        if value is None or value in copied_rows.ids.get(referenced_table, ()):
            continue
        problem = f"refers to {referenced_table} {value}, which does not exist"
        if foreign_key.parent.nullable:
            row[name] = None
            yield "db-copy-reference", problem, "copied without this reference"
        else:
            yield "db-copy-reference", problem, _LEFT_OUT


def _invalid_values(table: sa.Table, row: dict[str, Any], dialect: str) -> Iterator[_Problem]:
    """Yield values that do not fit: automx2's texts had no maximum length before 2021.5."""
    if dialect == "sqlite":
        return  # It stores any value in any column.
    for column in table.c:
        size, value = getattr(column.type, "length", None), row.get(column.name)
        name = column.name
        if isinstance(column.type, sa.Integer) and isinstance(value, str):
            yield "db-copy-value", f"{name} {value[:40]!r} is not a number", _LEFT_OUT
        if not isinstance(value, str) or size is None:
            continue
        if "\0" in value:
            yield "db-copy-value", f"{name} contains a NUL character", _LEFT_OUT
        elif len(value) > size:
            is_cut = table is schema.provider
            row[name] = value[:size] if is_cut else value
            problem = f"{name} has {len(value)} characters, more than {size}"
            yield "db-copy-value", problem, "shortened" if is_cut else _LEFT_OUT


def _duplicate_names(
    row: dict[str, Any], copied_rows: _CopiedRows, dialect: str
) -> Iterator[_Problem]:
    """Yield names that are the same for MariaDB, because it ignores case."""
    if dialect not in {"mysql", "mariadb"}:
        return
    first = copied_rows.names.setdefault(row["name"].lower(), row["id"])
    if first != row["id"]:
        problem = f"name {row['name']!r} differs from that of domain {first} only in case"
        yield "db-copy-twin", problem, _LEFT_OUT
