"""The mail domain that the host name of a request means."""

from typing import Final

from waypost.core.address import DomainName
from waypost.core.errors import DomainError
from waypost.core.host import host_without_port
from waypost.core.model import Domain
from waypost.web.app_context import AppContext
from waypost.web.public.request import Request

WWW: Final = "www."


async def mail_domain(context: AppContext, request: Request) -> DomainName | None:
    """Return the mail domain that Host means, without the prefix of a protocol.

    `www.D` means D, unless `www.D` has its own entry: web servers redirect the bare domain there,
    and clients that send no address follow. A pattern such as `*.D` is not such an entry, because
    it matches every name below D.

    Returns:
        None if Host is missing, an IP address, or not a domain name.

    Raises:
        StoreUnavailable, StoreError: the store does not answer.
    """
    domain = request.host_domain()
    parent = next(iter(domain.parents()), None) if domain is not None else None
    if domain is None or parent is None or domain.ascii != f"{WWW}{parent.ascii}":
        return domain
    if not host_without_port(request.origin.host).lower().startswith(WWW):
        return domain  # `autoconfig.www.D` is for addresses at www.D.
    if _is_exact_entry(domain, await context.lookup.entry_for(domain)):
        return domain
    entry = await context.lookup.entry_for(parent)
    # A pattern for all domains does not make `com` a mail domain.
    return (
        parent
        if entry is not None and ("." in parent.ascii or _is_exact_entry(parent, entry))
        else domain
    )


def https_base(context: AppContext, request: Request) -> str | None:
    """Return scheme and host of the URL where a client reaches this server by https.

    The host is configured, or the one that the client used, which must be that of a served domain.

    Returns:
        None if that is not a domain name.
    """
    if context.public_url is not None:
        return context.public_url
    try:
        return f"https://{DomainName.parse(host_without_port(request.origin.host)).ascii}"
    except DomainError:
        return None


def _is_exact_entry(domain: DomainName, entry: Domain | None) -> bool:
    return entry is not None and entry.pattern.text == domain.ascii
