"""Parse JSON without what other parsers refuse or read in another way (RFC 8259 s4, s6)."""

import json
from collections import Counter
from typing import Final, NoReturn

_KEY_MAX_CHARS: Final = 100


class StrictJsonError(ValueError):
    """A text that Python's parser accepts, and that is not JSON or has no certain meaning."""


def parse_strict_json(text: str | bytes) -> object:
    """Return the value of a JSON text.

    Raises:
        StrictJsonError: a key appears twice in one object, or a number is NaN or Infinity.
        json.JSONDecodeError: the text is not JSON.
        RecursionError: lists or objects are nested too deeply.
        ValueError: an integer has more than 4300 digits, or bytes are not UTF-8.
    """
    data: object = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    return data


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        message = f"the key {twice[:_KEY_MAX_CHARS]!r} appears twice in one object"
        raise StrictJsonError(message)
    return members


def _refuse(word: str) -> NoReturn:
    raise StrictJsonError(f"{word} is not JSON")
