"""Check the syntax of a search filter (RFC 4515) before it is sent to a server."""

import re
from typing import Final

from waypost.providers_file.validators import RuleBroken

DEPTH_MAX: Final = 32
# RFC 4515 s3: attr = attributedescription; its options, and a matching rule, may follow.
_ITEM: Final = re.compile(
    r"(?P<attribute>[A-Za-z0-9._;-]*)(?P<rule>(:[Dd][Nn])?(:[A-Za-z0-9.-]+)?:)?(?P<type>[~<>]?=)"
)
_BAD_ESCAPE: Final = re.compile(r"\\(?![0-9A-Fa-f]{2})")
_SPACE: Final = " \t\r\n"
_CLOSED: Final = "is not a filter: its parentheses do not match (RFC 4515 s3)"


def check_form(text: str) -> None:
    """Check a filter that still contains its placeholders.

    Raises:
        RuleBroken: the message names the rule.
    """
    end = _filter(text, _skip(text, 0), 0)
    if _skip(text, end) != len(text):
        raise RuleBroken(_CLOSED)


def _filter(text: str, at: int, depth: int) -> int:
    """Check the filter that begins at a position; return the position of its end."""
    if text[at : at + 1] != "(":
        raise RuleBroken(_CLOSED)
    if depth > DEPTH_MAX:
        raise RuleBroken(f"is nested deeper than {DEPTH_MAX} levels")
    at = _skip(text, at + 1)
    sign = text[at : at + 1]
    if sign and sign in "&|!":
        count, at = 0, _skip(text, at + 1)
        while text[at : at + 1] == "(":
            count, at = count + 1, _skip(text, _filter(text, at, depth + 1))
        if count == 0 or (sign == "!" and count > 1):
            raise RuleBroken(f"is not a filter: {count} filters follow {sign} (RFC 4515 s3)")
    else:
        at = _item(text, at)
    if text[at : at + 1] != ")":
        raise RuleBroken(_CLOSED)
    return at + 1


def _item(text: str, at: int) -> int:
    """Check `attribute=value`; return the position of its end."""
    # In a value, parentheses are escaped: the next parenthesis ends the item.
    end = next((i for i in range(at, len(text)) if text[i] in "()"), len(text))
    item = text[at:end]
    match = _ITEM.match(item)
    if match is None:
        if "{" in item.partition("=")[0]:
            raise RuleBroken("can contain placeholders only after =")
        raise RuleBroken(f"is not a filter: {item or '()'} has no attribute and = (RFC 4515 s3)")
    if not match["attribute"] and not match["rule"]:
        raise RuleBroken(f"is not a filter: {item} has no attribute (RFC 4515 s3)")
    value = item[match.end() :]
    if _BAD_ESCAPE.search(value):
        raise RuleBroken(r"is not a filter: two hexadecimal digits must follow \ (RFC 4515 s3)")
    if "*" in value and (match["type"] != "=" or match["rule"]):
        raise RuleBroken(r"is not a filter: * is only for =; write \2a elsewhere (RFC 4515 s3)")
    return end


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at
