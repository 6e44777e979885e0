"""Microsoft Autodiscover for ActiveSync, the mobilesync schema: MS-ASCMD s2.2.1.1.

Read by Nine, iOS, Thunderbird's detection of Exchange, and the newer Outlook.
"""

from typing import Final

from lxml import etree

from waypost.core.address import EmailAddress
from waypost.core.errors import ServiceNotOffered
from waypost.core.model import ClientConfig, Format, ServiceType, UrlEndpoint
from waypost.core.preference import first_protected, is_protected
from waypost.formats.autodiscover.pox import RESPONSE_NAMESPACE
from waypost.formats.xml import child, in_namespace, to_bytes

_MOBILESYNC: Final = (
    "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"
)


def render_redirect(address: EmailAddress, domain: str) -> bytes:
    """Return a redirect to the user's new address (MS-ASCMD, element Redirect).

    Args:
        address: the address in the request.
        domain: the domain of the new address, which has the same local part.
    """
    root, response = _response()
    child(child(response, "User"), "EMailAddress", str(address))
    child(child(response, "Action"), "Redirect", f"{address.local_part}@{domain}")
    return to_bytes(root)


def render(config: ClientConfig) -> bytes:
    """Return the answer with the URL of the ActiveSync service.

    The answer never contains mail services: a client that requests this schema cannot use them.

    Args:
        config: a configuration with an address; its URLs contain no placeholder.

    Raises:
        ServiceNotOffered: there is no ActiveSync service, or none over https.
    """
    url = service_url(config, ServiceType.ACTIVESYNC)
    root, response = _response()
    user = child(response, "User")
    if config.user.display_name:
        child(user, "DisplayName", config.user.display_name)
    child(user, "EMailAddress", str(config.address))
    server = child(child(child(response, "Action"), "Settings"), "Server")
    child(server, "Type", "MobileSync")
    child(server, "Url", url)
    # MS-ASCMD, element Name: for MobileSync the name of a server is its URL.
    child(server, "Name", url)
    return to_bytes(root)


def _response() -> tuple[etree._Element, etree._Element]:
    root = in_namespace("Autodiscover", RESPONSE_NAMESPACE)
    response = in_namespace("Response", _MOBILESYNC)
    root.append(response)
    # MS-ASCMD, element Culture: the language of the answer, written with a colon.
    child(response, "Culture", "en:us")
    return root, response


def has_protected_service(config: ClientConfig, kind: ServiceType) -> bool:
    """Return whether the domain has a service of a type whose URL is in Autodiscover."""
    return any(map(is_protected, config.for_format(Format.AUTODISCOVER).of_type(kind)))


def service_url(config: ClientConfig, kind: ServiceType) -> str:
    """Return the URL of the preferred service of a type.

    The URL must be https, because the client sends a password to it.

    Raises:
        ServiceNotOffered: there is no service of that type, or none over https.
    """
    service = first_protected(config.for_format(Format.AUTODISCOVER).of_type(kind))
    if service is None or not isinstance(service.endpoint, UrlEndpoint):
        raise ServiceNotOffered(f"{config.domain} has no {kind} service")
    if not is_protected(service):
        raise ServiceNotOffered(f"{config.domain} has no {kind} service over https")
    return service.endpoint.url
