"""Forms with files: multipart/form-data (RFC 7578), in bounded memory.

Browsers write the fields as HTML describes it: a name in quotation marks, in which `"` and line
breaks are percent-encoded (HTML s4.10.22.8).
"""

import re
from dataclasses import dataclass
from typing import Final

PART_MAX_BYTES: Final = 1024 * 1024
"""What is kept of one part; the rest is read, but not kept."""
TOTAL_MAX_BYTES: Final = 2 * PART_MAX_BYTES
PARTS_MAX: Final = 5000
HEADERS_MAX_BYTES: Final = 8 * 1024
_BOUNDARY: Final = re.compile(r';\s*boundary="?([0-9A-Za-z\'()+_,./:=?-]{1,70})"?\s*(?:;|$)')
_DISPOSITION: Final = re.compile(
    rb'content-disposition:\s*form-data;\s*name="([^"\r\n]*)"(;\s*filename\*?=)?', re.IGNORECASE
)


class MultipartError(Exception):
    """The body is no form; the message says why."""


@dataclass(frozen=True, slots=True)
class FormPart:
    """A field.

    Attributes:
        name: of the field.
        content: its first bytes.
        is_file: whether it is a file; its content is empty if the person chose none.
        is_cut: whether the content is longer than what is kept.
    """

    name: str
    content: bytes
    is_file: bool
    is_cut: bool


def boundary_of(content_type: str) -> bytes:
    """Return the boundary of a body (RFC 2046 s5.1.1).

    Raises:
        MultipartError: the media type has none.
    """
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise MultipartError("the form has no boundary")
    return match[1].encode("ascii")


class MultipartParser:
    """Splits a body into its parts while it arrives."""

    def __init__(self, boundary: bytes, file_max_bytes: int) -> None:
        """Initialize with the boundary, and with what is kept of a file."""
        self._delimiter = b"\r\n--" + boundary
        self._file_max_bytes = file_max_bytes
        # The first delimiter may have no line break before it.
        self._buffer = bytearray(b"\r\n")
        self._part = bytearray()
        self._is_cut = False
        self._delimiters = 0
        self._total = 0
        self._parts: list[FormPart] = []
        self._has_ended = False

    def feed(self, data: bytes) -> None:
        """Read a piece of the body.

        Raises:
            MultipartError: the body is no form, or has too much text.
        """
        if self._has_ended:  # RFC 2046 s5.1.1: what follows is ignored.
            return
        self._buffer += data
        while (place := self._buffer.find(self._delimiter)) >= 0 and not self._has_ended:
            self._keep(place)
            del self._buffer[: len(self._delimiter)]
            self._end_part()
        self._keep(len(self._buffer) - len(self._delimiter) + 1)

    def close(self) -> list[FormPart]:
        """Return all fields.

        Raises:
            MultipartError: the body has no end.
        """
        rest = (self._part + self._buffer)[:2]
        if not self._has_ended and (rest != b"--" or not self._delimiters):
            raise MultipartError("the form is not complete")
        return self._parts

    def _keep(self, count: int) -> None:
        """Move bytes from the buffer to the part, as far as there is room."""
        if count <= 0:
            return
        room = PART_MAX_BYTES - len(self._part)
        self._is_cut = self._is_cut or count > room
        self._part += self._buffer[: min(room, count)]
        del self._buffer[:count]
        if self._total + len(self._part) > TOTAL_MAX_BYTES:
            message = f"the form has more than {TOTAL_MAX_BYTES} bytes of text"
            raise MultipartError(message)

    def _end_part(self) -> None:
        """Finish the part before a delimiter; before the first one is no part."""
        if self._delimiters:
            if self._part[:2] == b"--":
                self._has_ended = True
                return
            part = self._read_part()
            self._parts.append(part)
            self._total += len(part.content)
        self._delimiters += 1
        if self._delimiters > PARTS_MAX:
            message = f"the form has more than {PARTS_MAX} fields"
            raise MultipartError(message)
        self._part.clear()
        self._is_cut = False

    def _read_part(self) -> FormPart:
        # White space may follow a delimiter (RFC 2046 s5.1.1).
        _, _, rest = bytes(self._part).partition(b"\r\n")
        head, separator, content = rest.partition(b"\r\n\r\n")
        match = _DISPOSITION.search(head)
        if match is None or not separator or len(head) > HEADERS_MAX_BYTES:
            raise MultipartError("the form cannot be read")
        is_file = match[2] is not None
        if self._is_cut and not is_file:
            message = f"a field is longer than {PART_MAX_BYTES} bytes"
            raise MultipartError(message)
        is_cut = self._is_cut or (is_file and len(content) > self._file_max_bytes)
        name = match[1].replace(b"%22", b'"').decode("utf-8", "replace")
        return FormPart(name, b"" if is_cut else content, is_file, is_cut)
