"""Names of providers in the URLs of the API: any name is one segment of a path.

Web servers and clients decode `%2F` and remove the segments `.` and `..`. So these characters are
escaped with `~`, which none of them changes (RFC 3986 s2.3).
"""

import re
from typing import Final
from urllib.parse import quote

_ESCAPES: Final = re.compile(r"(?:~[0-9A-Fa-f]{2})+", flags=re.ASCII)
_DOTS: Final = (".", "..")


def url_of_name(name: str) -> str:
    """Return a name as a segment of a path; bytes that are not UTF-8 are shown as escapes."""
    text = name.replace("~", "~7E").replace("/", "~2F")
    if name in _DOTS:
        text = name.replace(".", "~2E")
    return quote(text, safe="", errors="backslashreplace")


def name_of_url(text: str) -> str:
    """Return the name in a segment of a path, in which percent-encoding was decoded."""
    return _ESCAPES.sub(_unescaped, text)


def _unescaped(match: re.Match[str]) -> str:
    return bytes.fromhex(match[0].replace("~", "")).decode("utf-8", "replace")
