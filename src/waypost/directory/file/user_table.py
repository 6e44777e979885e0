"""Many users in little memory: one text with all records, and the offset of each record."""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from waypost.core.address import EmailAddress
from waypost.directory.protocol import Entry

# A file cannot contain either of them, because control characters are refused.
_CELL_SEPARATOR: Final = "\0"
VALUE_SEPARATOR: Final = "\x1f"
"""Separates the values in one cell."""

ProblemSink = Callable[[int, str], None]
"""A function of the number of a line, from 1 (0 for the whole file), and the broken rule."""


@dataclass(frozen=True, slots=True)
class UserRecord:
    """The record of one user.

    Attributes:
        line: the number of its line, from 1; 0 if not known.
        address: as written in the file, with the domain in A-labels.
        entry: the values of each column.
    """

    line: int
    address: str
    entry: Entry


class UserTable:
    """All users of a file. Immutable, so several threads may search at once.

    Attributes:
        columns: the names of the columns, in order.
    """

    def __init__(
        self,
        columns: Sequence[str],
        text: bytes,
        starts: Sequence[int],
        lines: Sequence[int],
        index: tuple[Sequence[int], Sequence[int]],
    ) -> None:
        """Create the table from the data of `UserTableBuilder`.

        Args:
            columns: the names of the columns.
            text: all records, one after the other.
            starts: the offset of each record, and the end of the last one.
            lines: the line of each record in the file.
            index: the hash of each address in lowercase, ascending, and the number of its record.
        """
        self.columns = tuple(columns)
        self._text = text
        self._starts = starts
        self._lines = lines
        self._hashes, self._numbers = index

    def __len__(self) -> int:
        """Return how many users there are."""
        return len(self._lines)

    def find(self, address: EmailAddress) -> tuple[UserRecord, ...]:
        """Return the user of an address.

        The case of the domain does not matter. The local part is compared exactly, else in
        lowercase, so that a user is found who writes the address with a capital letter.

        Returns:
            No hit if no user has this address. Several hits if the address is ambiguous: the
            addresses in the file differ in case only, and none of them equals the given address
            or its lowercase form.
        """
        text = str(address)
        lower = text.lower()
        records = tuple(
            record for record in self._with_hash(hash(lower)) if record.address.lower() == lower
        )
        for spelling in (text, lower):
            exact = tuple(record for record in records if record.address == spelling)
            if exact:
                return exact
        return records

    def _with_hash(self, number: int) -> Iterator[UserRecord]:
        index = bisect_left(self._hashes, number)
        while index < len(self._hashes) and self._hashes[index] == number:
            yield self._record(self._numbers[index])
            index += 1

    def _record(self, number: int) -> UserRecord:
        record = self._text[self._starts[number] : self._starts[number + 1]].decode()
        address, *cells = record.split(_CELL_SEPARATOR)
        entry = {
            name: tuple(cell.split(VALUE_SEPARATOR))
            for name, cell in zip(self.columns, cells, strict=False)
            if cell
        }
        return UserRecord(self._lines[number], address, entry)


class UserTableBuilder:
    """A builder of `UserTable` that takes one user after the other."""

    def __init__(self) -> None:
        """Create a builder without users."""
        self._text = bytearray()
        self._starts = array("Q", [0])
        self._lines = array("Q")
        self._hashes = array("q")

    def add(self, line: int, address: str, cells: Sequence[str]) -> None:
        """Add a user.

        Args:
            line: the number of the line.
            address: as `str(EmailAddress)` returns it.
            cells: the value of each column; several values are separated by `VALUE_SEPARATOR`.
        """
        record = _CELL_SEPARATOR.join((address, *cells)).rstrip(_CELL_SEPARATOR)
        self._text += record.encode()
        self._starts.append(len(self._text))
        self._lines.append(line)
        self._hashes.append(hash(address.lower()))

    def build(self, columns: Sequence[str], report: ProblemSink) -> UserTable:
        """Return all users; `report` is called for each repeated address."""
        numbers = array("Q", sorted(range(len(self._lines)), key=self._hashes.__getitem__))
        repeated = sorted(self._repeated(numbers))
        for line, first in repeated:
            location = f"on line {first}" if first else "further up"
            report(line, f"the address is also {location}; write one line for each address")
        hashes = array("q", map(self._hashes.__getitem__, numbers))
        return UserTable(
            columns, bytes(self._text), self._starts, self._lines, index=(hashes, numbers)
        )

    def _repeated(self, numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Yield two lines for each repeated address: its own line and that of the first one."""
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
        return bytes(record).partition(_CELL_SEPARATOR.encode())[0]
