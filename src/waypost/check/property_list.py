"""Property lists that strangers write: profiles of other servers, and of files."""

import plistlib
from typing import Final
from xml.parsers.expat import ExpatError

# plistlib passes on whatever a broken or hostile list, binary or not, makes its parsers say.
_COMPLAINTS: Final = (
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

UNFOLDED_MAX: Final = 4 * 1024 * 1024
INTEGER_MAX_BITS: Final = 128


class NotAPropertyList(ValueError):
    """Bytes are no property list, or one that no honest program writes."""


def parse(data: bytes) -> object:
    """Return what a property list holds, in XML or binary.

    How long it may be is for the caller to say, before it is parsed.

    Raises:
        NotAPropertyList: it is none, or it unfolds to far more than its bytes.
    """
    try:
        found: object = plistlib.loads(data)
    except _COMPLAINTS as error:
        raise NotAPropertyList("it is no property list") from error
    if not _is_honest(found):
        raise NotAPropertyList("it is no property list that a device would take")
    return found


def _is_honest(whole: object) -> bool:
    """Return whether keys are texts, and all of it can be written out.

    A binary list names its objects by numbers, so one text or array may stand in it any number of
    times; whole numbers may have any length.
    """
    left = UNFOLDED_MAX
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
