"""What single values of options must look like, before Pydantic turns them into their types."""

import json
import re
import unicodedata
from datetime import date
from typing import Final

LANGUAGES_MAX: Final = 64
CONSENT_MAX_CHARS: Final = 16_384
# automx2 hands its `loglevel` to Python's logging, which knows these words as well.
_LEVEL_WORDS = {"notset": "debug", "warn": "warning", "fatal": "critical"}


def usual_level(value: object) -> object:
    """Give a level of the log in its usual spelling."""
    if not isinstance(value, str):
        return value
    word = value.strip().lower()
    return _LEVEL_WORDS.get(word, word)


def lowered(value: object) -> object:
    """Give a word in small letters."""
    return value.strip().lower() if isinstance(value, str) else value


def checked_uri(value: str) -> str:
    """Give a database URI back, or raise ValueError."""
    # The form that SQLAlchemy reads: dialect[+driver]://...
    if not re.match(r"[A-Za-z][A-Za-z0-9_]*(\+[A-Za-z0-9_]+)?://", value):
        raise ValueError
    return value


def checked_host(value: str) -> str:
    """Give an address to listen on back, or raise ValueError."""
    if not re.fullmatch(r"[A-Za-z0-9._:%-]+", value):
        raise ValueError
    return value


def checked_listen(value: str) -> str:
    """Give an address with a port back, or raise ValueError."""
    # HOST:PORT, with an IPv6 address in brackets as in a URL (RFC 3986 s3.2.2).
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})", value)
    if found is None or not 1 <= int(found[2]) <= 65535:
        raise ValueError
    return value


def checked_text(value: str) -> str:
    """Give a text for people back, or raise ValueError; lines may end in it, and nothing else."""
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in value if char != "\n"):
        raise ValueError
    if not value.strip():
        raise ValueError
    return value


def from_json(value: object) -> object:
    """Give what a variable or a flag holds as JSON; other sources have tables of their own."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except RecursionError as error:
        raise ValueError from error


def day(value: object) -> object:
    """Give the day that a text names, or raise ValueError; Pydantic would read a number as one."""
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError
    return date.fromisoformat(value)


def checked_languages(value: dict[str, str]) -> dict[str, str]:
    """Give texts by language back, or raise ValueError."""
    if not 1 <= len(value) <= LANGUAGES_MAX:
        raise ValueError
    for language, text in value.items():
        # A tag of RFC 5646 s2.1, as far as its form goes, or Apple's word for all others.
        if not re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", language):
            raise ValueError
        if len(checked_text(text)) > CONSENT_MAX_CHARS:
            raise ValueError
    return value
