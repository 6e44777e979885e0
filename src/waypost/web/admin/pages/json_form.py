"""Keys of an object without a separate field: one form field with JSON."""

import json
from collections.abc import Mapping
from typing import Any

from waypost.core.errors import InvalidObject, ProvidersError
from waypost.providers_file.document import parse


def read_json(text: str, path: str) -> dict[str, Any]:
    """Return the object in a field.

    Raises:
        InvalidObject: it is no JSON object.
    """
    if not text.strip():
        return {}
    try:
        return parse(text, path, "json")
    except ProvidersError as error:
        raise InvalidObject([(path, problem) for problem in error.problems]) from error


def write_json(data: Mapping[str, object]) -> str:
    """Return an object as text for people."""
    return json.dumps(data, ensure_ascii=False, indent=2) if data else ""
