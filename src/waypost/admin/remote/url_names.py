"""Names in the URLs of the API: any name is one segment of a path.

Web servers and clients decode `%2F` and remove the segments `.` and `..`. So these characters of
the name of a provider are escaped with `~`, which none of them changes (RFC 3986 s2.3).
"""

import re
from typing import Final
from urllib.parse import quote

_ESCAPES: Final = re.compile(r"(?:~[0-9A-Fa-f]{2})+", flags=re.ASCII)
_DOTS: Final = (".", "..")
# A byte of an argument that is not UTF-8; the server refuses what is sent instead.
UNENCODABLE: Final = "backslashreplace"


def quote_segment(text: str) -> str:
    """Return a text as a segment of a path; bytes that are not UTF-8 are shown as escapes."""
    return quote(text, safe="", errors=UNENCODABLE)


def url_of_name(name: str) -> str:
    """Return the name of a provider as a segment of a path."""
    text = name.replace("~", "~7E").replace("/", "~2F")
    if name in _DOTS:
        text = name.replace(".", "~2E")
    return quote_segment(text)


def name_of_url(text: str) -> str:
    """Return the name of a provider in a segment, in which percent-encoding was decoded."""
    return _ESCAPES.sub(_unescaped, text)


def _unescaped(match: re.Match[str]) -> str:
    return bytes.fromhex(match[0].replace("~", "")).decode("utf-8", "replace")
