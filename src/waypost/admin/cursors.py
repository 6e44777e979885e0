"""Cursors of lists: opaque texts that are checked when they come back."""

import base64
import binascii
import json
from typing import Final

from waypost.core.errors import InvalidObject

LIMIT_MAX: Final = 1000
_KEY_MAX_CHARS: Final = 255
_CURSOR_MAX_CHARS: Final = 2000


def check_limit(limit: int) -> int:
    """Return the number of items.

    Raises:
        InvalidObject: it is not allowed.
    """
    if not 1 <= limit <= LIMIT_MAX:
        raise InvalidObject([("limit", f"must be a whole number from 1 to {LIMIT_MAX}")])
    return limit


def write_cursor(kind: str, key: str | None) -> str | None:
    """Return the cursor of the part after a key; None after the last part."""
    if key is None:
        return None
    text = json.dumps([kind, key], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(kind: str, cursor: str | None) -> str:
    """Return the key of a cursor; "" for the first part.

    Raises:
        InvalidObject: the text is not a cursor of this kind of list.
    """
    if not cursor:
        return ""
    wrong = InvalidObject([("cursor", "is not the `next` of a list of this kind")])
    if len(cursor) > _CURSOR_MAX_CHARS:
        raise wrong
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        data = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeError, binascii.Error, ValueError, RecursionError) as error:
        raise wrong from error
    if not (isinstance(data, list) and len(data) == 2 and data[0] == kind):
        raise wrong
    key = data[1]
    is_key = isinstance(key, str) and 0 < len(key) <= _KEY_MAX_CHARS
    if not is_key or not key.isprintable():
        raise wrong
    return str(key)
