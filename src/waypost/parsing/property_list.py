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
    LookupError,  # of an index, a key, or an unknown encoding
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
        content: object = plistlib.loads(data)
    except _PARSE_ERRORS as error:
        raise NotAPropertyList("it is no property list") from error
    if not _has_limited_size(content):
        raise NotAPropertyList("it is no property list that a device would accept")
    return content


def _has_limited_size(root: object) -> bool:
    """Return whether all keys are texts, and the expanded list has a limited size.

    A binary list refers to its objects by number, so one text or array may appear in it any number
    of times; integers may have any length.
    """
    budget = EXPANDED_MAX
    seen: set[int] = set()
    pending = [root]
    while pending and budget > 0:
        value = pending.pop()
        budget -= 1
        if isinstance(value, dict | list):
            if id(value) in seen:
                return False
            seen.add(id(value))
        if isinstance(value, dict):
            if not all(isinstance(key, str) for key in value):
                return False
            pending += [*value, *value.values()]
        elif isinstance(value, list):
            pending += value
        elif isinstance(value, str | bytes):
            budget -= len(value)
        elif isinstance(value, int) and value.bit_length() > INTEGER_MAX_BITS:
            return False
    return budget > 0
