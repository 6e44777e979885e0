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
_UNBALANCED: Final = "is not a filter: its parentheses do not match (RFC 4515 s3)"


def check_filter_syntax(text: str) -> None:
    """Check a filter that still contains its placeholders.

    Raises:
        RuleBroken: the message names the rule.
    """
    end = _check_filter(text, _skip_spaces(text, 0), 0)
    if _skip_spaces(text, end) != len(text):
        raise RuleBroken(_UNBALANCED)


def _check_filter(text: str, position: int, depth: int) -> int:
    """Check the filter that begins at a position; return the position of its end."""
    if text[position : position + 1] != "(":
        raise RuleBroken(_UNBALANCED)
    if depth > DEPTH_MAX:
        raise RuleBroken(f"is nested deeper than {DEPTH_MAX} levels")
    position = _skip_spaces(text, position + 1)
    operator = text[position : position + 1]
    if operator and operator in "&|!":
        count, position = 0, _skip_spaces(text, position + 1)
        while text[position : position + 1] == "(":
            count += 1
            position = _skip_spaces(text, _check_filter(text, position, depth + 1))
        if count == 0 or (operator == "!" and count > 1):
            raise RuleBroken(f"is not a filter: {count} filters follow {operator} (RFC 4515 s3)")
    else:
        position = _check_item(text, position)
    if text[position : position + 1] != ")":
        raise RuleBroken(_UNBALANCED)
    return position + 1


def _check_item(text: str, position: int) -> int:
    """Check `attribute=value`; return the position of its end."""
    # In a value, parentheses are escaped: the next parenthesis ends the item.
    end = next((i for i in range(position, len(text)) if text[i] in "()"), len(text))
    item = text[position:end]
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


def _skip_spaces(text: str, position: int) -> int:
    while position < len(text) and text[position] in _SPACE:
        position += 1
    return position
