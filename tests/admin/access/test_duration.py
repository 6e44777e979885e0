"""Durations such as 90d."""

import pytest

from waypost.admin.access.duration import parse_duration, utc_text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1), ("30m", 1800), ("12h", 43_200), ("90d", 7_776_000), ("2w", 1_209_600)],
)
def test_durations(text: str, seconds: int) -> None:
    """A duration is a whole number and a unit."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "90", "d", "-1d", "1.5h", "0d", "1y", "9999999d", "1 d", "٣d", "1d\n", "1D"]
)
def test_other_texts_are_refused(text: str) -> None:
    """The message says the form and the limit."""
    with pytest.raises(ValueError, match=r"such as 30m, 12h or 90d|at most ten years"):
        parse_duration(text)


def test_times_for_people() -> None:
    """A time is RFC 3339 in UTC."""
    assert utc_text(0) == "1970-01-01T00:00:00Z"
