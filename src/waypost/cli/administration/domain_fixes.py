"""What to do if a domain gets no services from other domains, in the words of the commands."""

from collections.abc import Mapping
from typing import Final

from waypost.core.errors import InvalidObject

_FIXES: Final[Mapping[str, str]] = {
    "have different services or directories": "name one of them with --like",
    "has no other domain whose services can be used": "add the first domain of a provider, with "
    'its services, by "Add a domain" of the admin pages or by `waypost apply`, or copy provider '
    "and services of another domain with --like",
}


def fix_of(rule: str) -> str:
    """Return what to do about a broken rule, with a semicolon in front; "" if it says that."""
    return next((f"; {fix}" for text, fix in _FIXES.items() if rule.endswith(text)), "")


def with_fixes(error: InvalidObject) -> InvalidObject:
    """Return the error with what to do about each mistake."""
    return InvalidObject((path, f"{rule}{fix_of(rule)}") for path, rule in error.mistakes)
