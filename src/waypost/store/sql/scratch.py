"""A list of domains that may be longer than memory: a table of SQLite's own on the disk.

SQLite keeps the database without a name in memory as long as it is small, and in a temporary file
that nobody else sees when it grows; it is gone with the connection.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeVar, overload

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from waypost.model import Domain
from waypost.store.offers import Offers

CHUNK: Final = 5000
_CACHE_KIB: Final = 16 * 1024

_Item = TypeVar("_Item")

_METADATA: Final = sa.MetaData()
_LISTED: Final = sa.Table(
    "listed",
    _METADATA,
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False, unique=True),
    sa.Column("offer", sa.Integer, nullable=False),
    sa.Column("domain_id", sa.Integer, nullable=True),
)
_BY_DOMAIN: Final = sa.Index("listed_domain_id", _LISTED.c.domain_id)
_L: Final = _LISTED.c


class Scratch:
    """Domains in order, each name once, each with the number of its offer and perhaps an id."""

    def __init__(self) -> None:
        """Begin with none."""
        self.offers = Offers()
        self._next = 0
        self._engine = sa.create_engine("sqlite://", creator=_connect, poolclass=StaticPool)
        self._connection = self._engine.connect()
        _METADATA.create_all(self._connection)

    def close(self) -> None:
        """Give back the room on the disk."""
        self._connection.close()
        self._engine.dispose()

    def __len__(self) -> int:
        """Give how many domains there are."""
        return int(self._connection.execute(sa.select(sa.func.count(_L.position))).scalar_one())

    def add(self, domains: Iterable[tuple[int | None, Domain, int | None]]) -> None:
        """Put domains into the list; a name that is there already is passed over.

        Args:
            domains: position, domain and id; None is the position behind the last one.
        """
        rows = []
        for position, domain, domain_id in domains:
            place = self._next if position is None else position
            self._next = max(self._next, place + 1)
            offer = self.offers.number(domain)
            name = domain.pattern.text
            rows.append({"position": place, "name": name, "offer": offer, "domain_id": domain_id})
        if rows:
            self._connection.execute(_LISTED.insert().prefix_with("OR IGNORE"), rows)

    def named(self, names: Sequence[str]) -> dict[str, tuple[int, int, int | None]]:
        """Give position, offer and id of each of these names that is listed."""
        found: dict[str, tuple[int, int, int | None]] = {}
        for part in chunks(names, 1000):
            asked = sa.select(_LISTED).where(_L.name.in_(part))
            for position, name, offer, domain_id in self._connection.execute(asked):
                found[name] = (position, offer, domain_id)
        return found

    def between(self, low: int, high: int) -> dict[int, tuple[str, int]]:
        """Give name and offer of the domains with ids from `low` to `high`, by id."""
        asked = sa.select(_L.domain_id, _L.name, _L.offer).where(_L.domain_id.between(low, high))
        return {row[0]: (row[1], row[2]) for row in self._connection.execute(asked)}

    def number(self, ids: Sequence[tuple[int, int]]) -> None:
        """Note the ids of domains: pairs of position and id."""
        if ids:
            statement = _LISTED.update().where(_L.position == sa.bindparam("at"))
            rows = [{"at": position, "domain_id": number} for position, number in ids]
            self._connection.execute(statement, rows)

    def exchange(self, offers: Sequence[tuple[int, int]]) -> None:
        """Change the offers of domains: pairs of position and offer."""
        if offers:
            statement = _LISTED.update().where(_L.position == sa.bindparam("at"))
            rows = [{"at": position, "offer": number} for position, number in offers]
            self._connection.execute(statement, rows)

    def without_id(self) -> Iterator[list[tuple[int, str, int]]]:
        """Give position, name and offer of those without an id, in order, in parts."""
        last = -1
        while True:
            rows = self._connection.execute(
                sa.select(_L.position, _L.name, _L.offer)
                .where(_L.position > last, _L.domain_id.is_(None))
                .order_by(_L.position)
                .limit(CHUNK)
            ).all()
            if not rows:
                return
            last = rows[-1][0]
            yield [(row[0], row[1], row[2]) for row in rows]

    def first_ids(self) -> dict[int, int]:
        """Give the smallest id of each offer's domains."""
        asked = sa.select(_L.offer, sa.func.min(_L.domain_id)).group_by(_L.offer)
        return {row[0]: row[1] for row in self._connection.execute(asked) if row[1] is not None}

    def first_positions(self) -> dict[int, int]:
        """Give the first position of each offer's domains."""
        asked = sa.select(_L.offer, sa.func.min(_L.position)).group_by(_L.offer)
        return {row[0]: row[1] for row in self._connection.execute(asked)}

    def domains(self) -> Sequence[Domain]:
        """Give all domains in the order of their positions, each made when it is asked for."""
        positions = self._connection.execute(sa.select(_L.position).order_by(_L.position))
        marks, count = [], 0
        for count, (position,) in enumerate(positions, start=1):
            if count % CHUNK == 1:
                marks.append(position)
        return _Listed(self, marks, 0, count)

    def walk(self, position: int) -> Iterator[Domain]:
        """Give the domains from a position on, in order."""
        while True:
            rows = self._connection.execute(
                sa.select(_L.position, _L.name, _L.offer)
                .where(_L.position >= position)
                .order_by(_L.position)
                .limit(CHUNK)
            ).all()
            for _, name, offer in rows:
                yield self.offers[offer].for_domain(name)
            if len(rows) < CHUNK:
                return
            position = rows[-1][0] + 1


class _Listed(Sequence[Domain]):
    """A part of a scratch list. It compares as a tuple of the same domains would."""

    def __init__(self, scratch: Scratch, marks: Sequence[int], start: int, stop: int) -> None:
        """Take the list, the position of every CHUNK-th of its domains, and which part of it."""
        self._scratch = scratch
        self._marks = marks
        self._start = start
        self._stop = stop

    def __len__(self) -> int:
        return self._stop - self._start

    def __iter__(self) -> Iterator[Domain]:
        if self._start < self._stop:
            walk = self._scratch.walk(self._marks[self._start // CHUNK])
            yield from islice(walk, self._start % CHUNK, self._start % CHUNK + len(self))

    @overload
    def __getitem__(self, index: int) -> Domain: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Domain]: ...

    def __getitem__(self, index: int | slice) -> Domain | Sequence[Domain]:
        numbers = range(self._start, self._stop)[index]
        if isinstance(numbers, int):
            return next(iter(_Listed(self._scratch, self._marks, numbers, numbers + 1)))
        if numbers.step != 1:
            return tuple(self)[index]
        return _Listed(self._scratch, self._marks, numbers.start, max(numbers.start, numbers.stop))


def chunks(items: Sequence[_Item], size: int = CHUNK) -> Iterator[Sequence[_Item]]:
    """Give a sequence in parts of at most so many items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _connect() -> sqlite3.Connection:
    connection = sqlite3.connect("", check_same_thread=False)
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = OFF")
    cursor.execute("PRAGMA synchronous = OFF")
    cursor.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    cursor.close()
    return connection
