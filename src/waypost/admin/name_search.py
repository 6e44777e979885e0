"""Search domains by the beginning of a name that a person has typed, also in U-labels."""

import unicodedata
from dataclasses import dataclass
from typing import Final

from waypost.core.address import DomainName
from waypost.core.errors import DomainError

_ACE: Final = "xn--"


@dataclass(frozen=True, slots=True)
class NameBeginning:
    """The beginning of a name.

    Attributes:
        stored: what the stored name begins with, in lower-case ASCII; it is one range of an index.
        label: what the last label begins with, as U-label; empty if `stored` says all.
    """

    stored: str
    label: str = ""

    def fits(self, name: str) -> bool:
        """Return whether a stored name that begins with `stored` has the whole beginning."""
        if not self.label:
            return True
        label = name[self.stored.rfind(".") + 1 :].partition(".")[0]
        return DomainName(label).unicode.startswith(self.label)


def read_beginnings(text: str) -> list[NameBeginning]:
    """Return what names begin with that a person means, in the order of the stored names.

    Names with U-labels have ASCII characters before the others, too: `b` also means
    `b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example`. Each beginning is a separate range.
    """
    beginning = read_beginning(text)
    complete, dot, last = beginning.stored.rpartition(".")
    # What begins with `xn--` itself is in the first range. Only letters and digits have the same
    # place in the order of each database.
    if beginning.label or _ACE.startswith(last) or last.startswith(_ACE) or not last[0].isalnum():
        return [beginning]
    in_unicode = NameBeginning(f"{complete}{dot}{_ACE}{last}", last)
    return sorted((beginning, in_unicode), key=lambda one: one.stored)


def read_beginning(text: str) -> NameBeginning:
    """Return the beginning of a name that a person has typed, if its last label is as it is stored.

    A label with a dot after it is complete, so its A-label is known. Of the last label, only the
    ASCII characters are: an A-label has those of its U-label first, in their order
    (RFC 3492 s3.1). While it has only these, names with the same ASCII letters are meant.
    """
    *complete, last = unicodedata.normalize("NFC", text).lower().split(".")
    labels = [_a_label(label) for label in complete]
    if last.isascii():
        return NameBeginning(".".join([*labels, last]))
    ascii_part = "".join(char for char in last if char.isascii())
    return NameBeginning(".".join([*labels, f"{_ACE}{ascii_part}"]), last)


def host_as_stored(host: str) -> str:
    """Return a host with A-labels, as services have it."""
    return ".".join(map(_a_label, host.split(".")))


def _a_label(label: str) -> str:
    """Return a label as it is stored, or a text that no name has."""
    if label.isascii():
        return label.lower()
    try:
        return DomainName.parse(label).ascii
    except DomainError:
        return "."
