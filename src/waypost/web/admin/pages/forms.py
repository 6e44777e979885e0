"""The fields of a form, within limits.

A form is application/x-www-form-urlencoded, or multipart/form-data if it has a file. The file is a
field, too: its content as a `data:` URL (RFC 2397).
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.requests import ClientDisconnect

from waypost.core.logo import LOGO_MAX_BYTES
from waypost.web.admin.pages.multipart import (
    FormPart,
    MultipartError,
    MultipartParser,
    boundary_of,
)

BODY_MAX_BYTES: Final = 1024 * 1024
FIELDS_MAX: Final = 5000
MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
MULTIPART_MAX_BYTES: Final = 32 * 1024 * 1024
"""How long a body with a file may be; what is too long for a field is read, and not kept."""
FILE_MAX_BYTES: Final = LOGO_MAX_BYTES
FILE_PREFIX: Final = "data:;base64,"


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
    """The fields of a form, in their order.

    Attributes:
        pairs, values: the fields.
        mistakes: the fields that are not in `pairs`, each with the broken rule.
    """

    pairs: tuple[tuple[str, str], ...] = ()
    values: Mapping[str, list[str]] = field(default_factory=dict)
    mistakes: tuple[tuple[str, str], ...] = ()

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
        FormError: it is no form, too large, or not complete, because the connection ended.
    """
    try:
        return await _read(request)
    except ClientDisconnect as error:
        raise FormError(400, "the form is not complete") from error


async def _read(request: Request) -> Form:
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == MULTIPART:
        return await _read_multipart(request, content_type)
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
    return _form(pairs)


async def _read_multipart(request: Request, content_type: str) -> Form:
    """Read a form with a file.

    Raises:
        FormError: it is no form, or too large.
    """
    length = 0
    try:
        parser = MultipartParser(boundary_of(content_type), FILE_MAX_BYTES)
        async for part in request.stream():
            length += len(part)
            if length > MULTIPART_MAX_BYTES:
                raise FormError(413, f"the form is longer than {MULTIPART_MAX_BYTES} bytes")
            parser.feed(part)
        return form_of_parts(parser.close())
    except MultipartError as error:
        raise FormError(400, str(error)) from error


def form_of_parts(parts: Iterable[FormPart]) -> Form:
    """Return the fields of a form with a file.

    Raises:
        FormError: a field is not UTF-8.
    """
    pairs: list[tuple[str, str]] = []
    mistakes: list[tuple[str, str]] = []
    for part in parts:
        if part.is_cut:
            rule = f"is longer than {FILE_MAX_BYTES} bytes; save a smaller picture"
            mistakes.append((part.name, rule))
        elif part.is_file:
            content = b64encode(part.content).decode()
            pairs.append((part.name, f"{FILE_PREFIX}{content}" if content else ""))
        else:
            try:
                pairs.append((part.name, part.content.decode()))
            except UnicodeDecodeError as error:
                raise FormError(400, "the form cannot be read") from error
    return _form(pairs, mistakes)


def _form(pairs: Sequence[tuple[str, str]], mistakes: Iterable[tuple[str, str]] = ()) -> Form:
    # A NUL character cannot be stored in all databases.
    if any("\0" in text for pair in pairs for text in pair):
        raise FormError(400, "the form contains a NUL character")
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return Form(tuple(pairs), values, tuple(mistakes))
