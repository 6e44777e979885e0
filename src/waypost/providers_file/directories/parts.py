"""Read the keys of all kinds of directories: attributes, limits, secrets."""

import enum
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

from waypost.core.model import AttributeRule, DirectoryLimits, Secret
from waypost.providers_file.directories.validators import (
    PATH_MAX_CHARS,
    PATTERN_MAX_CHARS,
    URI_MAX_CHARS,
    check_pattern,
)
from waypost.providers_file.validation import Table, kind, nearest
from waypost.providers_file.validators import HOST_MAX_CHARS, NAME_MAX_CHARS, RuleBroken

RULE_KEYS: Final = ("allowed", "pattern", "default")
RULES_MAX: Final = 32
# A name that can be used in %{...}; RFC 4512 s1.4 allows no other names of attributes.
ATTRIBUTE_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_;-]{0,63}")
LIMITS: Final = {
    "time_limit_seconds": (0.05, 60),
    "connect_timeout_seconds": (0.05, 60),
    "max_searches": (1, 256),
    "ttl_seconds": (0, 86_400),
}
"""The lowest and the highest value of each limit."""
# Three slashes and a relative path, perhaps with SQLite's `file:`; one in memory has no path.
_SQLITE_FILE: Final = re.compile(
    r"(sqlite(?:\+\w+)?:///(?:file:)?)(?!file:)([^/:?][^?]*)(.*)", re.DOTALL
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


_Choice = TypeVar("_Choice", bound=enum.StrEnum)


def read_choice(table: Table, key: str, choices: type[_Choice]) -> _Choice | None:
    """Read a key whose value is one word of a fixed list."""
    text = table.text(key, 32)
    if text is None:
        return None
    names = [one.value for one in choices]
    if text not in names:
        table.problem(key, f"is not known{nearest(text, names)}")
        return None
    return choices(text)


def read_limits(table: Table) -> DirectoryLimits:
    """Read the limits; use the default for each limit that is absent or wrong."""
    found: dict[str, Any] = {}
    for name, (low, high) in LIMITS.items():
        value = (
            table.integer(name, int(low), int(high))
            if name == "max_searches"
            else table.number(name, low, high)
        )
        if value is not None:
            found[name] = value
    return DirectoryLimits(**found)


def read_rules(table: Table) -> tuple[AttributeRule, ...]:
    """Read the attributes that templates may use, and their allowed values."""
    attributes = table.table("attributes")
    found = []
    for name in attributes.keys() if attributes is not None else ():
        rule = attributes.table(name) if attributes is not None else None
        if rule is None:
            continue
        if not ATTRIBUTE_NAME.fullmatch(name):
            rule.problem("", "is not a name for %{...}: use letters, digits, -, _ and ;")
            continue
        rule.refuse_unknown(RULE_KEYS)
        allowed = _allowed(rule)
        pattern = read_checked(rule, "pattern", PATTERN_MAX_CHARS, check_pattern)
        default = rule.text("default", HOST_MAX_CHARS, may_be_empty=True)
        if "allowed" in rule and "pattern" in rule:
            rule.problem("pattern", "cannot be combined with allowed; use only one of them")
        elif "allowed" not in rule and "pattern" not in rule:
            rule.problem("", "must limit the values: set allowed = [...] or pattern = ...")
        found.append(AttributeRule(name, allowed, pattern, default))
    if len(found) > RULES_MAX:
        table.problem("attributes", f"lists more than {RULES_MAX} attributes")
    return tuple(found)


def read_path(table: Table, key: str, folder: Path | None) -> str | None:
    """Read the path of a file, and return the absolute path.

    A process that reads the path from a database has another working directory, where a relative
    path would mean another file.

    Args:
        table: the table with the path.
        key: the key of the path.
        folder: the path is relative to it; None if only absolute paths can be used.
    """
    text = table.text(key, PATH_MAX_CHARS)
    return None if text is None else _absolute(table, key, text, folder)


def read_uri(table: Table, folder: Path | None) -> Secret:
    """Read the URI of a database; the path of a SQLite file in it is read like all other paths.

    If the URI is in another file or in a variable, only Waypost itself reads it. A relative path
    in it is then relative to Waypost's working directory.

    Args:
        table: the table with the URI.
        folder: paths are relative to it; None if only absolute paths can be used.
    """
    uri = read_secret(table, "uri", folder)
    if uri.value is None or (found := _SQLITE_FILE.fullmatch(uri.value)) is None:
        return uri
    before, path, after = found.groups()
    return replace(uri, value=f"{before}{_absolute(table, 'uri', path, folder)}{after}")


def _absolute(table: Table, key: str, text: str, folder: Path | None) -> str:
    path = Path(text)
    if not path.is_absolute() and folder is None:
        table.problem(key, "must be an absolute path here")
    return str(((folder or Path()) / path).absolute())


def read_secret(table: Table, key: str, folder: Path | None) -> Secret:
    """Read a secret from the key, from a file (`KEY_file`) or from a variable (`KEY_env`)."""
    value = table.text(key, URI_MAX_CHARS, may_be_empty=True)
    file = read_path(table, f"{key}_file", folder)
    variable = table.text(f"{key}_env", NAME_MAX_CHARS)
    given = [name for name in (key, f"{key}_file", f"{key}_env") if name in table]
    if len(given) > 1:
        table.problem(given[1], f"cannot be combined with {given[0]}; use only one of them")
    return Secret(value or None, file, variable)


def read_checked(table: Table, key: str, max_chars: int, check: Callable[[str], str]) -> str | None:
    """Read a string of one or several lines, and check it with `check`."""
    if key not in table:
        return None
    value = table.raw(key)
    if not isinstance(value, str):
        table.problem(key, f"must be a string, not {kind(value)}")
        return None
    text = value.strip()
    try:
        _check_plain(text, max_chars)
        return check(text)
    except RuleBroken as broken:
        table.problem(key, str(broken))
        return None


def _check_plain(text: str, max_chars: int) -> None:
    if not text:
        raise RuleBroken("must not be empty")
    if len(text) > max_chars:
        raise RuleBroken(f"is longer than {max_chars} characters")
    if _CONTROL.search(text):
        raise RuleBroken("contains a control character")


def _allowed(rule: Table) -> tuple[str, ...] | None:
    if "allowed" not in rule:
        return None
    items = rule.items("allowed")
    if not items and isinstance(rule.raw("allowed"), list):
        rule.problem("allowed", "is empty; list the values that may be used")
    found = []
    for at, item in items:
        if not isinstance(item, str) or not item.strip() or len(item) > HOST_MAX_CHARS:
            rule.problem(at, f"must be a string of 1 to {HOST_MAX_CHARS} characters")
            continue
        found.append(item)
    return tuple(found)
