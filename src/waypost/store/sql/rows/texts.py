"""Texts from a database, without characters that documents cannot contain."""

from waypost.core.text_rules import is_never_text


def clean_text(text: str) -> str:
    """Return a text without characters that no document can contain."""
    return "".join(char for char in text if not is_never_text(char)).strip()
