"""What an import gives, and how it notes what has no place in Waypost."""

from dataclasses import dataclass

from waypost.model import Catalog


@dataclass(frozen=True, slots=True)
class Note:
    """Something in the source that is not, or not exactly, carried over.

    Attributes:
        source: the file or the URL.
        line: from 1.
        what: the element or the key.
        why: for people; what was done instead, where something was.
    """

    source: str
    line: int
    what: str
    why: str

    def __str__(self) -> str:
        """Give the one line that people read."""
        return f"{self.source}: line {self.line}: {self.what}: {self.why}"


@dataclass(frozen=True, slots=True)
class Imported:
    """What was read.

    Attributes:
        catalog: the providers and their domains.
        left_out: what the catalog does not say although the source does.
        warnings: what is carried over, but should be looked at.
    """

    catalog: Catalog
    left_out: tuple[Note, ...]
    warnings: tuple[Note, ...]


class Notes:
    """Collects the notes of one source."""

    def __init__(self, source: str) -> None:
        """Take the name of the file or the URL."""
        self.source = source
        self.left_out: list[Note] = []
        self.warnings: list[Note] = []

    def leave_out(self, line: int, what: str, why: str) -> None:
        """Note what is not carried over."""
        self.left_out.append(Note(self.source, line, what, why))

    def warn(self, line: int, what: str, why: str) -> None:
        """Note what is carried over, but should be looked at."""
        self.warnings.append(Note(self.source, line, what, why))

    def result(self, catalog: Catalog) -> Imported:
        """Give all of it, in the order of the source."""
        in_order = [
            tuple(sorted(notes, key=lambda note: note.line))
            for notes in (self.left_out, self.warnings)
        ]
        return Imported(catalog, in_order[0], in_order[1])
