"""The placeholders that stand in the texts of a service.

draft-ietf-mailmaint-autoconfig-06, s"Placeholders": `%EMAILADDRESS%`, `%EMAILLOCALPART%` and
`%EMAILDOMAIN%`. automx2 and Thunderbird know the same three. Case does not matter.
"""

import re
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from waypost.address import DomainName, EmailAddress
from waypost.errors import DomainError
from waypost.model import ClientConfig, Domain, Service, UrlEndpoint
from waypost.preference import ordered

_PLACEHOLDER: Final = re.compile("%(EMAILADDRESS|EMAILLOCALPART|EMAILDOMAIN)%", re.IGNORECASE)


def has_placeholder(text: str) -> bool:
    """Tell whether a text holds a placeholder."""
    return _PLACEHOLDER.search(text) is not None


def expand(text: str, domain: DomainName, address: EmailAddress | None) -> str:
    """Put the address, or only the domain, into a text.

    Without an address, what needs the local part stays as it is, so that the client can expand it.
    What is put in is never expanded again.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1].upper()
        if name == "EMAILDOMAIN":
            return domain.ascii
        if address is None:
            return f"%{name}%"
        return str(address) if name == "EMAILADDRESS" else address.local_part

    return _PLACEHOLDER.sub(value, text)


def expand_url(url: str, domain: DomainName, address: EmailAddress | None) -> str:
    """Do the same in a URL, where the local part must not become a path, a query or a host.

    RFC 3986 s3.3: what a path segment may not hold is percent-encoded; `@` and `+` may stay.
    """

    def value(match: re.Match[str]) -> str:
        return quote(expand(match[0], domain, address), safe="@+!$&'()*,;=:")

    if address is None:
        return expand(url, domain, None)
    return _PLACEHOLDER.sub(value, url)


def expand_service(
    service: Service, domain: DomainName, address: EmailAddress | None
) -> Service | None:
    """Expand every text of a service: host or URL, and login name.

    Returns:
        None where the host would not be a name that can exist, as `a_b.example.com` for the host
        `%EMAILLOCALPART%.example.com`: such a service does not exist for this address.
    """
    endpoint = service.endpoint
    if isinstance(endpoint, UrlEndpoint):
        endpoint = UrlEndpoint(expand_url(endpoint.url, domain, address))
    elif has_placeholder(endpoint.host):
        host = expand(endpoint.host, domain, address)
        if not has_placeholder(host):
            try:
                host = DomainName.parse(host).ascii
            except DomainError:
                return None
        endpoint = replace(endpoint, host=host)
    login_name = service.login_name
    if login_name is not None:
        login_name = expand(login_name, domain, address)
    return replace(service, endpoint=endpoint, login_name=login_name)


def expand_domain(entry: Domain, domain: DomainName, address: EmailAddress | None) -> ClientConfig:
    """Make the configuration for one domain or one address from what the store keeps."""
    expanded = [expand_service(service, domain, address) for service in entry.services]
    services = ordered(service for service in expanded if service is not None)
    return ClientConfig(domain, address, entry.provider, services)
