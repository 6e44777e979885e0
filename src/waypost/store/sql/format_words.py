"""The column `formats` of services: words of formats, separated by blanks.

A comma between words, which somebody may write by SQL, is as good as a blank. In SQLite the column
can hold values that are no texts.
"""

from waypost.model import ALL_FORMATS, Format

_WORDS = frozenset(form.value for form in Format)


def formats_of(stored: object) -> frozenset[Format]:
    """Read the column; words that are not known do not count, and none at all means all formats."""
    return frozenset(Format(word) for word in _words(stored) if word in _WORDS) or ALL_FORMATS


def stored_formats(formats: frozenset[Format]) -> str | None:
    """Return the column's text; None for all formats, which is what automx2's rows have."""
    if formats == ALL_FORMATS:
        return None
    return " ".join(form.value for form in Format if form in formats)


def unknown_words(stored: object) -> tuple[str, ...]:
    """Return the words in the column that are no formats."""
    return tuple(word for word in _words(stored) if word not in _WORDS)


def _words(stored: object) -> list[str]:
    text = stored.decode(errors="replace") if isinstance(stored, bytes) else str(stored or "")
    return text.lower().replace(",", " ").split()
