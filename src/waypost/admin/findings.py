"""Search domains by a finding of the linter, in bounded work for each part of the list."""

from collections.abc import Callable
from difflib import get_close_matches
from typing import Final

from waypost.admin.filtered_list import filtered_domains
from waypost.admin.readers import ObjectReader
from waypost.core.errors import InvalidObject
from waypost.core.model import Domain
from waypost.diagnostics.codes import CODE_TABLES
from waypost.diagnostics.lint.domains import lint_domain
from waypost.diagnostics.lint.rules import RULES
from waypost.store.sql.listing import DomainFilter

LINTED_MAX: Final = 1000
"""After how many different sets of services a page ends."""
_SHOWN_MAX_CHARS: Final = 60
_CODES: Final = frozenset(rule.code for rule in RULES)
_Entry = tuple[object, ...]


def check_finding(code: str) -> None:
    """Check that a text is a code of the linter.

    Raises:
        InvalidObject: it is none.
    """
    if code in _CODES:
        return
    shown = repr(code[:_SHOWN_MAX_CHARS])
    others = (table for table in CODE_TABLES if code in {one.code for one in table.codes})
    if (table := next(others, None)) is not None:
        rule = f"{shown} is a code of `{table.command}`, and not of `waypost lint`"
    else:
        near = get_close_matches(code, _CODES, n=1)
        hint = f"did you mean {near[0]}?" if near else "`waypost explain` lists them"
        rule = f"{shown} is not a code of `waypost lint`; {hint}"
    raise InvalidObject([("finding", rule)])


def domains_with_finding(
    reader: ObjectReader,
    wanted: DomainFilter,
    code: str,
    after: str,
    limit: int,
    fits: Callable[[Domain], bool] = lambda _: True,
) -> tuple[list[Domain], str | None]:
    """Return domains by name about which the linter finds something.

    Each different set of services is checked once. After a number of domains, the part ends, also
    if it has fewer domains than `limit`, or none.

    Args:
        reader: reads the domains.
        wanted: other conditions.
        code: of the linter.
        after: the key that was returned with the part before; "" for the first part.
        limit: how many domains are returned at most.
        fits: whether a domain meets the conditions that no query can have.

    Returns:
        The domains, and the key of the next part; None for the last part.
    """
    known: dict[_Entry, bool] = {}
    return filtered_domains(
        reader,
        wanted,
        after,
        limit,
        lambda domain: fits(domain) and _has_finding(domain, code, known),
        lambda: len(known) >= LINTED_MAX,
    )


def _has_finding(domain: Domain, code: str, known: dict[_Entry, bool]) -> bool:
    if domain.redirect is not None:
        return False  # No client receives its services.
    users = None if domain.users is None else domain.users.key
    entry = (domain.provider, domain.services, users)
    if entry not in known:
        known[entry] = any(group.code == code for group in lint_domain(domain).groups)
    return known[entry]
