"""A list of domains that may be larger than memory: a temporary table of SQLite.

SQLite keeps a database without a name in memory while it is small, and in an unlinked temporary
file when it grows. Closing the connection removes it.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeVar, overload

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from waypost.core.model import Domain
from waypost.store.interning import DomainEntry, EntryTable

CHUNK: Final = 5000
_CACHE_KIB: Final = 16 * 1024

_Item = TypeVar("_Item")

_METADATA: Final = sa.MetaData()
_TABLE: Final = sa.Table(
    "listed",
    _METADATA,
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False, unique=True),
    sa.Column("entry", sa.Integer, nullable=False),
)
_COLUMN: Final = _TABLE.c


class TempTable:
    """A list of domains in the order of their positions, each name once, with an entry's number."""

    def __init__(self) -> None:
        """Create an empty list."""
        self.entries = EntryTable()
        self._engine = temporary_engine()
        self._connection = self._engine.connect()
        _METADATA.create_all(self._connection)
        insert = _TABLE.insert().prefix_with("OR IGNORE")
        # The statement as text and rows as tuples take a third of the time of dicts.
        self._insert = str(insert.compile(self._engine))

    def close(self) -> None:
        """Close the temporary database."""
        self._connection.close()
        self._engine.dispose()

    def add(self, domains: Iterable[tuple[int, str, Domain | DomainEntry]]) -> None:
        """Add names with their positions and entries; a name that is in the list is skipped."""
        number = self.entries.number
        rows = [(position, name, number(domain)) for position, name, domain in domains]
        if rows:
            self._connection.exec_driver_sql(self._insert, rows)

    def find_names(self, names: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Return position and entry of each of these names that is in the list."""
        names_table = sa.func.json_each(json.dumps(names)).table_valued("value")
        rows = self._connection.execute(
            sa.select(_COLUMN.name, _COLUMN.position, _COLUMN.entry).join(
                names_table, names_table.c.value == _COLUMN.name
            )
        ).all()
        return {row[0]: (row[1], row[2]) for row in rows}

    def set_entries(self, entries: Sequence[tuple[int, int]]) -> None:
        """Set new entries of domains: pairs of position and entry."""
        if entries:
            statement = _TABLE.update().where(_COLUMN.position == sa.bindparam("at"))
            rows = [{"at": position, "entry": number} for position, number in entries]
            self._connection.execute(statement, rows)

    def parts(self) -> Iterator[Sequence[tuple[int, str, int]]]:
        """Yield position, name and entry of all domains, in order, in parts."""
        yield from self._parts_from(None)

    def domains_from(self, position: int) -> Iterator[Domain]:
        """Yield the domains from a position on, in order."""
        for part in self._parts_from(position):
            for _, name, number in part:
                yield self.entries[number].for_domain(name)

    def domains(self) -> Sequence[Domain]:
        """Return all domains in the order of their positions, each created when it is read."""
        positions = self._connection.execute(sa.select(_COLUMN.position).order_by(_COLUMN.position))
        chunk_starts, count = [], 0
        for count, (position,) in enumerate(positions, start=1):
            if count % CHUNK == 1:
                chunk_starts.append(position)
        return _DomainSlice(self, chunk_starts, 0, count)

    def _parts_from(self, position: int | None) -> Iterator[Sequence[tuple[int, str, int]]]:
        query = (
            sa.select(_COLUMN.position, _COLUMN.name, _COLUMN.entry)
            .order_by(_COLUMN.position)
            .limit(CHUNK)
        )
        while True:
            part = query if position is None else query.where(_COLUMN.position >= position)
            rows = [(row[0], row[1], row[2]) for row in self._connection.execute(part).all()]
            if rows:
                yield rows
            if len(rows) < CHUNK:
                return
            position = rows[-1][0] + 1


class _DomainSlice(Sequence[Domain]):
    """A part of a temporary table, as a sequence of domains."""

    def __init__(
        self, temp_table: TempTable, chunk_starts: Sequence[int], start: int, stop: int
    ) -> None:
        """Create it from the list, the position of every CHUNK-th domain, and the bounds."""
        self._table = temp_table
        self._chunk_starts = chunk_starts
        self._start = start
        self._stop = stop

    def __len__(self) -> int:
        return self._stop - self._start

    def __iter__(self) -> Iterator[Domain]:
        if self._start < self._stop:
            domains = self._table.domains_from(self._chunk_starts[self._start // CHUNK])
            yield from islice(domains, self._start % CHUNK, self._start % CHUNK + len(self))

    @overload
    def __getitem__(self, index: int) -> Domain: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Domain]: ...

    def __getitem__(self, index: int | slice) -> Domain | Sequence[Domain]:
        numbers = range(self._start, self._stop)[index]
        if isinstance(numbers, int):
            return next(iter(_DomainSlice(self._table, self._chunk_starts, numbers, numbers + 1)))
        if numbers.step != 1:
            return tuple(self)[index]
        return _DomainSlice(
            self._table, self._chunk_starts, numbers.start, max(numbers.start, numbers.stop)
        )


def chunks(items: Sequence[_Item], size: int = CHUNK) -> Iterator[Sequence[_Item]]:
    """Yield a sequence in parts of at most `size` items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def temporary_engine() -> sa.Engine:
    """Return an engine with one connection to a new temporary database; it must be disposed."""
    return sa.create_engine("sqlite://", creator=_connect, poolclass=StaticPool)


def _connect() -> sqlite3.Connection:
    connection = sqlite3.connect("", check_same_thread=False)
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = OFF")
    cursor.execute("PRAGMA synchronous = OFF")
    cursor.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    cursor.close()
    return connection
