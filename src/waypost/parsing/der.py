"""Parsing of DER, and of BER with indefinite lengths.

Source: X.690 s8.1, s8.7 and s10.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

BYTES: Final = 0x04
_BYTES_IN_PARTS: Final = 0x24
_CONSTRUCTED: Final = 0x20
_END: Final = b"\0\0"
_DEPTH_MAX: Final = 16


class DerError(ValueError):
    """Data does not have the expected structure; the message says why."""


@dataclass(frozen=True, slots=True)
class DerElement:
    """One element: its tag, its value, and the whole encoding."""

    tag: int
    value: bytes
    encoded: bytes

    def parts(self) -> "list[DerElement]":
        """Return the elements inside the value, or raise DerError."""
        return list(elements(self.value))


def byte_string(parts: list[DerElement], depth: int = 0) -> bytes:
    """Return a byte string, which BER may divide (X.690 s8.7.3), or raise DerError.

    Args:
        parts: of the element that contains only the byte string.
        depth: how many byte strings are around these parts.
    """
    if len(parts) != 1 and depth == 0:
        raise DerError("it does not have the structure of signed data")
    if depth > _DEPTH_MAX:
        raise DerError("it is nested too deeply")
    return b"".join(
        byte_string(part.parts(), depth + 1)
        if part.tag == _BYTES_IN_PARTS
        else expect(part, BYTES).value
        for part in parts
    )


def expect(candidate: DerElement, tag: int) -> DerElement:
    """Return the element if it has the tag, or raise DerError."""
    if candidate.tag != tag:
        raise DerError("it does not have the structure of signed data")
    return candidate


def element_at(candidates: list[DerElement], position: int, tag: int) -> DerElement:
    """Return the element at a position, counted from 0, if it has the tag, or raise DerError."""
    if position >= len(candidates):
        raise DerError("it is not complete")
    return expect(candidates[position], tag)


def elements(data: bytes) -> Iterator[DerElement]:
    """Yield the elements of the data, one after the other, or raise DerError."""
    start = 0
    while start < len(data):
        next_element, start = element(data, start)
        yield next_element


def element(data: bytes, start: int, depth: int = 0) -> tuple[DerElement, int]:
    """Read one element (X.690 s8.1), and return it with the position of its end.

    Args:
        data: the whole data.
        start: the position of the element.
        depth: how many elements of indefinite length are around it.

    Raises:
        DerError: there is no complete element.
    """
    header = data[start : start + 2]
    if len(header) < 2:
        raise DerError("it is cut off")
    if header[0] & 0x1F == 0x1F:
        raise DerError("it is neither DER nor BER")
    length, body = header[1], start + 2
    if length == 0x80:
        return _element_up_to_its_end(data, start, depth)
    if length & 0x80:
        count = length & 0x7F
        if count > 4:
            raise DerError("it is neither DER nor BER")
        length, body = int.from_bytes(data[body : body + count]), body + count
    end = body + length
    if end > len(data):
        raise DerError("it is cut off")
    return DerElement(header[0], data[body:end], data[start:end]), end


def _element_up_to_its_end(data: bytes, start: int, depth: int) -> tuple[DerElement, int]:
    """Read an element of indefinite length, which two zero bytes end (X.690 s8.1.3.6)."""
    if not data[start] & _CONSTRUCTED:
        raise DerError("it is neither DER nor BER")
    if depth > _DEPTH_MAX:
        raise DerError("it is nested too deeply")
    end = start + 2
    while data[end : end + 2] != _END:
        _, end = element(data, end, depth + 1)
    return DerElement(data[start], data[start + 2 : end], data[start : end + 2]), end + 2
