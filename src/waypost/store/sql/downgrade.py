"""Return the tables to an earlier revision, for an older version of Waypost.

Migrations only add: tables, columns and indexes (docs/decisions/0031-restarts.md). So the way back
needs no code for each migration: it removes what the tables of the two revisions do not share.
"""

import io
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from waypost.core.errors import DowngradeRefused, SettingsError, StoreError
from waypost.database.engine import (
    Connection,
    Engine,
    read_connection,
    refuse_missing_file,
    refuse_other_owner,
    write_transaction,
)
from waypost.store.sql.migrate import (
    LOCK_SECONDS,
    MigrationStatus,
    alembic_config,
    existing_columns,
    mapped_upgrade_errors,
    status_of,
)
from waypost.store.sql.revision import VERSION_TABLE
from waypost.store.sql.sync.temp_table import temporary_engine

EXAMPLES_MAX: Final = 3
"""How many rows a plan names of those that lose a value."""
# The column that names a row for people, of whatever table.
_NAME_COLUMNS: Final = ("name", "label", "url")
# Numbers for people, which no answer depends on: a downgrade that removes them loses nothing else.
_STATISTICS: Final = frozenset({"admin_request_count"})
# SQLite 3.35 introduced ALTER TABLE ... DROP COLUMN.
_SQLITE_MIN: Final = (3, 35)


@dataclass(frozen=True, slots=True)
class SchemaRemoval:
    """A table or a column that a downgrade removes, and what is lost with it.

    Attributes:
        table: its name.
        column: its name; None for a whole table.
        lost: the number of rows that are lost, or that lose a value.
        examples: the names of the first of these rows.
    """

    table: str
    column: str | None
    lost: int
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return one line for people."""
        what = f"table {self.table}"
        if self.column is not None:
            what = f"column {self.table}.{self.column}"
        return f"{what}: {self._loss()}"

    def _loss(self) -> str:
        if not self.lost:
            return "empty"
        names = ", ".join(self.examples)
        more = ", ..." if names and self.lost > len(self.examples) else ""
        shown = f" ({names}{more})" if names else ""
        value = "" if self.column is None else " with a value"
        return f"{self.lost} row{'s' if self.lost > 1 else ''}{value}{shown}"


@dataclass(frozen=True, slots=True)
class DowngradePlan:
    """What a downgrade does.

    Attributes:
        current: the revision of the database.
        target: the revision after the downgrade.
        removals: what is removed, columns first.
    """

    current: str
    target: str
    removals: tuple[SchemaRemoval, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the database has the revision already."""
        return self.current == self.target

    @property
    def losses(self) -> tuple[SchemaRemoval, ...]:
        """The removals that lose data, except for statistics."""
        lossy = (removal for removal in self.removals if removal.lost)
        return tuple(removal for removal in lossy if removal.table not in _STATISTICS)


@dataclass(frozen=True, slots=True)
class _Tables:
    """The tables of a revision, each after the tables that it refers to; and the indexes."""

    columns: Mapping[str, frozenset[str]]
    indexes: Mapping[str, str]  # the table of each


def revisions() -> list[str]:
    """Return all revisions, the oldest first."""
    with alembic_config() as config:
        script = ScriptDirectory.from_config(config)
        return [revision.revision for revision in script.walk_revisions()][::-1]


def plan(engine: Engine, target: str | None = None) -> DowngradePlan:
    """Return what a downgrade would do, without changing anything.

    Args:
        engine: the database.
        target: the revision after the downgrade; None for the one before that of the database.

    Raises:
        StoreUnavailable: the database does not answer.
        StoreError: the database has no revision that this version knows.
        SettingsError: there is no such target, or it is newer.
    """
    with read_connection(engine) as connection:
        return _Downgrade(connection, target).plan()


