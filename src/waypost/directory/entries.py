"""Conversion of a directory's entry to the user data that Waypost may use."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from waypost.core.model import AttributeRule, Directory, LdapDirectory, LdapServer, User
from waypost.core.text_rules import is_never_text
from waypost.directory.protocol import Entry

LOGIN_COLUMN: Final = "login"
DISPLAY_NAME_COLUMN: Final = "display_name"
VALUE_MAX_CHARS: Final = 255


@dataclass(frozen=True, slots=True)
class RequestedAttributes:
    """The attributes that Waypost reads from an entry.

    Attributes:
        login: the attribute with the login name.
        display_name: the attribute with the display name, or None.
        login_pattern: if there are several login names, the first match of this pattern is used.
        rules: the attributes that templates may use, with their allowed values.
    """

    login: str
    display_name: str | None
    login_pattern: str | None
    rules: tuple[AttributeRule, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return each needed attribute, once."""
        names = [self.login, *([self.display_name] if self.display_name else [])]
        return tuple(dict.fromkeys([*names, *(rule.name for rule in self.rules)]))


def requested_attributes(directory: Directory) -> RequestedAttributes:
    """Return the attributes that are needed from a directory's entries."""
    if isinstance(directory, LdapServer):
        return RequestedAttributes(directory.attr_uid, directory.attr_cn, None, ())
    if isinstance(directory, LdapDirectory):
        names = (directory.attr_uid, directory.attr_cn, directory.login_pattern)
        return RequestedAttributes(*names, directory.rules)
    return RequestedAttributes(LOGIN_COLUMN, DISPLAY_NAME_COLUMN, None, directory.rules)


def user_of(entry: Entry, requested: RequestedAttributes) -> User:
    """Convert an entry to a user; values that no document can carry count as absent.

    Attribute names match in any case, with or without options (RFC 4512 s2.5): `cn;lang-de`
    counts as `cn` if there is no plain `cn`.
    """
    pattern = None if requested.login_pattern is None else re.compile(requested.login_pattern)
    logins = _usable_values(entry, requested.login)
    login = next((value for value in logins if pattern is None or pattern.fullmatch(value)), None)
    names = _usable_values(entry, requested.display_name) if requested.display_name else iter(())
    values = (
        (rule.name, allowed_value(rule, _usable_values(entry, rule.name)))
        for rule in requested.rules
    )
    attributes = tuple((name, value) for name, value in values if value is not None)
    return User(login, next(names, None), attributes)


def allowed_value(rule: AttributeRule, values: Iterable[str]) -> str | None:
    """Return the first of several values that a rule allows, or None."""
    if rule.allowed is not None:
        known = {candidate.lower(): candidate for candidate in rule.allowed}
        return next(
            (known[candidate.lower()] for candidate in values if candidate.lower() in known), None
        )
    pattern = re.compile(rule.pattern or "", re.IGNORECASE)
    return next((candidate for candidate in values if pattern.fullmatch(candidate)), None)


def _usable_values(entry: Entry, name: str) -> Iterator[str]:
    for value in _values(entry, name.lower()):
        text = value.strip()
        if text and len(text) <= VALUE_MAX_CHARS and not any(map(is_never_text, text)):
            yield text


def _values(entry: Entry, name: str) -> Sequence[str]:
    by_name = {key.lower(): values for key, values in entry.items()}
    if by_name.get(name):
        return by_name[name]
    with_options = sorted(key for key in by_name if key.startswith(f"{name};"))
    return [value for key in with_options for value in by_name[key]]
