"""Lists of domains by what no query can say, in bounded work for each part."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from waypost.admin.name_search import NameBeginning, read_beginnings
from waypost.admin.readers import ObjectReader
from waypost.core.model import Domain
from waypost.store.sql.listing import DomainFilter

PARTS_MAX: Final = 100
"""How many times domains are read for one part of a list."""
_NEXT_RANGE: Final = "//"
"""The key of a part that begins with the second range of names; no name has a slash."""
DomainPart = tuple[list[Domain], str | None]
"""Domains by name, and the key of the next part; None for the last part."""


def filtered_domains(
    reader: ObjectReader,
    wanted: DomainFilter,
    after: str,
    limit: int,
    fits: Callable[[Domain], bool],
    must_end: Callable[[], bool] = lambda: False,
) -> DomainPart:
    """Return domains by name that fit.

    After a number of domains, the part ends, also if it has fewer domains than `limit`, or none.

    Args:
        reader: reads the domains.
        wanted: the conditions of the query.
        after: the key that was returned with the part before; "" for the first part.
        limit: how many domains are returned at most.
        fits: whether a domain is wanted.
        must_end: whether the part must end now, because of the work that `fits` has done.

    Returns:
        The domains, and the key of the next part; None for the last part.
    """
    found: list[Domain] = []
    key: str | None = after
    for _ in range(PARTS_MAX):
        # No more than may still be returned, so that the part ends at a key of the reader.
        domains, key = reader.domains(wanted, key or "", limit - len(found))
        found += [domain for domain in domains if fits(domain)]
        if key is None or len(found) == limit or must_end():
            break
    return found, key


def domains_in_ranges(
    reader: ObjectReader,
    wanted: DomainFilter,
    after: str,
    limit: int,
    read: Callable[[NameBeginning, str, int], DomainPart],
) -> DomainPart:
    """Return domains by name whose names are in one of the ranges of a beginning.

    Args:
        reader: reads the domains.
        wanted: the filter; its prefix is what a person has typed.
        after: the key that was returned with the part before; "" for the first part.
        limit: how many domains are returned at most.
        read: returns the domains of a range after a key, up to a limit.

    Returns:
        The domains, and the key of the next part; None for the last part.
    """
    found: list[Domain] = []
    beginnings = read_beginnings(wanted.prefix)
    if after == _NEXT_RANGE:
        beginnings, after = beginnings[1:], ""
    for beginning in beginnings:
        if len(found) == limit:
            in_range = replace(wanted, prefix=beginning.stored)
            has_more = any(reader.domains(in_range, "", 1))
            return found, _NEXT_RANGE if has_more else None
        domains, key = read(beginning, after, limit - len(found))
        found += domains
        if key is not None:
            return found, key
    return found, None
