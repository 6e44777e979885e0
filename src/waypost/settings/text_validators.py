"""Checks of texts, dates and tables of texts, before Pydantic converts them."""

import json
import re
from datetime import date
from typing import Final

from waypost.core.text_rules import is_never_text

LANGUAGES_MAX: Final = 64
CONSENT_MAX_CHARS: Final = 16_384
LINK_KEY_MIN_CHARS: Final = 32


def validate_text(value: str) -> str:
    """Return a text, or raise ValueError; line breaks are the only control characters in it."""
    if any(is_never_text(char) for char in value if char != "\n"):
        raise ValueError
    if not value.strip():
        raise ValueError
    return value


def from_json(value: object) -> object:
    """Return the JSON value of a variable or a flag; other sources have their own tables."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except RecursionError as error:
        raise ValueError from error


def parse_date(value: object) -> object:
    """Return the date of a text, or raise ValueError; Pydantic would accept a number."""
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError
    return date.fromisoformat(value)


def validate_languages(value: dict[str, str]) -> dict[str, str]:
    """Return texts by language, or raise ValueError."""
    if not 1 <= len(value) <= LANGUAGES_MAX:
        raise ValueError
    for language, text in value.items():
        # RFC 5646 s2.1: no language has more than three letters. Apple uses `default` for others.
        if not re.fullmatch(r"default|[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", language):
            raise ValueError
        if len(validate_text(text)) > CONSENT_MAX_CHARS:
            raise ValueError
    return value


def validate_link_keys(value: str) -> str:
    """Return keys separated by spaces, or raise ValueError."""
    if not value.split() or any(len(key) < LINK_KEY_MIN_CHARS for key in value.split()):
        raise ValueError
    return value
