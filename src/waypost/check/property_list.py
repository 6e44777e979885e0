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


class NotAPropertyList(ValueError):
    """Octets are no property list, or define entities."""


def parse(octets: bytes) -> object:
    """Give what a property list holds, in XML or binary.

    How long it may be is for the caller to say, before it is parsed.

    Raises:
        NotAPropertyList: it is none.
    """
    try:
        found: object = plistlib.loads(octets)
    except _COMPLAINTS as error:
        raise NotAPropertyList("it is no property list") from error
    return found
