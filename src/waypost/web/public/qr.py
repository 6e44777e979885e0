"""QR codes (ISO/IEC 18004) that lead the camera of a phone to a URL."""

from typing import Final

URL_MAX_CHARS: Final = 300  # A code of more has more squares than a phone reads from a screen.
_MASK: Final = 4  # Readers know all eight; to try which looks best takes four times as long.


def svg(url: str) -> str | None:
    """Draw a URL as an SVG element to be put into HTML; nothing of the URL stands in it as text.

    Returns:
        None where the URL is too long for a code that can be read.
    """
    if len(url) > URL_MAX_CHARS:
        return None
    import segno  # noqa: PLC0415 -- only for the page

    # A page is never damaged, as paper is, so the least correction makes the fewest squares.
    code = segno.make_qr(url, error="l", boost_error=False, mask=_MASK)
    # Dark on light in a dark page too: many readers know no other.
    return code.svg_inline(omitsize=True, light="#fff", svgclass=None, lineclass=None)
