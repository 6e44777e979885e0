"""The fields of a form: application/x-www-form-urlencoded, within limits."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request

BODY_MAX_BYTES: Final = 1024 * 1024
FIELDS_MAX: Final = 5000
MEDIA_TYPE: Final = "application/x-www-form-urlencoded"


class FormError(Exception):
    """The body of a request is no form; the message says why.

    Attributes:
        status: of the answer.
    """

    def __init__(self, status: int, message: str) -> None:
        """Create the error."""
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, in their order."""

    pairs: tuple[tuple[str, str], ...] = ()
    values: Mapping[str, list[str]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return a field without the spaces around it; empty if there is none."""
        return self.values.get(name, [""])[-1].strip()

    def all(self, name: str) -> list[str]:
        """Return all values of a field that are not empty."""
        return [value for value in self.values.get(name, []) if value]

    def lines(self, name: str) -> list[str]:
        """Return the lines of a field that are not empty."""
        return [line.strip() for line in self.text(name).splitlines() if line.strip()]

    def rows(self, name: str) -> Iterator[int]:
        """Yield the numbers of a list of fields, `name[0].key`, in their order."""
        start, found = f"{name}[", set()
        for key in self.values:
            number = key.removeprefix(start).partition("]")[0]
            if key.startswith(start) and number.isascii() and number.isdigit():
                found.add(int(number[:4]))
        yield from sorted(found)


async def read_form(request: Request) -> Form:
    """Read the body of a request.

    Raises:
        FormError: it is no form, or too large.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_MAX_BYTES:
            raise FormError(413, f"the form is longer than {BODY_MAX_BYTES} bytes")
    if body and media_type != MEDIA_TYPE:
        raise FormError(415, f"the body must be {MEDIA_TYPE}")
    return parse_form(bytes(body))


def parse_form(body: bytes) -> Form:
    """Parse the fields of a form.

    Raises:
        FormError: the body is not UTF-8, or has too many fields.
    """
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except ValueError as error:  # also UnicodeDecodeError
        raise FormError(400, "the form cannot be read") from error
    # A NUL character cannot be stored in all databases.
    if any("\0" in text for pair in pairs for text in pair):
        raise FormError(400, "the form contains a NUL character")
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return Form(tuple(pairs), values)
