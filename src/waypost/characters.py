"""Characters that stand in no text, whoever writes it and whatever carries it."""

import unicodedata
from typing import Final

_NEVER_TEXT: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


def is_never_text(char: str) -> bool:
    """Tell whether a character is a control, a surrogate, a line end or a non-character.

    XML 1.0 s2.2 has no way to write most of these, and no document of a mail client has a use
    for the others. Unassigned and private characters are text: a newer Unicode may name them.
    """
    if char.isascii():
        return char < " " or char == "\x7f"
    code = ord(char)
    # XML 1.0 s2.2 leaves out U+FFFE and U+FFFF; Unicode 16.0 s23.7 has 64 more of their kind.
    if code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
        return True
    return unicodedata.category(char) in _NEVER_TEXT
