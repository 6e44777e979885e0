"""A list of domains that may be larger than memory: a temporary table of SQLite.

SQLite keeps a database without a name in memory while it is small, and in an unlinked temporary
file when it grows. Closing the connection removes it.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final, TypeVar, overload

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from waypost.core.errors import StoreError
from waypost.core.model import Domain
from waypost.store.interning import DomainEntry, EntryTable

CHUNK: Final = 5000
_CACHE_KIB: Final = 16 * 1024
_SORT_KIB: Final = 2 * 1024
_MIN_POSITION: Final = -(2**63)

_Item = TypeVar("_Item")

_CREATE: Final = """
    CREATE TABLE listed (position INTEGER PRIMARY KEY, name TEXT NOT NULL, entry INTEGER NOT NULL)
"""
_CREATE_INDEX: Final = "CREATE INDEX listed_name ON listed (name)"
_INSERT: Final = "INSERT INTO listed (position, name, entry) VALUES (?, ?, ?)"
_FIND_NAMES: Final = """
    SELECT listed.name, listed.position, listed.entry
    FROM json_each(?) AS wanted JOIN listed ON listed.name = wanted.value
"""
_SET_ENTRY: Final = "UPDATE listed SET entry = ? WHERE position = ?"
_PART: Final = """
    SELECT position, name, entry FROM listed WHERE position >= ? ORDER BY position LIMIT ?
"""
_NUMBERS: Final = "SELECT position, entry FROM listed ORDER BY position"


class TempTable:
    """A list of domains in the order of their positions, each with the number of its entry.

    It uses the driver of SQLite directly: an object for each row would take most of the time.
    """

    def __init__(self) -> None:
        """Create an empty list."""
        self.entries = EntryTable()
        self._database = _connect()
        self._database.execute(_CREATE)
        self._has_index = False

    def close(self) -> None:
        """Close the temporary database."""
        self._database.close()

    def add(self, domains: Iterable[tuple[int, str, Domain | DomainEntry]]) -> None:
        """Add names with their positions and entries. No name may be in the list already."""
        number = self.entries.number
        self.add_rows([(position, name, number(domain)) for position, name, domain in domains])

    def add_rows(self, rows: Iterable[tuple[int, str, int]]) -> None:
        """Add names with their positions and the numbers of their entries."""
        with _mapped_errors():
            self._database.executemany(_INSERT, rows)

    def find_names(self, names: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Return position and entry of each of these names that is in the list."""
        if not names:
            return {}
        with _mapped_errors():
            if not self._has_index:
                # Sorting all names at once is faster than to keep an index sorted. Sorting uses as
                # much memory as the cache, and in addition to it.
                self._database.execute(f"PRAGMA cache_size = -{_SORT_KIB}")
                self._database.execute(_CREATE_INDEX)
                self._database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
                self._has_index = True
            rows = self._database.execute(_FIND_NAMES, (json.dumps(names),))
            return {name: (position, number) for name, position, number in rows}

    def set_entries(self, entries: Sequence[tuple[int, int]]) -> None:
        """Set new entries of domains: pairs of position and entry."""
        with _mapped_errors():
            rows = ((number, position) for position, number in entries)
            self._database.executemany(_SET_ENTRY, rows)

    def used_entries(self) -> list[int]:
        """Return the number of each entry that a domain has, in the order of the first domain."""
        return list(dict.fromkeys(number for _, number in self.numbers()))

    def numbers(self) -> Iterator[tuple[int, int]]:
        """Yield position and entry of all domains, in order; do not change the list meanwhile."""
        with _mapped_errors():
            yield from self._database.execute(_NUMBERS)

    def parts(self) -> Iterator[list[tuple[int, str, int]]]:
        """Yield position, name and entry of all domains, in order, in parts."""
        yield from self._parts_from(_MIN_POSITION)

    def domains_from(self, position: int) -> Iterator[Domain]:
        """Yield the domains from a position on, in order."""
        for part in self._parts_from(position):
            for _, name, number in part:
                yield self.entries[number].for_domain(name)

    def chunk_from(self, position: int) -> list[Domain]:
        """Return the domains from a position on, at most `CHUNK`."""
        part = next(self._parts_from(position), [])
        return [self.entries[number].for_domain(name) for _, name, number in part]

    def domains(self) -> Sequence[Domain]:
        """Return all domains in the order of their positions, each created when it is read."""
        chunk_starts, count = [], 0
        for count, (position, _) in enumerate(self.numbers(), start=1):
            if count % CHUNK == 1:
                chunk_starts.append(position)
        return _DomainSlice(self, chunk_starts, 0, count)

    def _parts_from(self, position: int) -> Iterator[list[tuple[int, str, int]]]:
        while True:
            with _mapped_errors():
                rows: list[Any] = self._database.execute(_PART, (position, CHUNK)).fetchall()
            if rows:
                yield rows
            if len(rows) < CHUNK:
                return
            position = rows[-1][0] + 1


@contextmanager
def _mapped_errors() -> Iterator[None]:
    """Convert an error of the temporary database, such as a full disk.

    Raises:
        StoreError: says that the temporary file is the cause, and not the database.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        problem = f"the temporary file for all domains cannot be used: {error}"
        fix = "make room in the folder for temporary files, or set TMPDIR to another folder"
        raise StoreError(f"{problem}; {fix}") from error


class _DomainSlice(Sequence[Domain]):
    """A part of a temporary table, as a sequence of domains.

    It keeps the domains around the last one that was read by its index.
    """

    def __init__(
        self, temp_table: TempTable, chunk_starts: Sequence[int], start: int, stop: int
    ) -> None:
        """Create it from the list, the position of every CHUNK-th domain, and the bounds."""
        self._table = temp_table
        self._chunk_starts = chunk_starts
        self._start = start
        self._stop = stop
        self._chunk = -1
        self._domains: list[Domain] = []

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
            chunk, at = divmod(numbers, CHUNK)
            if chunk != self._chunk:
                self._domains = self._table.chunk_from(self._chunk_starts[chunk])
                self._chunk = chunk
            return self._domains[at]
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
