"""The QR code of a link in a file."""

from pathlib import Path
from typing import Final

from waypost.core.errors import LinkError
from waypost.setup_links.qr_code import image

SUFFIXES: Final = (".svg", ".png")


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
    data = image(url, path.suffix.lower()[1:])
    try:
        path.touch(0o600, exist_ok=False)
        path.write_bytes(data)
    except OSError as error:
        raise LinkError(f"--qr-file: {path}: cannot be written: {error.strerror}") from error
