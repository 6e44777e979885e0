"""JSON in columns. SQLite accepts any text there, and SQL of operators may have written it."""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MalformedJson:
    """A value of a column that is not JSON.

    Attributes:
        reason: what is wrong, for people.
    """

    reason: str


def decode_json(text: str | bytes) -> object:
    """Return the value of a JSON text, or a `MalformedJson`: one row must not stop the others."""
    try:
        return json.loads(text)
    except RecursionError:
        return MalformedJson("is nested too deeply")
    except ValueError as error:
        return MalformedJson(f"is not JSON: {error}")
