"""Texts out of a database, as far as documents can carry them."""

from waypost.characters import is_never_text


def clean(text: str) -> str:
    """Take out what no document can carry."""
    return "".join(char for char in text if not is_never_text(char)).strip()
