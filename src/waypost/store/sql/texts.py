"""Texts out of a database, as far as documents can carry them."""

import unicodedata


def clean(text: str) -> str:
    """Take out what no document can carry."""
    return "".join(char for char in text if not is_control(char)).strip()


def is_control(char: str) -> bool:
    """Tell whether a character is a control, a surrogate, a line end or a non-character."""
    return ord(char) & 0xFFFE == 0xFFFE or unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}
