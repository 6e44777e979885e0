"""QR codes (ISO/IEC 18004) of a URL, for the camera of a phone."""

import asyncio
from typing import Final

URL_MAX_CHARS: Final = 300  # A longer code has more squares than a phone can read from a screen.
_MASK: Final = 4  # Readers accept all eight; finding the best one takes four times as long.


async def draw_in_thread(url: str) -> str | None:
    """Return the result of `svg`, which takes too long for the event loop."""
    return await asyncio.to_thread(svg, url)


def svg(url: str) -> str | None:
    """Return a URL as an SVG element for HTML, without the text of the URL.

    Returns:
        None if the URL is too long for a readable code.
    """
    if len(url) > URL_MAX_CHARS:
        return None
    import segno  # noqa: PLC0415 -- only for the page

    # A screen is not damaged as paper is, so the lowest error correction is enough.
    code = segno.make_qr(url, error="l", boost_error=False, mask=_MASK)
    # Dark on light, even in a dark page: many readers accept nothing else.
    return code.svg_inline(omitsize=True, light="#fff", svgclass=None, lineclass=None)
