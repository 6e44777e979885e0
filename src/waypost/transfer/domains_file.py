"""A list of domains in a file of its own, one a line, which may be longer than memory."""

import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import BinaryIO, Final, overload

from waypost.errors import ProvidersUnreadable
from waypost.model import Away, Domain, DomainPattern, Provider, Service, Users
from waypost.regular_file import open_regular_file, reason_of
from waypost.transfer.rules import DOMAIN_MAX_CHARS

LINE_MAX_BYTES: Final = 4096
_BOM: Final = b"\xef\xbb\xbf"
_BUCKETS: Final = 256
# Names that are canonical as they stand; `DomainPattern.parse` takes five times as long to find
# the same. A hyphen at the third place may begin an A-label.
_USUAL: Final = re.compile(
    r"(?:[a-z0-9](?!.-)(?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.ASCII
)

Note = Callable[[int, str], None]
"""Takes the number of a line, from 1, and the rule that is broken.

0 is the whole file, which the system does not let be read."""


def read_lines(path: Path, note: Note) -> Iterator[tuple[int, DomainPattern]]:
    """Read the domains of a file.

    Args:
        path: UTF-8; a domain or a pattern a line; from a # on a line is a comment.
        note: is told each mistake; the line is left out.
    """
    try:
        # In large pieces: see `BUFFER_BYTES`.
        with open_regular_file(path) as file:
            yield from _patterns(file, note)
    except (OSError, ValueError) as error:
        note(0, f"cannot be read: {reason_of(error)}")


def _patterns(file: BinaryIO, note: Note) -> Iterator[tuple[int, DomainPattern]]:
    number = 0
    while data := file.readline(LINE_MAX_BYTES):
        number += 1
        if number == 1:
            data = data.removeprefix(_BOM)
        if len(data) == LINE_MAX_BYTES:
            note(number, f"is longer than {LINE_MAX_BYTES} bytes; the rest is not read")
            return
        try:
            text = data.partition(b"#")[0].decode().strip()
            if text:
                usual = len(text) <= DOMAIN_MAX_CHARS and _USUAL.fullmatch(text)
                pattern = DomainPattern(text) if usual else DomainPattern.parse(text)
                if len(pattern.text) > DOMAIN_MAX_CHARS:
                    note(number, f"is longer than {DOMAIN_MAX_CHARS} characters")
                else:
                    yield number, pattern
        except UnicodeDecodeError:
            note(number, "is not UTF-8; save it as UTF-8")
        except ValueError as error:
            note(number, str(error))


class Fingerprints:
    """Tells which of very many texts may be there twice, in eight bytes for each."""

    def __init__(self) -> None:
        """Begin with none."""
        self._buckets = [array("q") for _ in range(_BUCKETS)]

    def add(self, text: str) -> None:
        """Take a text."""
        number = hash(text)
        self._buckets[number % _BUCKETS].append(number)

    def twice(self) -> frozenset[int]:
        """Return the hashes of the texts that came more than once, and perhaps a few more."""
        found: set[int] = set()
        for bucket in self._buckets:
            ordered = sorted(bucket)
            found.update(a for a, b in pairwise(ordered) if a == b)
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class FileBlock:
    """The domains of a provider that stand in a file.

    Attributes:
        services: gives the services of a domain, the same value for all that have the same.
        count: how many domains there were when the file was checked.
    """

    path: Path
    provider: Provider
    services: Callable[[str], tuple[Service, ...]]
    users: Users | None
    count: int
    away: Away | None = None

    def __len__(self) -> int:
        """Return how many domains there are."""
        return self.count

    def __iter__(self) -> Iterator[Domain]:
        """Read the file again.

        Raises:
            ProvidersUnreadable: it is not what it was when it was checked.
        """
        number = 0
        for _, pattern in read_lines(self.path, lambda _line, _rule: None):
            number += 1
            services = self.services(pattern.text)
            yield Domain(pattern, self.provider, services, self.users, self.away)
        if number != self.count:
            raise ProvidersUnreadable([f"{self.path}: was changed while it was read; try again"])


class DomainBlocks(Sequence[Domain]):
    """Domains from files and from elsewhere, one after the other; those from files are read anew.

    It compares as equal to a sequence of the same domains.
    """

    def __init__(self, blocks: Sequence[FileBlock | Sequence[Domain]]) -> None:
        """Take the parts."""
        self._blocks = blocks

    def __len__(self) -> int:
        return sum(len(block) for block in self._blocks)

    def __iter__(self) -> Iterator[Domain]:
        for block in self._blocks:
            yield from block

    @overload
    def __getitem__(self, index: int) -> Domain: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Domain]: ...

    def __getitem__(self, index: int | slice) -> Domain | Sequence[Domain]:
        numbers = range(len(self))[index]
        if isinstance(numbers, int):
            return next(islice(self, numbers, None))
        if numbers.step != 1:
            return tuple(self)[index]
        return tuple(islice(self, numbers.start, max(numbers.start, numbers.stop)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(self) != len(other):
            return False
        return all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash(tuple(self))
