"""Merge the services of several domains into few rows that keep the order of each domain."""

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Optional

from waypost.core.model import Service

# The distance of two places at the end. An insertion halves it; if it is used up, the places around
# get new ranks.
_GAP: Final = 2**40
_DENSITY: Final = 1.5
"""How much less full a range of ranks must be than the next smaller one, from 1 to 2."""


def merge_sequences(
    sequences: Iterable[Sequence[Service]],
) -> list[tuple[Service, tuple[int, ...]]]:
    """Merge sequences of services into one sequence that keeps the order of each.

    A repeated sequence adds nothing, so each different sequence is needed only once. The time grows
    little more than the number of services, not with its square.

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
            node = merged.find(service, rank)
            if node is None:
                new.append(service)
                continue
            merged.insert(node, new, owner)
            node.owners.append(owner)
            rank = node.rank
            new = []
        merged.insert(merged.end, new, owner)
    return [(node.service, tuple(node.owners)) for node in merged if node.service]


@dataclass(slots=True, eq=False)
class _Node:
    """A node of the list with one service; `rank` increases along the list."""

    rank: int
    service: Service | None = None
    before: Optional["_Node"] = None
    after: Optional["_Node"] = None
    owners: list[int] = field(default_factory=list)


def _rank_of(node: _Node) -> int:
    return node.rank


class _Merged:
    """A linked list of places between two empty ones, with an index of each service's places."""

    def __init__(self) -> None:
        self._begin = _Node(0)
        self.end = _Node(_GAP, before=self._begin)
        self._begin.after = self.end
        self._nodes: dict[Service, list[_Node]] = {}

    def __iter__(self) -> Iterator[_Node]:
        node: _Node | None = self._begin
        while node is not None:
            yield node
            node = node.after

    def find(self, service: Service, rank: int) -> _Node | None:
        """Return the first place of a service after a rank."""
        nodes = self._nodes.get(service, ())
        at = bisect_right(nodes, rank, key=_rank_of)
        return nodes[at] if at < len(nodes) else None

    def insert(self, follower: _Node, services: Iterable[Service], owner: int) -> None:
        """Insert services before a place, in order."""
        for service in services:
            node = _Node(0, service, follower.before, follower, [owner])
            if follower.before is not None:
                follower.before.after = node
            follower.before = node
            self._rank(node, follower)
            insort(self._nodes.setdefault(service, []), node, key=_rank_of)

    def _rank(self, node: _Node, follower: _Node) -> None:
        low = node.before.rank if node.before else 0
        if follower is self.end:
            node.rank, follower.rank = low + _GAP, low + 2 * _GAP
        elif follower.rank - low > 1:
            node.rank = (low + follower.rank) // 2
        else:
            node.rank = low
            self._spread(node)

    def _spread(self, node: _Node) -> None:
        """Give new ranks to the places around one that has the rank of the place before it.

        The range of ranks grows until few enough places are in it. So the places of a range get new
        ranks only after many insertions there: about log2(n)**2 new ranks for each of n insertions
        (Bender et al. 2002, Two Simplified Algorithms for Maintaining Order in a List).
        """
        first, last, count, size, allowed = node, node, 1, 1, 1.0
        while size == 1 or count > allowed:
            size, allowed = 2 * size, allowed * 2 / _DENSITY
            begin = node.rank // size * size
            while first.before is not None and first.before.rank >= begin:
                first, count = first.before, count + 1
            while last.after is not None and last.after.rank < begin + size:
                last, count = last.after, count + 1
        each: _Node | None = first
        for number in range(count):
            if each is not None:
                each.rank, each = begin + number * size // count, each.after