def downgrade(engine: Engine, target: str | None = None, *, force: bool = False) -> DowngradePlan:
    """Downgrade in one transaction; upgrades at the same time wait.

    MySQL and MariaDB cannot roll back. There, the revision changes first, so that after a failure
    an upgrade adds what was removed, and another downgrade removes the rest.

    Args:
        engine: the database.
        target: as `plan`.
        force: whether values may be lost.

    Returns:
        What was done.

    Raises:
        StoreUnavailable: the database does not answer, or is locked for too long.
        DowngradeRefused: values would be lost.
        StoreError, SettingsError: as `plan`.
    """
    refuse_missing_file(engine)
    refuse_other_owner(engine)
    with mapped_upgrade_errors(engine), write_transaction(engine, LOCK_SECONDS) as connection:
        change = _Downgrade(connection, target)
        planned = change.plan()
        if planned.losses and not force:
            lines = "; ".join(f"{removal}" for removal in planned.losses)
            raise DowngradeRefused(
                f"nothing was changed: revision {planned.target} cannot store {lines}; "
                "make a backup, and use --force to lose these values"
            )
        change.run(Operations(MigrationContext.configure(connection)), planned)
    return planned


def statements(engine: Engine, target: str | None = None) -> str:
    """Return the SQL that a downgrade would run now, without running it.

    Raises:
        StoreUnavailable, StoreError, SettingsError: as `plan`.
    """
    with read_connection(engine) as connection:
        change = _Downgrade(connection, target)
        planned = change.plan()
        output = io.StringIO()
        context = MigrationContext.configure(
            dialect_name=engine.dialect.name, opts={"as_sql": True, "output_buffer": output}
        )
        with context.begin_transaction():
            change.run(Operations(context), planned)
    return "" if planned.is_empty else output.getvalue()


class _Downgrade:
    """A downgrade of the database of a connection."""

    def __init__(self, connection: Connection, target: str | None) -> None:
        state = status_of(connection)
        self._current = _current(state)
        self._target = _target(revisions(), self._current, target)
        self._connection = connection
        self._existing = existing_columns(connection)
        self._after, self._before = _tables(self._target, self._current)

    def plan(self) -> DowngradePlan:
        """Return what is removed.

        Raises:
            StoreError: this version of SQLite cannot remove a column.
        """
        removals = (*self._columns(), *self._whole_tables())
        is_old = (
            self._connection.dialect.name == "sqlite"
            and sqlite3.sqlite_version_info < _SQLITE_MIN
            and any(removal.column is not None for removal in removals)
        )
        if is_old:
            raise StoreError(
                f"SQLite {sqlite3.sqlite_version} cannot remove columns; use a machine with "
                "SQLite 3.35 or newer, or restore the backup of the older version"
            )
        return DowngradePlan(self._current, self._target, removals)

    def run(self, operations: Operations, planned: DowngradePlan) -> None:
        """Remove what a plan names."""
        if planned.is_empty:
            return
        revision = sa.table(VERSION_TABLE, sa.column("version_num", sa.String))
        # Literal, because printed SQL has no parameters.
        operations.execute(
            revision.update().values(version_num=sa.literal_column(f"'{planned.target}'"))
        )
        self._drop_indexes(operations)
        for removal in planned.removals:
            if removal.column is None:
                operations.drop_table(removal.table)
            else:
                operations.drop_column(removal.table, removal.column)

    def _columns(self) -> Iterator[SchemaRemoval]:
        for table, columns in self._before.columns.items():
            if table not in self._after.columns:
                continue
            added = columns - self._after.columns[table]
            defaults = {
                column["name"]: column["default"]
                for column in (sa.inspect(self._connection).get_columns(table) if added else ())
            }
            for column in sorted(added & defaults.keys()):
                yield self._column(table, column, defaults[column])

    def _column(self, table: str, column: str, default: str | None) -> SchemaRemoval:
        # The default is the database's own text of it.
        value: sa.ColumnClause[object] = sa.column(column)
        rows: list[sa.ColumnElement[bool]] = [value.is_not(None)]
        if default is not None:
            rows.append(value != sa.literal_column(default))
        return self._removal(table, column, sa.and_(*rows))

    def _whole_tables(self) -> Iterator[SchemaRemoval]:
        # A table before the tables that it refers to.
        for table in reversed([*self._before.columns]):
            if table not in self._after.columns and table in self._existing:
                yield self._removal(table, None, sa.true())

    def _removal(
        self, table: str, column: str | None, rows: sa.ColumnElement[bool]
    ) -> SchemaRemoval:
        source = sa.table(table)
        count = sa.select(sa.func.count()).select_from(source).where(rows)
        lost = self._connection.execute(count).scalar_one()
        names = [name for name in _NAME_COLUMNS if name in self._existing[table]]
        if not lost or not names:
            return SchemaRemoval(table, column, lost)
        name: sa.ColumnClause[str] = sa.column(names[0], sa.String)
        first = sa.select(name).select_from(source).where(rows).order_by(name).limit(EXAMPLES_MAX)
        return SchemaRemoval(table, column, lost, tuple(self._connection.execute(first).scalars()))

    def _drop_indexes(self, operations: Operations) -> None:
        """Remove the added indexes; SQLite refuses to remove a column that has one.

        An index that exists in other engines only is left: no version is hindered by it, and a
        later upgrade accepts it.
        """
        for index, table in self._before.indexes.items():
            if index in self._after.indexes or table not in self._after.columns:
                continue
            if self._connection.dialect.name != "mysql":
                operations.drop_index(index, table, if_exists=True)
            elif index in self._existing.get(table, ()):
                operations.drop_index(index, table)


