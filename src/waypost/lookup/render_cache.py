"""Documents that differ between users only in the address, rendered once.

Such a document is rendered for a made-up user, and kept; for each user the local part and the
domain are replaced. docs/decisions/0010-rendered-once.md explains why this gives the same bytes as
rendering it again, and which documents are never kept.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVarTuple, Unpack

from waypost.core.address import DomainName, EmailAddress
from waypost.core.document_template import ANY_USER, DocumentTemplate, RenderedDocument
from waypost.core.errors import WaypostError
from waypost.core.model import (
    ClientConfig,
    Domain,
    MatchKind,
    Provider,
    Service,
    UrlEndpoint,
)
from waypost.core.placeholders import attributes_in, expand, has_placeholder
from waypost.lookup.lookup import LookupResult
from waypost.runtime.lru import LruCache

More = TypeVarTuple("More")
"""The other arguments of a format; the same for all users, and hashable."""
Render = Callable[[ClientConfig, Unpack[More]], bytes]
Template = Callable[[ClientConfig, Unpack[More]], DocumentTemplate]
Key = tuple[object, ...]

CACHED_DOCUMENTS_MAX: Final = 1000
"""Some 3 KB each."""
# A name made of a domain within these limits and a host within the last one is never too long.
_SHARED_DOMAIN_MAX_CHARS: Final = 100
_SHARED_LABEL_MAX_CHARS: Final = 30
_HOST_MAX_CHARS: Final = 100
_HOST_LABEL_MAX_CHARS: Final = 30
# What can be in place of the names of `ANY_USER`.
_OTHERS: Final = {
    ANY_USER.local_part: "[A-Za-z0-9._-]+",
    ANY_USER.domain.ascii: "[a-z0-9.-]+",
}


@dataclass(slots=True)
class _CachedDocument:
    """A document for any user, and its services; None if each user has a different one."""

    services: tuple[Service, ...]
    template: DocumentTemplate | None


class RenderCache:
    """A cache of the documents that are the same for all users of a domain or a provider."""

    def __init__(self, size: int = CACHED_DOCUMENTS_MAX) -> None:
        """Create an empty cache of this size."""
        self._kept: LruCache[Key, _CachedDocument] = LruCache(size)

    def render(
        self,
        render: Render[*More],
        result: LookupResult,
        *more: *More,
        template: Template[*More] | None = None,
    ) -> RenderedDocument:
        """Return exactly the bytes of `render(result.config(), *more)`.

        Args:
            render: a format, which is a pure function.
            result: for an address or for a domain.
            more: other arguments of the format; the same for all users of a domain.
            template: the same format as a template; None if its document for `ANY_USER` is one.

        Raises:
            Exception: any error of `render`.
        """
        kept = self._template(render, result, template, *more)
        if kept is None:
            return RenderedDocument.of(render(result.config(), *more))
        local_part = b"" if result.address is None else result.address.local_part.encode()
        domain = result.domain.ascii.encode()
        body = kept.document(local_part, domain)
        return RenderedDocument(body, kept.etag(local_part, domain), kept)

    def _template(
        self,
        render: Render[*More],
        result: LookupResult,
        template: Template[*More] | None,
        *more: *More,
    ) -> DocumentTemplate | None:
        address, entry = result.address, result.entry
        if address is not None and not _differs_only_in_local_part(address, entry):
            return None
        of_any_domain = address is not None and is_like_any_domain(result.domain, entry)
        # Any client can invent names that a pattern matches: these must not push out documents.
        if not of_any_domain and entry.pattern.kind is not MatchKind.EXACT:
            return None
        place = None if of_any_domain else result.domain
        # Nested values are slow to hash, so services count by their identity. The kept document
        # keeps them alive, so that no others get the same identity.
        key = (render, more, place, address is None, id(entry.services), *_rest_of(entry))
        kept = self._kept.get(key)
        if kept is None:
            user = ANY_USER if of_any_domain else EmailAddress(ANY_USER.local_part, result.domain)
            kept = _CachedDocument(entry.services, _for_user(user, render, template, result, *more))
            self._kept.put(key, kept)
        return kept.template


def _rest_of(entry: Domain) -> tuple[Provider, str | None, bytes | None]:
    """Return what documents are made of, except services, redirect and directory."""
    return entry.provider, entry.alias_of, entry.pinned_pacc


def _differs_only_in_local_part(address: EmailAddress, entry: Domain) -> bool:
    """Return whether a document for this address differs from others only in the local part."""
    # Timing must not reveal what a directory contains: with a directory, nothing is cached.
    if entry.users is not None or not address.is_plain:
        return False
    # A document for a sub-address may contain the address and its user: two local parts.
    return entry.provider.mailbox_of(address) == address


def is_like_any_domain(domain: DomainName, entry: Domain) -> bool:
    """Return whether a document for this domain differs from others only in the domain.

    A service whose host would be too long is left out, and some documents contain U-labels.
    """
    name = domain.ascii
    if len(name) > _SHARED_DOMAIN_MAX_CHARS or "xn--" in name:
        return False
    if any(len(label) > _SHARED_LABEL_MAX_CHARS for label in name.split(".")):
        return False
    return all(_has_short_host(service) for service in entry.services)


def _has_short_host(service: Service) -> bool:
    host = _host_of(service)
    if not has_placeholder(host):
        return True
    labels = host.split(".")
    return len(host) <= _HOST_MAX_CHARS and max(map(len, labels)) <= _HOST_LABEL_MAX_CHARS


def _for_user(
    user: EmailAddress,
    render: Render[*More],
    template: Template[*More] | None,
    result: LookupResult,
    *more: *More,
) -> DocumentTemplate | None:
    """Return the document of all users of a domain; None if there is no such document."""
    if result.address is None:
        return DocumentTemplate(render(result.config(), *more))
    if any(_host_depends_on_user(service, user.domain) for service in result.entry.services):
        return None
    config = replace(result, domain=user.domain, address=user).config()
    if _have_equal_texts_for_some(config.services):
        return None
    try:
        if template is not None:
            return template(config, *more)
        of_any_domain = user == ANY_USER
        return DocumentTemplate(render(config, *more), is_for_any_domain=of_any_domain)
    except WaypostError:  # The message would name the made-up domain.
        return None


def _host_depends_on_user(service: Service, domain: DomainName) -> bool:
    """Return whether the host of a service depends on the user: as a name, in lower case."""
    endpoint = service.endpoint
    place = endpoint.url if isinstance(endpoint, UrlEndpoint) else endpoint.host
    if attributes_in(place):
        return True
    return has_placeholder(expand(_host_of(service), domain, None))


def _have_equal_texts_for_some(services: tuple[Service, ...]) -> bool:
    """Return whether two login names or URLs differ, but could be equal for another user.

    Formats compare these texts. The services must be those of `ANY_USER`, or of a user of its name.
    """
    texts = {service.login_name or "" for service in services}
    texts |= {
        service.endpoint.url for service in services if isinstance(service.endpoint, UrlEndpoint)
    }
    return any(
        pattern.fullmatch(other)
        for text in texts
        if (pattern := _pattern_of(text)) is not None
        for other in texts - {text}
    )


def _pattern_of(text: str) -> re.Pattern[str] | None:
    """Return what matches a text of other users as well; None if it is the same for all users."""
    pattern = re.escape(text)
    for marker, others in _OTHERS.items():
        pattern = pattern.replace(re.escape(marker), others)
    return None if pattern == re.escape(text) else re.compile(pattern)


def _host_of(service: Service) -> str:
    endpoint = service.endpoint
    if not isinstance(endpoint, UrlEndpoint):
        return endpoint.host
    # RFC 3986 s3.2: the authority ends at a slash, a question mark or a number sign.
    rest = endpoint.url.partition("://")[2].replace("?", "/").replace("#", "/")
    return rest.partition("/")[0]
