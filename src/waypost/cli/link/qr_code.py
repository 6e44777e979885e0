"""QR codes of links (ISO/IEC 18004), for a terminal and for files."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Final

from waypost.core.errors import LinkError

if TYPE_CHECKING:
    import segno

SUFFIXES: Final = (".svg", ".png")
_SCALE: Final = 8
"""Pixels of each square in a file."""
_BORDER: Final = 4


def for_terminal(url: str) -> str:
    """Return the code as lines of block characters, dark on light on a dark terminal."""
    text = io.StringIO()
    _code(url).terminal(text, compact=True)
    return text.getvalue()


def check_file(path: Path) -> None:
    """Check the name of an image before the link is made.

    Raises:
        LinkError: it has another ending, or the file exists.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise LinkError(f"--qr-file: {path}: the name must end in {' or '.join(SUFFIXES)}")
    if path.exists():
        raise LinkError(f"--qr-file: {path}: exists; use another name, or remove the file")


def write_file(url: str, path: Path) -> None:
    """Write the code as an image that only its owner can read: who has it can use the link.

    Args:
        url: the link.
        path: as `check_file` accepts it.

    Raises:
        LinkError: names the file, and why it cannot be written.
    """
    data = io.BytesIO()
    kind = path.suffix.lower()[1:]
    _code(url).save(data, kind=kind, scale=_SCALE, border=_BORDER, light="#fff")
    try:
        path.touch(0o600, exist_ok=False)
        path.write_bytes(data.getvalue())
    except OSError as error:
        raise LinkError(f"--qr-file: {path}: cannot be written: {error.strerror}") from error


def _code(url: str) -> "segno.QRCode":
    import segno  # noqa: PLC0415 -- only for a code

    return segno.make_qr(url, error="l")
