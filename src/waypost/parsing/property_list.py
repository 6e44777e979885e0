"""Parsing of property lists that are not trusted: profiles of other servers and from files."""

import plistlib
from typing import Final
from xml.parsers.expat import ExpatError

# plistlib passes on any error that its parsers raise for a broken or hostile list.
_PARSE_ERRORS: Final = (
    plistlib.InvalidFileException,
    ExpatError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
)

EXPANDED_MAX: Final = 4 * 1024 * 1024
INTEGER_MAX_BITS: Final = 128


class NotAPropertyList(ValueError):
    """Bytes are no property list, or one that only an attacker would write."""


def parse(data: bytes) -> object:
    """Return the content of a property list, in XML or binary.

    The caller limits the length before this call.

    Raises:
        NotAPropertyList: it is none, or it expands to far more than its bytes.
    """
    try:
        found: object = plistlib.loads(data)
    except _PARSE_ERRORS as error:
        raise NotAPropertyList("it is no property list") from error
    if not _is_honest(found):
        raise NotAPropertyList("it is no property list that a device would accept")
    return found


def _is_honest(whole: object) -> bool:
    """Return whether all keys are texts, and the expanded list has a limited size.

    A binary list refers to its objects by number, so one text or array may appear in it any number
    of times; integers may have any length.
    """
    left = EXPANDED_MAX
    seen: set[int] = set()
    waiting = [whole]
    while waiting and left > 0:
        one = waiting.pop()
        left -= 1
        if isinstance(one, dict | list):
            if id(one) in seen:
                return False
            seen.add(id(one))
        if isinstance(one, dict):
            if not all(isinstance(key, str) for key in one):
                return False
            waiting += [*one, *one.values()]
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str | bytes):
            left -= len(one)
        elif isinstance(one, int) and one.bit_length() > INTEGER_MAX_BITS:
            return False
    return left > 0
