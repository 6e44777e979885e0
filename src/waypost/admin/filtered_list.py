"""Lists of domains by what no query can say, in bounded work for each part."""

from collections.abc import Callable
from typing import Final

from waypost.admin.readers import ObjectReader
from waypost.core.model import Domain
from waypost.store.sql.listing import DomainFilter

PARTS_MAX: Final = 100
"""How many times domains are read for one part of a list."""


def filtered_domains(
    reader: ObjectReader,
    wanted: DomainFilter,
    after: str,
    limit: int,
    fits: Callable[[Domain], bool],
    must_end: Callable[[], bool] = lambda: False,
) -> tuple[list[Domain], str | None]:
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
