"""A separate file of domains, one on each line; the file may be larger than memory."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import BinaryIO, Final, overload

from waypost.core.errors import ProvidersUnreadable
from waypost.core.model import DirectoryPolicy, Domain, DomainPattern, Provider, Redirect, Service
from waypost.providers_file.validators import CANONICAL_DOMAIN, DOMAIN_MAX_CHARS
from waypost.runtime.regular_file import open_regular_file, reason_of

LINE_MAX_BYTES: Final = 4096
_BOM: Final = b"\xef\xbb\xbf"
_BUCKETS: Final = 256

LineReporter = Callable[[int, str], None]
"""A function of the number of a line, from 1, and the broken rule.

Line 0 is the whole file: the operating system refuses to read it."""


def read_lines(path: Path, report_line: LineReporter) -> Iterator[tuple[int, DomainPattern]]:
    """Read the domains of a file.

    Args:
        path: UTF-8; a domain or a pattern on each line; a # begins a comment.
        report_line: is called for each mistake; the line is then skipped.
    """
    try:
        # Reads large blocks: see `BUFFER_BYTES`.
        with open_regular_file(path) as file:
            yield from _patterns(file, report_line)
    except (OSError, ValueError) as error:
        report_line(0, f"cannot be read: {reason_of(error)}")


def _patterns(file: BinaryIO, report_line: LineReporter) -> Iterator[tuple[int, DomainPattern]]:
    number = 0
    while data := file.readline(LINE_MAX_BYTES):
        number += 1
        if number == 1:
            data = data.removeprefix(_BOM)
        if len(data) == LINE_MAX_BYTES:
            report_line(
                number, f"is longer than {LINE_MAX_BYTES} bytes; the rest of the file is not read"
            )
            return
        try:
            text = data.partition(b"#")[0].decode().strip()
            if text:
                is_canonical = len(text) <= DOMAIN_MAX_CHARS and CANONICAL_DOMAIN.fullmatch(text)
                pattern = DomainPattern(text) if is_canonical else DomainPattern.parse(text)
                if len(pattern.text) > DOMAIN_MAX_CHARS:
                    report_line(number, f"is longer than {DOMAIN_MAX_CHARS} characters")
                else:
                    yield number, pattern
        except UnicodeDecodeError:
            report_line(number, "is not UTF-8; save it as UTF-8")
        except ValueError as error:
            report_line(number, str(error))


class Fingerprints:
    """A memory of very many strings, eight bytes each, that finds possible duplicates."""

    def __init__(self) -> None:
        """Create an empty memory."""
        self._buckets = [array("q") for _ in range(_BUCKETS)]

    def add(self, text: str) -> None:
        """Add a string."""
        number = hash(text)
        self._buckets[number % _BUCKETS].append(number)

    def duplicates(self) -> frozenset[int]:
        """Return the hashes of the strings that were added twice or more, and perhaps others."""
        hashes: set[int] = set()
        for bucket in self._buckets:
            ordered = sorted(bucket)
            hashes.update(a for a, b in pairwise(ordered) if a == b)
        return frozenset(hashes)


@dataclass(frozen=True, slots=True)
class FileBlock:
    """The domains of a provider that are listed in a file.

    Attributes:
        services: returns the services of a domain; equal services are the same object.
        count: the number of domains when the file was checked.
    """

    path: Path
    provider: Provider
    services: Callable[[str], tuple[Service, ...]]
    users: DirectoryPolicy | None
    count: int
    redirect: Redirect | None = None

    def __len__(self) -> int:
        """Return the number of domains."""
        return self.count

    def __iter__(self) -> Iterator[Domain]:
        """Read the file again.

        Raises:
            ProvidersUnreadable: the file has changed since it was checked.
        """
        number = 0
        for _, pattern in read_lines(self.path, lambda _line, _rule: None):
            number += 1
            services = self.services(pattern.text)
            yield Domain(pattern, self.provider, services, self.users, self.redirect)
        if number != self.count:
            raise ProvidersUnreadable([f"{self.path}: changed while it was read; try again"])


class DomainBlocks(Sequence[Domain]):
    """A sequence of domains from files and other sources; each iteration reads the files again.

    It is equal to any other sequence of the same domains.
    """

    def __init__(self, blocks: Sequence[FileBlock | Sequence[Domain]]) -> None:
        """Create a sequence of these parts."""
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
