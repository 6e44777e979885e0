"""A log line that structlog renders once, with places for what differs between requests."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from time import time_ns
from typing import Any, Final, Protocol

import structlog

_LEVEL: Final = "info"


class LineWriter(Protocol):
    """Writes rendered lines; implemented by `runtime.log_writer.LogWriter`."""

    def write(self, text: str) -> int:
        """Queue one line with its line end."""
        ...

    def count_dropped_lines(self) -> int:
        """Return how many lines were dropped since the last call."""
        ...


def line_template(event: Mapping[str, object], values: Mapping[str, object]) -> str | None:
    """Render a line of the level INFO with all processors of the log, and put places into it.

    Args:
        event: all fields of the line, with its name as `event`.
        values: those of the fields that differ between requests, with the same values: no other
            field may have one of them.

    Returns:
        A text for the operator `%`, with its line end. It has the place `%(timestamp)s`, and one
        with the name of each of the values. None if lines must be rendered one by one, because they
        are not JSON, or because a secret was masked in one of the values.
    """
    rendered: Any = dict(event)
    for processor in structlog.get_config()["processors"]:
        rendered = processor(None, _LEVEL, rendered)
    try:
        # journald's priority is in front of the object.
        json_text = str(rendered)[str(rendered).index("{") :]
        values = {**values, "timestamp": json.loads(json_text)["timestamp"]}
    except (ValueError, TypeError):
        return None
    text = f"{rendered}\n".replace("%", "%%")
    for name, value in values.items():
        # No text of a client has quotation marks, so this is not a part of another field.
        field = f'"{name}": {json.dumps(value)}'
        if field not in text:  # A secret was masked in it.
            return None
        place = f'"%({name})s"' if isinstance(value, str) else f"%({name})s"
        text = text.replace(field, f'"{name}": {place}')
    return text


def secret_pattern(secrets: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern that finds each value in which the log masks one of these secrets.

    A line with such a value must be rendered by structlog.
    """
    alternatives = "|".join(re.escape(secret) for secret in secrets if secret)
    return re.compile(alternatives or "(?!)", re.IGNORECASE)


def current_timestamp() -> str:
    """Return the current time as structlog writes it (ISO 8601, UTC)."""
    seconds, rest = divmod(time_ns() // 1000, 1_000_000)
    # structlog has no fraction in a full second.
    return f"{_second(seconds)}.{rest:06d}Z" if rest else f"{_second(seconds)}Z"


@lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