def _current(state: MigrationStatus) -> str:
    """Return the revision of a database that this version knows.

    Raises:
        StoreError: it has none.
    """
    if state.kind == "newer":
        raise StoreError(
            f"the database has revision {state.current}, which this version of Waypost does not "
            "know; downgrade with the newer version that upgraded it"
        )
    if state.kind == "unfinished":
        raise StoreError("the database is partly upgraded; run `waypost db upgrade` first")
    if state.current is None:
        raise StoreError("the database has no tables of Waypost, so there is nothing to downgrade")
    return state.current


def _target(known_revisions: Sequence[str], current: str, target: str | None) -> str:
    """Return the revision after the downgrade.

    Args:
        known_revisions: all, the oldest first.
        current: of the database.
        target: the wanted one, or None.

    Raises:
        SettingsError: there is no such revision, or it is newer.
        StoreError: there is none before the current one.
    """
    position = known_revisions.index(current)
    if target is None and position == 0:
        raise StoreError(
            f"the database has the first revision, {current}; automx2 can use it as it is"
        )
    if target is None:
        return known_revisions[position - 1]
    earlier = known_revisions[: position + 1]
    if target in earlier:
        return target
    if target in known_revisions:
        rule = f"the database has the older revision {current}; run `waypost db upgrade`"
        raise SettingsError([f"--to {target}: {rule}"])
    rule = f"there is no such revision; choose one of {', '.join(earlier)}"
    raise SettingsError([f"--to {target[:20]}: {rule}"])


def _tables(*revisions_in_order: str) -> tuple[_Tables, ...]:
    """Return the tables of each revision, which are created in a temporary database."""
    engine = temporary_engine()
    try:
        with engine.begin() as connection:
            return tuple(_tables_of(connection, revision) for revision in revisions_in_order)
    finally:
        engine.dispose()


def _tables_of(connection: Connection, revision: str) -> _Tables:
    """Upgrade a temporary database to a revision, and return its tables."""
    with alembic_config(existing={}, connection=connection) as config:
        command.upgrade(config, revision)
    inspector = sa.inspect(connection)
    names = [name for name, _ in inspector.get_sorted_table_and_fkc_names() if name]
    # The inspector skips indexes of expressions, with a warning.
    indexes = connection.execute(
        sa.text("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' AND sql > ''")
    )
    return _Tables(
        {
            name: frozenset(column["name"] for column in inspector.get_columns(name))
            for name in names
            if name != VERSION_TABLE
        },
        {f"{name}": f"{table}" for name, table in indexes},
    )
