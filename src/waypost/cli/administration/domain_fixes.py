"""What to do if a domain gets no services from other domains, in the words of the commands."""

from collections.abc import Mapping
from typing import Final

from waypost.core.errors import InvalidObject

_FIXES: Final[Mapping[str, str]] = {
    "have different services or directories": "name one of them with --like",
    "has no other domain whose services can be used": "add the first domain of a provider with its "
    "services (`waypost domain add DOMAIN --provider NAME --service imap=HOST --service "
    'smtp=HOST`, or "Add a domain" of the admin pages), or copy provider and services of another '
    "domain with --like",
}
_NO_PROVIDER: Final = "the database has no provider "
_NO_DOMAIN: Final = "is not a domain of this database"


def fix_of(rule: str) -> str:
    """Return what to do about a broken rule, with a semicolon in front; "" if it says that."""
    if rule.startswith(_NO_PROVIDER) and not rule.endswith("?"):  # It names no similar one.
        return "; `waypost provider list` lists them, and `waypost provider add NAME` adds one"
    return next((f"; {fix}" for text, fix in _FIXES.items() if rule.endswith(text)), "")


def with_fixes(error: InvalidObject, similar: str = "") -> InvalidObject:
    """Return the error with what to do about each mistake.

    Args:
        error: of the use case.
        similar: a question about a similar domain, if that of an alias does not exist.
    """
    return InvalidObject(
        (path, f"{rule}{similar if rule.endswith(_NO_DOMAIN) else fix_of(rule)}")
        for path, rule in error.mistakes
    )
