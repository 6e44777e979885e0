"""Texts of pages in one language, from a file in the format of gettext (`.po`).

The source of the format: the manual of GNU gettext, "The Format of PO Files". polib reads it.
The id of a message is the English text. The key of a text is the context of the message
(`msgctxt`), or the English text if there is none.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Final

FILE_MAX_BYTES: Final = 256 * 1024
TEXT_MAX_CHARS: Final = 2000
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_LINE: Final = re.compile(
    r'(#.*|((msgctxt|msgid|msgid_plural|msgstr(\[[0-9]\])?)\s+)?"([^"\\]|\\.)*")?', re.DOTALL
)
# CLDR 48, characterOrder="right-to-left", and the scripts of these languages (ISO 15924).
_RTL_LANGUAGES: Final = frozenset(
    {"ar", "ckb", "dv", "fa", "he", "ks", "nqo", "ps", "sd", "syr", "ug", "ur", "yi"}
)
_RTL_SCRIPTS: Final = frozenset({"arab", "hebr", "nkoo", "syrc", "thaa"})
_SCRIPT_CHARS: Final = 4


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
    import polib  # noqa: PLC0415 -- only for pages

    if len(data) > FILE_MAX_BYTES:
        message = f"is longer than {FILE_MAX_BYTES} bytes"
        raise CatalogError(message)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"line {line}: is not UTF-8"
        raise CatalogError(message) from error
    _check_lines(text)
    try:
        # polib opens a file if the text is the path of one; no path ends with a line break.
        # With a comment as the last line, polib keeps the message before an empty `#:`.
        entries = polib.pofile(f"{text}\n#\n")
    except (OSError, ValueError) as error:  # of polib, with the line
        message = f"is not a gettext file (.po): {str(error).removesuffix('.')}"
        raise CatalogError(message) from error
    found = {}
    for entry in entries:
        if entry.obsolete:
            continue
        line = max(entry.linenum, 1)  # It is 0 for a first message.
        if entry.msgid_plural:
            message = f"line {line}: texts of pages have no plural"
            raise CatalogError(message)
        translation = "" if entry.fuzzy else entry.msgstr
        found[entry.msgctxt or entry.msgid] = CatalogMessage(entry.msgid, translation, line)
    return found


def _check_lines(text: str) -> None:
    """Check the form of each line, because polib ignores some lines that it cannot read.

    Raises:
        CatalogError: a line is not one of the format.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        # Without the spaces around it: their number may be large.
        if not _LINE.fullmatch(line.strip()):
            message = f'line {number}: must be a comment, or a keyword such as msgstr with a "text"'
            raise CatalogError(message)


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
    """Return in which direction a language is written, `ltr` or `rtl`, as HTML names it.

    Args:
        tag: RFC 5646; a script in it counts more than the usual one of the language.
    """
    language, *others = tag.lower().split("-")
    script = next((part for part in others if len(part) == _SCRIPT_CHARS), None)
    is_rtl = language in _RTL_LANGUAGES if script is None else script in _RTL_SCRIPTS
    return "rtl" if is_rtl else "ltr"


def _names(text: str) -> set[str]:
    return set(_fields(text))


def _fields(text: str) -> Iterator[str]:
    for _, name, spec, conversion in Formatter().parse(text):
        if name is None:
            continue
        if spec or conversion or not name.isidentifier():
            raise ValueError(name)
        yield name
