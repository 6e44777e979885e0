"""The column `formats` of services: names of formats, separated by spaces.

Rows that were written by SQL may have commas between the names. In SQLite the column may contain
values that are not texts.
"""

from waypost.core.model import ALL_FORMATS, Format

_WORDS = frozenset(form.value for form in Format)


def formats_of(stored: object) -> frozenset[Format]:
    """Return the formats in the column without unknown names; all formats if it has none."""
    return frozenset(Format(word) for word in _words(stored) if word in _WORDS) or ALL_FORMATS


def stored_formats(formats: frozenset[Format]) -> str | None:
    """Return the column's text; None for all formats, as in automx2's rows."""
    if formats == ALL_FORMATS:
        return None
    return " ".join(form.value for form in Format if form in formats)


def unknown_formats(stored: object) -> tuple[str, ...]:
    """Return the names in the column that are not formats."""
    return tuple(word for word in _words(stored) if word not in _WORDS)


def _words(stored: object) -> list[str]:
    text = stored.decode(errors="replace") if isinstance(stored, bytes) else str(stored or "")
    return text.lower().replace(",", " ").split()
