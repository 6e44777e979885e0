"""The column `formats` of services: words of formats, separated by blanks."""

from waypost.model import ALL_FORMATS, Format

_WORDS = frozenset(form.value for form in Format)


def formats_of(stored: str | None) -> frozenset[Format]:
    """Read the column; words that are not known do not count, and none at all means all formats."""
    words = (stored or "").lower().split()
    return frozenset(Format(word) for word in words if word in _WORDS) or ALL_FORMATS


def stored_formats(formats: frozenset[Format]) -> str | None:
    """Return the column's text; None for all formats, which is what automx2's rows have."""
    if formats == ALL_FORMATS:
        return None
    return " ".join(form.value for form in Format if form in formats)


def unknown_words(stored: str | None) -> tuple[str, ...]:
    """Return the words in the column that are no formats."""
    return tuple(word for word in (stored or "").lower().split() if word not in _WORDS)
