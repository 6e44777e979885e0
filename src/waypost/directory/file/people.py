"""Very many users in little memory: one text with all that is said, and where each begins."""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from waypost.address import EmailAddress
from waypost.directory import Entry

# Neither can stand in a file: control characters are refused.
_CELL: Final = "\0"
VALUE_SEPARATOR: Final = "\x1f"
"""Divides the values of one cell."""

Note = Callable[[int, str], None]
"""Takes the number of a line, from 1 (0 for the whole file), and the rule that is broken."""


@dataclass(frozen=True, slots=True)
class Hit:
    """What a file says of a user.

    Attributes:
        line: where it stands, from 1; 0 where that is not known.
        address: as it stands there, with the domain in A-labels.
    """

    line: int
    address: str
    entry: Entry


class People:
    """All users of a file. Nothing can change, so several threads may ask at once.

    Attributes:
        columns: the names of what is said of each, in order.
    """

    def __init__(
        self,
        columns: Sequence[str],
        text: bytes,
        starts: Sequence[int],
        lines: Sequence[int],
        index: tuple[Sequence[int], Sequence[int]],
    ) -> None:
        """Take what `Gathering` gathered.

        Args:
            columns: their names.
            text: all records, one behind the other.
            starts: where each record begins, and where the last one ends.
            lines: where each record stands in the file.
            index: the hash of each address in small letters, ascending, and whose it is.
        """
        self.columns = tuple(columns)
        self._text = text
        self._starts = starts
        self._lines = lines
        self._hashes, self._numbers = index

    def __len__(self) -> int:
        """Return how many users there are."""
        return len(self._lines)

    def find(self, address: EmailAddress) -> tuple[Hit, ...]:
        """Return the user of an address.

        The domain has no case. The local part is compared exactly, else in small letters, so that
        one person is found who writes the address with a capital.

        Returns:
            Nothing where nobody has this address; several where more than one might be meant:
            they differ in case, and neither is written as it was asked for or in small letters.
        """
        text = str(address)
        lower = text.lower()
        hits = tuple(hit for hit in self._with_hash(hash(lower)) if hit.address.lower() == lower)
        for wanted in (text, lower):
            exact = tuple(hit for hit in hits if hit.address == wanted)
            if exact:
                return exact
        return hits

    def _with_hash(self, number: int) -> Iterator[Hit]:
        at = bisect_left(self._hashes, number)
        while at < len(self._hashes) and self._hashes[at] == number:
            yield self._hit(self._numbers[at])
            at += 1

    def _hit(self, number: int) -> Hit:
        record = self._text[self._starts[number] : self._starts[number + 1]].decode()
        address, *cells = record.split(_CELL)
        entry = {
            name: tuple(cell.split(VALUE_SEPARATOR))
            for name, cell in zip(self.columns, cells, strict=False)
            if cell
        }
        return Hit(self._lines[number], address, entry)


class Gathering:
    """Takes one user after the other."""

    def __init__(self) -> None:
        """Begin with none."""
        self._text = bytearray()
        self._starts = array("Q", [0])
        self._lines = array("Q")
        self._hashes = array("q")

    def add(self, line: int, address: str, cells: Sequence[str]) -> None:
        """Take a user.

        Args:
            line: where it stands.
            address: as `str(EmailAddress)` gives it.
            cells: the values of each column, several of one with a `VALUE_SEPARATOR` between.
        """
        record = _CELL.join((address, *cells)).rstrip(_CELL)
        self._text += record.encode()
        self._starts.append(len(self._text))
        self._lines.append(line)
        self._hashes.append(hash(address.lower()))

    def people(self, columns: Sequence[str], note: Note) -> People:
        """Return all that came; `note` is told each address that came before."""
        numbers = array("Q", sorted(range(len(self._lines)), key=self._hashes.__getitem__))
        repeated = sorted(self._repeated(numbers))
        for line, first in repeated:
            there = f"on line {first}" if first else "further up"
            note(line, f"the address stands {there} as well; each has one line")
        hashes = array("q", map(self._hashes.__getitem__, numbers))
        return People(
            columns, bytes(self._text), self._starts, self._lines, index=(hashes, numbers)
        )

    def _repeated(self, numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Yield the lines of each address that stands there twice: this one and the first."""
        if len(set(self._hashes)) == len(self._hashes):
            return
        for _, group in groupby(numbers, key=self._hashes.__getitem__):
            first, *others = group
            known = {self._address(first): first} if others else {}
            for number in others:
                earlier = known.setdefault(self._address(number), number)
                if earlier != number:
                    yield self._lines[number], self._lines[earlier]

    def _address(self, number: int) -> bytes:
        record = self._text[self._starts[number] : self._starts[number + 1]]
        return bytes(record).partition(_CELL.encode())[0]
