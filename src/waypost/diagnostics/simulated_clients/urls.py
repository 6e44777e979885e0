"""URLs and bodies of requests that more than one client sends."""

from typing import Final, Literal
from urllib.parse import quote

from waypost.diagnostics.simulated_clients.session import ClientRequest
from waypost.formats.xml import child, in_namespace, to_bytes

DATABASE_HOST: Final = "autoconfig.thunderbird.net"
# Sailfish OS reads the same database at the first host; Mustang has its own database.
DATABASE_SOURCES_HOST: Final = "raw.githubusercontent.com"
MUSTANG_DATABASE_HOST: Final = "v1.ispdb.net"
DATABASE_HOSTS: Final = frozenset({DATABASE_HOST, DATABASE_SOURCES_HOST, MUSTANG_DATABASE_HOST})
"""The public databases: hosts outside of the domain that a user asks about."""
AUTOCONFIG_PATH: Final = "/mail/config-v1.1.xml"
WELL_KNOWN_PATH: Final = "/.well-known/autoconfig/mail/config-v1.1.xml"
AUTODISCOVER_PATH: Final = "/autodiscover/autodiscover.xml"

ANY_RESPONSE: Final = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
OUTLOOK_REQUEST: Final = (
    "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
)
OUTLOOK_RESPONSE: Final = (
    "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
)
MOBILE_REQUEST: Final = (
    "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/requestschema/2006"
)
MOBILE_RESPONSE: Final = (
    "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"
)
Scheme = Literal["https", "http"]


def autoconfig(domain: str, scheme: Scheme = "https", query: str = "") -> ClientRequest:
    """Return a GET of the draft's URL 1.1, or 1.3 with plain http."""
    return ClientRequest("GET", scheme, f"autoconfig.{domain}", AUTOCONFIG_PATH, query)


def well_known(domain: str, scheme: Scheme = "https", query: str = "") -> ClientRequest:
    """Return a GET of the draft's URL 1.2."""
    return ClientRequest("GET", scheme, domain, WELL_KNOWN_PATH, query)


def database(domain: str) -> ClientRequest:
    """Return a GET of the public database's document for a domain."""
    return ClientRequest("GET", "https", DATABASE_HOST, f"/v1.1/{domain}")


def address_query(address: str) -> str:
    """Return the query with an address, escaped as in a form."""
    return f"emailaddress={quote(address, safe='')}"


def autodiscover_request(
    host: str,
    address: str,
    *,
    scheme: Scheme = "https",
    content_type: str = "text/xml; charset=utf-8",
    mobile: bool = False,
) -> ClientRequest:
    """Return the POST of an Autodiscover request (Microsoft's POX pages; MS-ASCMD if mobile)."""
    headers = (("Content-Type", content_type),) if content_type else ()
    body = autodiscover_body(address, mobile=mobile)
    return ClientRequest("POST", scheme, host, AUTODISCOVER_PATH, "", headers, body)


def autodiscover_body(address: str, *, mobile: bool = False) -> bytes:
    """Build the body of an Autodiscover request."""
    namespace = MOBILE_REQUEST if mobile else OUTLOOK_REQUEST
    root = in_namespace("Autodiscover", namespace)
    request = child(root, "Request")
    child(request, "EMailAddress", address)
    child(request, "AcceptableResponseSchema", MOBILE_RESPONSE if mobile else OUTLOOK_RESPONSE)
    return to_bytes(root)
