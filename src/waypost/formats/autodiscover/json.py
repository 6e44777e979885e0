"""Microsoft Autodiscover V2: JSON with the URL of another protocol.

Read by Outlook 2016 and newer, for Windows, macOS, iOS and Android. Microsoft publishes no
standard for it; this module follows the answers of Exchange and the requests of these clients.
"""

import enum
import json
import re
from typing import Final

from waypost.core.address import EmailAddress
from waypost.core.errors import (
    AddressError,
    DomainNotServed,
    NoUsableService,
    ParameterMissing,
    ServiceNotOffered,
    StoreError,
    StoreUnavailable,
    UnknownProtocol,
    WaypostError,
)
from waypost.core.model import ClientConfig, ServiceType
from waypost.formats.autodiscover.activesync import has_protected_service, service_url
from waypost.formats.autodiscover.pox import check_mail

CONTENT_TYPE: Final = "application/json; charset=utf-8"

_VERSION: Final = re.compile(r"v[0-9]{1,2}(\.[0-9]{1,2})?(/|$)", re.IGNORECASE)


class Protocol(enum.StrEnum):
    """The protocols whose URL Waypost can return, spelled as in Exchange."""

    AUTODISCOVER_V1 = "AutodiscoverV1"
    ACTIVESYNC = "ActiveSync"
    EWS = "Ews"


_PROTOCOLS: Final = {protocol.lower(): protocol for protocol in Protocol}
# Only Exchange Online has these.
_EXCHANGE_ONLINE_ONLY: Final = frozenset({"rest", "substrate"})
_SERVICES: Final = {Protocol.ACTIVESYNC: ServiceType.ACTIVESYNC, Protocol.EWS: ServiceType.EWS}


def parse_protocol(text: str) -> Protocol:
    """Parse the requested protocol, in any case: Outlook sends `Autodiscoverv1`.

    Raises:
        ParameterMissing: the text is empty.
        ServiceNotOffered: only Exchange Online has this protocol.
        UnknownProtocol: any other text.
    """
    name = text.strip().lower()
    if not name:
        raise ParameterMissing("Protocol")
    if name in _EXCHANGE_ONLINE_ONLY:
        raise ServiceNotOffered("only Exchange Online has this protocol")
    if name not in _PROTOCOLS:
        raise UnknownProtocol("this protocol is unknown")
    return _PROTOCOLS[name]


# Web servers replace the bytes of a path that are not UTF-8 by this character.
_REPLACEMENT_CHARACTER: Final = "\N{REPLACEMENT CHARACTER}"


def parse_user(rest: str, email: str) -> EmailAddress:
    """Parse the address in a request.

    Args:
        rest: the path after `autodiscover.json/`, decoded: empty, a version, an address, or a
            version and an address. The part after the address is ignored.
        email: the parameter `Email`; used if the path has no address.

    Raises:
        ParameterMissing: there is no address.
        AddressError: the address breaks a rule.
    """
    rest = _VERSION.sub("", rest, count=1) if _VERSION.match(rest) else rest
    if rest.strip("/"):
        if _REPLACEMENT_CHARACTER in rest:
            raise AddressError("the address is not UTF-8")
        # A local part may contain a slash, a domain cannot.
        local_part, at, domain = rest.rpartition("@")
        return EmailAddress.parse(f"{local_part}{at}{domain.partition('/')[0]}")
    if not email.strip():
        raise ParameterMissing("Email")
    return EmailAddress.parse_query(email.strip())


def render(config: ClientConfig, protocol: Protocol, xml_url: str) -> bytes:
    """Return the answer with the URL of a protocol.

    Args:
        config: a configuration with an address; URLs contain no placeholder.
        protocol: the requested protocol.
        xml_url: the URL of Autodiscover in XML at Waypost itself.

    Raises:
        ServiceNotOffered: there is no such service, or none that the XML can express.
    """
    url = xml_url
    if protocol is Protocol.AUTODISCOVER_V1:
        _check_xml_answer(config)
    else:
        url = service_url(config, _SERVICES[protocol])
    return _to_json({"Protocol": protocol.value, "Url": url})


def render_refusal(error: WaypostError) -> bytes:
    """Return the error answer for an error, without any text from the request."""
    code, message = _error_code_and_message(error)
    return _to_json({"ErrorCode": code, "ErrorMessage": message})


def status_of(error: WaypostError) -> int:
    """Return the HTTP status of an error answer.

    Returns:
        404 for an unknown user, 503 if Waypost cannot read its database now, else 400.
    """
    if isinstance(error, StoreError | StoreUnavailable):
        return 503
    return 404 if isinstance(error, DomainNotServed) else 400


def _check_xml_answer(config: ClientConfig) -> None:
    """Check that the XML form has an answer, so that no client is sent to an error.

    Raises:
        ServiceNotOffered: the answer would be an error.
    """
    if has_protected_service(config, ServiceType.ACTIVESYNC):
        return
    try:
        check_mail(config)
    except NoUsableService as error:
        raise ServiceNotOffered(str(error)) from error


def _error_code_and_message(error: WaypostError) -> tuple[str, str]:
    if isinstance(error, DomainNotServed):
        return "UserNotFound", "The given user is not found."
    if isinstance(error, ServiceNotOffered):
        return "ProtocolNotSupported", "The given protocol is not available for this user."
    if isinstance(error, UnknownProtocol):
        known = ", ".join(Protocol)
        return "InvalidProtocol", f"The given protocol is invalid. Known ones are {known}."
    if isinstance(error, ParameterMissing | AddressError):
        name = str(error) if isinstance(error, ParameterMissing) else "Email"
        return "MandatoryParameterMissing", f"The parameter {name} needs a valid value."
    if isinstance(error, StoreError | StoreUnavailable):
        return "InternalServerError", "The service cannot answer now; ask again later."
    return "InvalidRequest", "The request is invalid."


def _to_json(values: dict[str, str]) -> bytes:
    # RFC 8259 s8.1: UTF-8 without a byte order mark.
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
