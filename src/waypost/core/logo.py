"""Pictures for the setup page: which bytes are one, and their `data:` URL (RFC 2397).

The page loads nothing from other servers, so a picture is part of the page. A browser runs no
script and loads nothing else in a picture of `img`, an SVG included (SVG 2 s2.7.1, "secure static
mode").
"""

import binascii
import re
from base64 import b64decode, b64encode
from typing import Final

LOGO_MAX_BYTES: Final = 16 * 1024
DATA_URL_MAX_CHARS: Final = 24 * 1024
TYPES: Final = ("image/svg+xml", "image/png", "image/webp", "image/jpeg", "image/gif")
_DATA_URL: Final = re.compile(
    r"data:(image/(?:svg\+xml|png|webp|jpeg|gif));base64,([A-Za-z0-9+/]+={0,2})"
)
# An optional byte order mark, an XML declaration, comments and a DOCTYPE without a subset.
_SVG: Final = re.compile(
    r"\ufeff?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*|<!DOCTYPE svg[^>\[]*>\s*)*<svg[\s>]",
    re.DOTALL,
)
# PNG s5.2, RFC 9649 s2.4, JFIF 1.02 (the markers SOI and another one), GIF89a s17.
_SIGNATURES: Final = (
    ("image/png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("image/webp", re.compile(rb"RIFF....WEBP", re.DOTALL)),
    ("image/jpeg", re.compile(rb"\xff\xd8\xff")),
    ("image/gif", re.compile(rb"GIF8[79]a")),
)


def image_type(data: bytes) -> str | None:
    """Return the media type of a picture by its first bytes, or None for other data."""
    for name, signature in _SIGNATURES:
        if signature.match(data):
            return name
    try:
        return "image/svg+xml" if _SVG.match(data.decode()) else None
    except UnicodeDecodeError:
        return None


def to_data_url(data: bytes) -> str | None:
    """Return a picture as a `data:` URL; None if the data is no picture, or too long."""
    media_type = image_type(data)
    if media_type is None or len(data) > LOGO_MAX_BYTES:
        return None
    return f"data:{media_type};base64,{b64encode(data).decode()}"


def is_data_url(url: str) -> bool:
    """Return whether a text is the `data:` URL of a picture of the type that it names."""
    match = _DATA_URL.fullmatch(url) if len(url) <= DATA_URL_MAX_CHARS else None
    if match is None:
        return False
    try:
        data = b64decode(match[2], validate=True)
    except binascii.Error:
        return False
    return len(data) <= LOGO_MAX_BYTES and image_type(data) == match[1]
