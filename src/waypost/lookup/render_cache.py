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
class _CachedDocument:
    """A document for any user, and its sources; None if each user has a different one."""

    entry: Domain
    document: bytes | None


class RenderCache:
    """A cache of the documents that are the same for all users of a domain."""

    def __init__(self, size: int = CACHED_DOCUMENTS_MAX) -> None:
        """Create an empty cache of this size."""
        self._cache: LruCache[Key, _CachedDocument] = LruCache(size)

    def render(self, render: Render[*More], result: LookupResult, *more: *More) -> bytes:
        """Return exactly the bytes of `render(found.config(), *more)`.

        Args:
            render: a format, which is a pure function.
            result: for an address or for a domain.
            more: other arguments of the format; the same for all users of a domain.

        Raises:
            Exception: any error of `render`.
        """
        address, entry = result.address, result.entry
        # Any client can invent names that a pattern matches. Keeping their documents would cost
        # time, and push out documents that are used again.
        if entry.pattern.kind is not MatchKind.EXACT:
            return render(result.config(), *more)
        if address is not None and not _differs_only_in_local_part(address, entry):
            return render(result.config(), *more)
        key = render, more, result.domain, address is None
        cached = self._cache.get(key)
        if cached is None or (cached.entry is not entry and cached.entry != entry):
            cached = _CachedDocument(entry, _render_for_any_user(render, result, *more))
            self._cache.put(key, cached)
        cached.entry = entry  # The same object is compared faster the next time.
        if cached.document is None:
            return render(result.config(), *more)
        if address is None:
            return cached.document
        return cached.document.replace(PLACEHOLDER_LOCAL_PART.encode(), address.local_part.encode())


def _differs_only_in_local_part(address: EmailAddress, entry: Domain) -> bool:
    """Return whether a document for this address differs from others only in the local part."""
    # Timing must not reveal what a directory contains: with a directory, nothing is cached.
    if entry.users is not None or not address.is_plain:
        return False
    # A document for a sub-address may contain the address and its user: two local parts.
    return entry.provider.mailbox_of(address) == address


def _render_for_any_user(render: Render[*More], result: LookupResult, *more: *More) -> bytes | None:
    """Render the document of all users of a domain; None if there is no such document."""
    if result.address is None:
        return render(result.config(), *more)
    if any(_host_depends_on_user(service, result.domain) for service in result.entry.services):
        return None
    any_user = EmailAddress(PLACEHOLDER_LOCAL_PART, result.domain)
    return render(replace(result, address=any_user).config(), *more)


def _host_depends_on_user(service: Service, domain: DomainName) -> bool:
    """Return whether the host of a service depends on the user: as a name, in lower case."""
    endpoint = service.endpoint
    host = endpoint.url if isinstance(endpoint, UrlEndpoint) else endpoint.host
    if attributes_in(host):
        return True
    if isinstance(endpoint, UrlEndpoint):
        # RFC 3986 s3.2: the authority ends at a slash, a question mark or a number sign.
        host = host.partition("://")[2].replace("?", "/").replace("#", "/").partition("/")[0]
    return has_placeholder(expand(host, domain, None))
