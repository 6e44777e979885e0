"""Texts of the setup page in one language, from a file in the format of gettext (`.po`).

The source of the format: the manual of GNU gettext, "The Format of PO Files". A file is read with
Babel. The context of a message (`msgctxt`) is the key of a text, and its id the English text.
"""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Final

FILE_MAX_BYTES: Final = 256 * 1024
TEXT_MAX_CHARS: Final = 2000
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class CatalogError(Exception):
    """A file with texts cannot be used; the message names the line and the rule."""


@dataclass(frozen=True, slots=True)
class CatalogMessage:
    """One text.

    Attributes:
        english: the English text that was translated.
        text: the translation; empty if there is none.
        line: where the message is in the file.
    """

    english: str
    text: str
    line: int


def read_catalog(data: bytes) -> dict[str, CatalogMessage]:
    """Read a file: the messages by key. Messages that are marked as fuzzy have no translation.

    Raises:
        CatalogError: the data is not such a file.
    """
    from babel.messages.pofile import PoFileError, read_po  # noqa: PLC0415 -- only for the page

    if len(data) > FILE_MAX_BYTES:
        message = f"is longer than {FILE_MAX_BYTES} bytes"
        raise CatalogError(message)
    try:
        # Lines end where the file format ends them, not at each line break of Unicode.
        lines = io.StringIO(data.decode("utf-8-sig"))
        catalog = read_po(lines, ignore_obsolete=True, abort_invalid=True)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"line {line}: is not UTF-8"
        raise CatalogError(message) from error
    except PoFileError as error:
        message = f"line {error.lineno + 1}: {error.args[0] if error.args else 'cannot be read'}"
        raise CatalogError(message) from error
    except (ValueError, LookupError, TypeError, AttributeError, SyntaxError) as error:
        # Babel converts the header of the file, and raises what its conversions raise.
        raise CatalogError("is not a gettext file (.po), or its header is not valid") from error
    found = {}
    for entry in catalog:
        if not entry.id or not entry.context:
            continue
        if not isinstance(entry.id, str) or not isinstance(entry.string or "", str):
            message = f"line {entry.lineno}: texts of the page have no plural"
            raise CatalogError(message)
        text = "" if entry.fuzzy else str(entry.string or "")
        found[str(entry.context)] = CatalogMessage(entry.id, text, entry.lineno or 0)
    return found


def usable_texts(
    messages: Mapping[str, CatalogMessage], english: Mapping[str, str]
) -> dict[str, str]:
    """Return the translations that can replace English texts.

    A message for a text that has changed in the meantime is not an error, because the operator's
    file may be older than Waypost.

    Args:
        messages: of one file.
        english: all texts of the page, by key.

    Raises:
        CatalogError: a translation does not have the names in braces of its English text, is too
            long, or has a line break.
    """
    texts = {}
    for key, message in messages.items():
        if key not in english or not message.text:
            continue
        try:
            has_same_names = _names(message.text) == _names(english[key])
        except ValueError:
            has_same_names = False
        if not has_same_names and message.english != english[key]:
            continue
        if not has_same_names:
            rule = f"{key}: must have the same names in braces as {english[key]!r}"
        elif len(message.text) > TEXT_MAX_CHARS:
            rule = f"{key}: is longer than {TEXT_MAX_CHARS} characters"
        elif _CONTROL.search(message.text):
            rule = f"{key}: contains a line break or another control character"
        else:
            texts[key] = message.text
            continue
        error = f"line {message.line}: {rule}"
        raise CatalogError(error)
    return texts


def text_direction(tag: str) -> str:
    """Return in which direction a language is written, `ltr` or `rtl`, as HTML names it."""
    from babel.core import Locale, UnknownLocaleError  # noqa: PLC0415 -- only for the page

    for known in (tag, tag.partition("-")[0]):
        try:
            return Locale.parse(known, sep="-").text_direction
        except (UnknownLocaleError, ValueError):
            continue
    return "ltr"


def _names(text: str) -> set[str]:
    return set(_fields(text))


def _fields(text: str) -> Iterator[str]:
    for _, name, spec, conversion in Formatter().parse(text):
        if name is None:
            continue
        if spec or conversion or not name.isidentifier():
            raise ValueError(name)
        yield name
