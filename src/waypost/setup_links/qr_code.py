"""QR codes of links (ISO/IEC 18004), for a terminal, for files and for the API."""

import io
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import segno

MEDIA_TYPES: Final = {"svg": "image/svg+xml", "png": "image/png"}
_SCALE: Final = 8
"""Pixels of each square in an image."""
_BORDER: Final = 4
# Of the 256 colors of terminals, which no theme changes; 15 and 0 are others in many themes.
_WHITE_ON_BLACK: Final = "\x1b[38;5;231;48;5;16m"
_USUAL_COLORS: Final = "\x1b[0m"


def for_terminal(url: str, *, has_colors: bool = False) -> str:
    """Return the code as lines of block characters, whose full block is light.

    Args:
        url: the link.
        has_colors: whether the lines set white on black (ECMA-48 s8.3.117). Without it, a terminal
            with dark text on a light background shows the code inverted, which some cameras do not
            read.
    """
    text = io.StringIO()
    _code(url).terminal(text, border=_BORDER, compact=True)
    lines = text.getvalue().splitlines()
    if has_colors:
        lines = [f"{_WHITE_ON_BLACK}{line}{_USUAL_COLORS}" for line in lines if line]
    return "\n".join([*lines, ""])


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
