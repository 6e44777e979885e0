"""How the keys of a providers file are read, described for editors, and written."""

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError, ValidationInfo
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from waypost.core.model import DomainPattern
from waypost.providers_file.validation import did_you_mean, type_name
from waypost.providers_file.validators import (
    RuleBroken,
    check_text,
)

Schema = dict[str, Any]
Location = tuple[str | int, ...]
Problem = tuple[Location, str]
"""Where a mistake is, relative to a table or a value, and the broken rule."""


@dataclass(frozen=True, slots=True)
class FileContext:
    """What the tables of one file need to know about the rest of the file.

    Attributes:
        folder: paths of other files are relative to it; None if other files cannot be used.
        directories: the names of the directories, each with whether it can find domains.
        ldapservers: the ids of automx2's directory servers.
        patterns: the domains and patterns that were read, by their text in the file.
    """

    folder: Path | None = None
    directories: Mapping[str, bool] = field(default_factory=dict)
    ldapservers: frozenset[int] = frozenset()
    patterns: dict[str, DomainPattern] = field(default_factory=dict)


def context_of(info: ValidationInfo) -> FileContext:
    """Return what a rule needs to know about the rest of the file."""
    context: object = info.context
    if not isinstance(context, FileContext):
        raise TypeError(type(context).__name__)
    return context


def validation_error(problems: Sequence[Problem]) -> ValidationError:
    """Return an error with several mistakes, each at its own place."""
    details = [
        InitErrorDetails(
            type=PydanticCustomError("rule", "{rule}", {"rule": rule}), loc=location, input=None
        )
        for location, rule in problems
    ]
    return ValidationError.from_exception_data("providers file", details)


class KeyRule:
    """The rule of one key."""

    def read(self, value: object) -> object:
        """Return the value that a key means.

        Raises:
            RuleBroken: the value is wrong.
            ValidationError: the same, with the places in the value that are wrong.
        """
        raise NotImplementedError

    def read_with_context(self, value: object, info: ValidationInfo) -> object:
        """Return the same, for a rule that depends on other keys (`data`) or on the file."""
        del info
        return self.read(value)

    def schema(self) -> Schema:
        """Return the JSON Schema of the key."""
        raise NotImplementedError

    @property
    def can_warn(self) -> bool:
        """Whether the rule has warnings."""
        return type(self).warnings is not KeyRule.warnings

    def warnings(self, value: object) -> Iterator[Problem]:
        """Yield a text for each value that is perhaps not intended.

        Args:
            value: as it is written.
        """
        del value
        yield from ()

    def serialize(self, value: Any) -> object:
        """Return a value of the model in `core` as plain data."""
        if isinstance(value, tuple):
            return list(value)
        return value.value if isinstance(value, enum.Enum) else value

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Let Pydantic read the key by this rule alone."""
        return core_schema.with_info_plain_validator_function(self.read_with_context)

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> Schema:
        """Let Pydantic describe the key by this rule alone."""
        return self.schema()


class NotNull:
    """A key that may be absent, but not null. Its type alone says what it may be."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return the schema of the type without None."""
        schema = handler(source)
        return schema["schema"] if schema["type"] == "nullable" else schema


def require_string(value: object) -> str:
    """Return a value that must be a string.

    Raises:
        RuleBroken: the value is not a string.
    """
    if not isinstance(value, str):
        message = f"must be a string, not {type_name(value)}"
        raise RuleBroken(message)
    return value


def require_list(value: object) -> list[Any]:
    """Return a value that must be a list.

    Raises:
        RuleBroken: the value is not a list.
    """
    if not isinstance(value, list):
        message = f"must be a list, not {type_name(value)}"
        raise RuleBroken(message)
    return value


@dataclass(frozen=True, slots=True)
class Integer(KeyRule):
    """A whole number from `low` to `high`."""

    low: int
    high: int

    def read(self, value: object) -> object:
        """Read the number."""
        message = f"must be a whole number from {self.low} to {self.high}"
        if isinstance(value, bool) or not isinstance(value, int):
            message = f"{message}, not {type_name(value)}"
            raise RuleBroken(message)
        if not self.low <= value <= self.high:
            raise RuleBroken(message)
        return value

    def schema(self) -> Schema:
        """Return the range."""
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, slots=True)
class Number(KeyRule):
    """A number from `low` to `high`, a whole number or not."""

    low: float
    high: float

    def read(self, value: object) -> object:
        """Read the number."""
        message = f"must be a number from {self.low} to {self.high}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            message = f"{message}, not {type_name(value)}"
            raise RuleBroken(message)
        if not self.low <= value <= self.high:  # NaN is in no range.
            raise RuleBroken(message)
        return float(value)

    def schema(self) -> Schema:
        """Return the range."""
        return {"type": "number", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, slots=True)
class Choice(KeyRule):
    """One word of a list.

    Attributes:
        choices: the words.
        unknown: the beginning of the message about another word.
        any_case: whether capital letters are allowed.
        others: further words, with their meanings.
    """

    choices: type[enum.StrEnum]
    unknown: str = "is not known"
    any_case: bool = False
    others: tuple[tuple[str, enum.StrEnum], ...] = ()

    def read(self, value: object) -> object:
        """Read the word."""
        text = check_text(require_string(value), 32)
        word = text.lower() if self.any_case else text
        known = _choices_by_word(self.choices, self.others)
        choice = known.get(word)
        if choice is None:
            message = f"{self.unknown}{did_you_mean(word, list(known))}"
            raise RuleBroken(message)
        return choice

    def schema(self) -> Schema:
        """Return the words."""
        return {
            "enum": [*(choice.value for choice in self.choices), *(word for word, _ in self.others)]
        }


@cache
def _choices_by_word(
    choices: type[enum.StrEnum], others: tuple[tuple[str, enum.StrEnum], ...]
) -> dict[str, enum.StrEnum]:
    return {choice.value: choice for choice in choices} | dict(others)
