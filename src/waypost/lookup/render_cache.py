"""Documents that differ between the users of a domain only in the address.

Such a document is rendered once, for a made-up user, and kept; for each user only the local part is
replaced. docs/decisions/0010-rendered-once.md explains why this gives the same bytes as rendering
it again, and which documents are never kept.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVarTuple, Unpack

from waypost.core.address import DomainName, EmailAddress
from waypost.core.model import ClientConfig, Domain, MatchKind, Service, UrlEndpoint
from waypost.core.placeholders import attributes_in, expand, has_placeholder
from waypost.lookup.lookup import LookupResult
from waypost.runtime.lru import LruCache

More = TypeVarTuple("More")
"""The other arguments of a format; the same for all users, and hashable."""
Render = Callable[[ClientConfig, Unpack[More]], bytes]
Key = tuple[object, tuple[object, ...], DomainName, bool]

CACHED_DOCUMENTS_MAX: Final = 1000
"""Some 3 KB each."""
PLACEHOLDER_LOCAL_PART: Final = "Anybody.5f0c3b9e7d1a4286"
"""A local part that needs no escapes; hosts and domains have no capitals, so it is in neither."""


@dataclass(slots=True)
class _Kept:
    """A document for any user, and its sources; None if each user has a different one."""

    entry: Domain
    document: bytes | None


class RenderCache:
    """A cache of the documents that are the same for all users of a domain."""

    def __init__(self, size: int = CACHED_DOCUMENTS_MAX) -> None:
        """Create an empty cache of this size."""
        self._kept: LruCache[Key, _Kept] = LruCache(size)

    def render(self, render: Render[*More], found: LookupResult, *more: *More) -> bytes:
        """Return exactly the bytes of `render(found.config(), *more)`.

        Args:
            render: a format, which is a pure function.
            found: for an address or for a domain.
            more: other arguments of the format; the same for all users of a domain.

        Raises:
            Exception: any error of `render`.
        """
        address, entry = found.address, found.entry
        # Any client can invent names that a pattern matches. Keeping their documents would cost
        # time, and push out documents that are used again.
        if entry.pattern.kind is not MatchKind.EXACT:
            return render(found.config(), *more)
        if address is not None and not _is_like_anybody(address, entry):
            return render(found.config(), *more)
        key = render, more, found.domain, address is None
        kept = self._kept.get(key)
        if kept is None or (kept.entry is not entry and kept.entry != entry):
            kept = _Kept(entry, _for_anybody(render, found, *more))
            self._kept.put(key, kept)
        kept.entry = entry  # The same object is compared faster the next time.
        if kept.document is None:
            return render(found.config(), *more)
        if address is None:
            return kept.document
        return kept.document.replace(PLACEHOLDER_LOCAL_PART.encode(), address.local_part.encode())


def _is_like_anybody(address: EmailAddress, entry: Domain) -> bool:
    """Return whether a document for this address differs from others only in the local part."""
    # Timing must not reveal what a directory contains: with a directory, nothing is cached.
    if entry.users is not None or not address.is_plain:
        return False
    # A document for a sub-address may contain the address and its user: two local parts.
    return entry.provider.mailbox_of(address) == address


def _for_anybody(render: Render[*More], found: LookupResult, *more: *More) -> bytes | None:
    """Render the document of all users of a domain; None if there is no such document."""
    if found.address is None:
        return render(found.config(), *more)
    if any(_is_elsewhere_for_each(service, found.domain) for service in found.entry.services):
        return None
    anybody = EmailAddress(PLACEHOLDER_LOCAL_PART, found.domain)
    return render(replace(found, address=anybody).config(), *more)


def _is_elsewhere_for_each(service: Service, domain: DomainName) -> bool:
    """Return whether the host of a service depends on the user: as a name, in lower case."""
    endpoint = service.endpoint
    place = endpoint.url if isinstance(endpoint, UrlEndpoint) else endpoint.host
    if attributes_in(place):
        return True
    if isinstance(endpoint, UrlEndpoint):
        # RFC 3986 s3.2: the authority ends at a slash, a question mark or a number sign.
        place = place.partition("://")[2].replace("?", "/").replace("#", "/").partition("/")[0]
    return has_placeholder(expand(place, domain, None))
