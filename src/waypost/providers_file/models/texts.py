"""How strings, paths and URLs are read, described for editors, and written."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationInfo

from waypost.core.placeholders import has_placeholder
from waypost.providers_file.models.rules import (
    KeyRule,
    Problem,
    Schema,
    context_of,
    require_string,
    validation_error,
)
from waypost.providers_file.validation import type_name
from waypost.providers_file.validators import (
    RuleBroken,
    check_lines,
    check_text,
    check_web_url,
    unknown_placeholder,
)

LONG_TEXT_MAX_CHARS: Final = 2000
PATH_MAX_CHARS: Final = 1024
HTTPS_PATTERN: Final = "^[Hh][Tt][Tt][Pp][Ss]://"
WEB_PATTERN: Final = "^([Hh][Tt][Tt][Pp][Ss]?)://"
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class PlainText(KeyRule):
    """A string on one line.

    Attributes:
        check: checks the string further, and returns the string to use.
        min_chars: 0 if the string may be empty.
        pattern: for editors.
        warns_of_placeholders: whether a word that only looks like a placeholder is reported.
    """

    max_chars: int
    check: Callable[[str], str] | None = None
    min_chars: int = 1
    pattern: str | None = None
    warns_of_placeholders: bool = False

    def read(self, value: object) -> object:
        """Read the string."""
        text = self.check_string(require_string(value))
        return self.check(text) if text and self.check is not None else text

    def check_string(self, text: str) -> str:
        """Check the string by the rules for all strings."""
        return check_text(text, self.max_chars, may_be_empty=self.min_chars == 0)

    def schema(self) -> Schema:
        """Return the limits of the length, and the pattern."""
        schema = {"type": "string", "minLength": self.min_chars, "maxLength": self.max_chars}
        return schema if self.pattern is None else {**schema, "pattern": self.pattern}

    @property
    def can_warn(self) -> bool:
        """Whether words that look like placeholders are reported."""
        return self.warns_of_placeholders

    def warnings(self, value: object) -> Iterator[Problem]:
        """Warn of a word that looks like a placeholder; clients would receive it unchanged."""
        if (
            self.warns_of_placeholders
            and isinstance(value, str)
            and (unknown := unknown_placeholder(value))
        ):
            yield (), f"{unknown} is not a placeholder; clients receive it unchanged"

    def serialize(self, value: Any) -> object:
        """Return the string; a string that is not given, but has a default, is empty."""
        return value or ""


class MultilineText(PlainText):
    """A text for users, which may have several lines."""

    def check_string(self, text: str) -> str:
        """Check the text."""
        return check_lines(text, self.max_chars)


class CodeText(PlainText):
    """A text of a programming language, of one or several lines."""

    def check_string(self, text: str) -> str:
        """Check the text, and return it without spaces around it."""
        stripped = text.strip()
        if not stripped:
            raise RuleBroken("must not be empty")
        if len(stripped) > self.max_chars:
            message = f"is longer than {self.max_chars} characters"
            raise RuleBroken(message)
        if _CONTROL.search(stripped):
            raise RuleBroken("contains a control character")
        return stripped


def check_https(url: str) -> str:
    """Check a URL that must be https, and the same for all users.

    Raises:
        RuleBroken: the message names the rule.
    """
    if not check_web_url(url).lower().startswith("https://") or has_placeholder(url):
        raise RuleBroken("must begin with https:// and be the same for all users")
    return url


@dataclass(frozen=True, slots=True)
class FilePath(KeyRule):
    """The path of another file; it becomes absolute.

    A process that reads the path from a database has another working directory, where a relative
    path would mean another file.

    Attributes:
        suffixes: the endings that are allowed, in lower case; any if it is empty.
    """

    suffixes: tuple[str, ...] = ()

    def read_with_context(self, value: object, info: ValidationInfo) -> object:
        """Read the path."""
        text = check_text(require_string(value), PATH_MAX_CHARS)
        path = absolute(text, context_of(info).folder)
        if self.suffixes and Path(path).suffix.lower() not in self.suffixes:
            message = f"must end with {' or '.join(self.suffixes)}, which sets the format"
            raise RuleBroken(message)
        return path

    def schema(self) -> Schema:
        """Return the limits of the length, and the endings."""
        schema: Schema = {"type": "string", "minLength": 1, "maxLength": PATH_MAX_CHARS}
        if not self.suffixes:
            return schema
        words = ("".join(f"[{c.upper()}{c}]" for c in suffix[1:]) for suffix in self.suffixes)
        return {**schema, "pattern": rf"\.({'|'.join(words)})$"}


def absolute(text: str, folder: Path | None) -> str:
    """Return the absolute path of a file.

    Args:
        text: absolute, or relative to the folder.
        folder: None if only absolute paths can be used.

    Raises:
        RuleBroken: the path is relative, and there is no folder.
    """
    path = Path(text)
    if not path.is_absolute() and folder is None:
        raise RuleBroken("must be an absolute path here")
    return str(((folder or Path()) / path).absolute())


@dataclass(frozen=True, slots=True)
class LocalizedTexts(KeyRule):
    """A table of texts for users, by language.

    Attributes:
        max_chars: of each text.
        languages: the pattern of its keys.
        wrong: the message about another key.
        lines: whether a text may have several lines.
        empty: the message about an empty table; None if it may be empty.
    """

    max_chars: int
    languages: str
    wrong: str
    lines: bool = False
    empty: str | None = None

    def read(self, value: object) -> object:
        """Read pairs of a language, or None, and a text."""
        if not isinstance(value, dict):
            message = f"must be a table, not {type_name(value)}"
            raise RuleBroken(message)
        check = check_lines if self.lines else check_text
        problems: list[Problem] = []
        pairs = []
        for language, text in value.items():
            if not re.fullmatch(self.languages, language):
                problems.append(((), self.wrong))
                continue
            try:
                pairs.append((language or None, check(require_string(text), self.max_chars)))
            except RuleBroken as broken:
                problems.append(((language,), str(broken)))
        if not value and self.empty is not None:
            problems.append(((), self.empty))
        if problems:
            raise validation_error(problems)
        return tuple(pairs)

    def schema(self) -> Schema:
        """Return the keys and the limits of the texts."""
        text = {"type": "string", "minLength": 1, "maxLength": self.max_chars}
        schema = {
            "type": "object",
            "additionalProperties": text,
            "propertyNames": {"pattern": f"^({self.languages})$"},
        }
        return schema if self.empty is None else {**schema, "minProperties": 1}

    def serialize(self, value: Any) -> object:
        """Return the texts by language."""
        return {language or "": text for language, text in value}


WEB_URL: Final = PlainText(
    LONG_TEXT_MAX_CHARS, check_web_url, pattern=WEB_PATTERN, warns_of_placeholders=True
)
HTTPS_URL: Final = PlainText(
    LONG_TEXT_MAX_CHARS, check_https, pattern=HTTPS_PATTERN, warns_of_placeholders=True
)
