"""QR codes of links (ISO/IEC 18004), for a terminal, for files and for the API."""

import io
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import segno

MEDIA_TYPES: Final = {"svg": "image/svg+xml", "png": "image/png"}
_SCALE: Final = 8
"""Pixels of each square in an image."""
_BORDER: Final = 4


def for_terminal(url: str) -> str:
    """Return the code as lines of block characters, dark on light on a dark terminal."""
    text = io.StringIO()
    _code(url).terminal(text, compact=True)
    return text.getvalue()


def image(url: str, kind: str) -> bytes:
    """Return the code as an image.

    Args:
        url: the link.
        kind: `svg` or `png`.
    """
    data = io.BytesIO()
    _code(url).save(data, kind=kind, scale=_SCALE, border=_BORDER, light="#fff")
    return data.getvalue()


def _code(url: str) -> "segno.QRCode":
    import segno  # noqa: PLC0415 -- only for a code

    return segno.make_qr(url, error="l")
