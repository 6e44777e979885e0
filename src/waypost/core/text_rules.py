"""Characters that are not allowed in texts, and those that readers cannot see."""

import unicodedata
from typing import Final

_NEVER_TEXT: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


def is_never_text(char: str) -> bool:
    """Return whether a character is a control, a surrogate, a line end or a non-character.

    XML 1.0 s2.2 cannot contain most of these, and no document for a mail client needs the others.
    Unassigned and private characters are allowed: a newer Unicode may assign them.
    """
    if char.isascii():
        return char < " " or char == "\x7f"
    code = ord(char)
    # XML 1.0 s2.2 excludes U+FFFE and U+FFFF; Unicode 16.0 s23.7 has 64 more non-characters.
    if code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
        return True
    return unicodedata.category(char) in _NEVER_TEXT


def clean_text(text: str) -> str:
    """Return a text without the characters that no document can contain."""
    return "".join(char for char in text if not is_never_text(char)).strip()


def printable(text: str) -> str:
    """Return a text with a question mark for each character that a terminal cannot show as one.

    These are control characters, escape sequences, bidirectional controls and invisible characters:
    the text may come from an untrusted server.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "?" for char in text)


_JOINERS: Final = "\u200c\u200d"  # ZWNJ and ZWJ: scripts need them inside words (RFC 5892 A.1, A.2)
_NO_BREAK_SPACES: Final = "\u00a0\u2007\u202f"


def trimmed(text: str) -> str:
    """Return a text without spaces, tabs, line ends and format characters at both ends.

    Web pages, chat programs and word processors add them to what a user copies.
    """
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while end > start and _is_blank(text[end - 1]):
        end -= 1
    return text[start:end]


def invisible_in(text: str) -> str | None:
    """Return the first invisible character of a text, which no name may contain.

    Returns:
        Code point and name of a format character (Unicode category Cf, except ZWJ and ZWNJ) or of
        a no-break space; None if there is none.
    """
    if text.isascii():
        return None
    for char in text:
        is_format = char not in _JOINERS and unicodedata.category(char) == "Cf"
        if is_format or char in _NO_BREAK_SPACES:
            return f"U+{ord(char):04X} {unicodedata.name(char, 'without a name')}"
    return None


def _is_blank(char: str) -> bool:
    if char.isascii():
        return char in " \t\r\n"
    return unicodedata.category(char) in {"Cf", "Zs"}


def escaped(text: str) -> str:
    r"""Return a text that a terminal displays without interpreting it; tabs stay.

    Control characters, line ends, invisible characters, and those that change the direction of
    writing become Python's escape sequences: `\x1b`, `\u202e`.
    """
    if text.isprintable():
        return text
    return "".join(
        char
        if char.isprintable() or char == "\t"
        else char.encode("unicode_escape").decode("ascii")
        for char in text
    )
