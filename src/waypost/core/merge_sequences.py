"""Merge the services of several domains into few rows that keep the order of each domain."""

from bisect import insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final, Optional

from waypost.core.model import Service

# The distance of two neighbours. An insertion halves it; if it is used up, all get new ranks.
_GAP: Final = 2**40


def merge_sequences(
    sequences: Iterable[Sequence[Service]],
) -> list[tuple[Service, tuple[int, ...]]]:
    """Merge sequences of services into one sequence that keeps the order of each.

    A repeated sequence adds nothing, so each different sequence is needed only once. The time grows
    with the number of services, not with its square.

    Args:
        sequences: the services of each domain; a service may be in a sequence twice.

    Returns:
        Services, each with the indices of its sequences, ascending. A service comes twice only if
        sequences have it at different places in their order.
    """
    merged = _Merged()
    for owner, sequence in enumerate(sequences):
        rank = 0
        new: list[Service] = []  # Services before the next one that is in the list.
        for service in sequence:
            place = merged.find(service, rank)
            if place is None:
                new.append(service)
                continue
            merged.insert(place, new, owner)
            place.owners.append(owner)
            rank = place.rank
            new = []
        merged.insert(merged.end, new, owner)
    return [(place.service, tuple(place.owners)) for place in merged if place.service]


@dataclass(slots=True, eq=False)
class _Place:
    """A place in the list with one service; `rank` increases along the list."""

    rank: int
    service: Service | None = None
    before: Optional["_Place"] = None
    after: Optional["_Place"] = None
    owners: list[int] = field(default_factory=list)


class _Merged:
    """A linked list of places between two empty ones, with an index of each service's places."""

    def __init__(self) -> None:
        self._begin = _Place(0)
        self.end = _Place(_GAP, before=self._begin)
        self._begin.after = self.end
        self._places: dict[Service, list[_Place]] = {}

    def __iter__(self) -> Iterator[_Place]:
        place: _Place | None = self._begin
        while place is not None:
            yield place
            place = place.after

    def find(self, service: Service, rank: int) -> _Place | None:
        """Return the first place of a service after a rank."""
        places = self._places.get(service, ())
        return next((place for place in places if place.rank > rank), None)

    def insert(self, follower: _Place, services: Iterable[Service], owner: int) -> None:
        """Insert services before a place, in order."""
        for service in services:
            place = _Place(0, service, follower.before, follower, [owner])
            if follower.before is not None:
                follower.before.after = place
            follower.before = place
            self._rank(place, follower)
            insort(self._places.setdefault(service, []), place, key=attrgetter("rank"))

    def _rank(self, place: _Place, follower: _Place) -> None:
        low = place.before.rank if place.before else 0
        if follower is self.end:
            place.rank, follower.rank = low + _GAP, low + 2 * _GAP
        elif follower.rank - low > 1:
            place.rank = (low + follower.rank) // 2
        else:
            for number, one in enumerate(self):
                one.rank = number * _GAP
