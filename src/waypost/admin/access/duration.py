"""Durations such as `90d`, and times for people."""

import re
from datetime import UTC, datetime
from typing import Final

MAX_SECONDS: Final = 10 * 366 * 86_400
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_FORM: Final = re.compile(r"([0-9]{1,9})([smhdw])", flags=re.ASCII)


def parse_duration(text: str) -> int:
    """Return a duration in seconds.

    Args:
        text: a whole number and a unit: `30m`, `12h`, `90d`, `2w`.

    Raises:
        ValueError: the text has another form, or the duration is 0 or longer than ten years.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError("must be a whole number with s, m, h, d or w, such as 30m, 12h or 90d")
    seconds = int(match[1]) * _SECONDS[match[2]]
    if not 0 < seconds <= MAX_SECONDS:
        raise ValueError("must be more than 0 and at most ten years (3660d)")
    return seconds


def utc_text(seconds: int) -> str:
    """Return a time as RFC 3339 text in UTC.

    Args:
        seconds: since 1970.
    """
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
