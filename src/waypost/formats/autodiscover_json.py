"""Microsoft Autodiscover V2, the JSON in front of everything else that Exchange has.

Asked by Outlook 2016 and newer, for Windows, macOS, iOS and Android. Microsoft publishes no
standard of it; what stands here is what Exchange does and what these clients send.
"""

import enum
import json
import re
from typing import Final

from waypost.address import EmailAddress
from waypost.errors import (
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
from waypost.formats.activesync import is_offered, service_url
from waypost.formats.autodiscover import check_mail
from waypost.model import ClientConfig, ServiceType

CONTENT_TYPE: Final = "application/json; charset=utf-8"

_VERSION: Final = re.compile(r"v[0-9]{1,2}(\.[0-9]{1,2})?(/|$)", re.IGNORECASE)


class Protocol(enum.StrEnum):
    """What Waypost can name the URL of, spelled as Exchange does."""

    AUTODISCOVER_V1 = "AutodiscoverV1"
    ACTIVESYNC = "ActiveSync"
    EWS = "Ews"


_PROTOCOLS: Final = {protocol.lower(): protocol for protocol in Protocol}
# Exchange Online has these; nobody else does.
_OF_EXCHANGE_ALONE: Final = frozenset({"rest", "substrate"})
_SERVICES: Final = {Protocol.ACTIVESYNC: ServiceType.ACTIVESYNC, Protocol.EWS: ServiceType.EWS}


def parse_protocol(text: str) -> Protocol:
    """Read what a client asks for, in any case: Outlook sends `Autodiscoverv1`.

    Raises:
        ParameterMissing: there is nothing.
        ServiceNotOffered: only Exchange Online has it.
        UnknownProtocol: anything else.
    """
    wanted = text.strip().lower()
    if not wanted:
        raise ParameterMissing("Protocol")
    if wanted in _OF_EXCHANGE_ALONE:
        raise ServiceNotOffered("only Exchange Online has this protocol")
    if wanted not in _PROTOCOLS:
        raise UnknownProtocol("nobody knows this protocol")
    return _PROTOCOLS[wanted]


# What a web server makes of bytes in a path that are no text.
_NO_UTF_8: Final = "\N{REPLACEMENT CHARACTER}"


def parse_user(rest: str, email: str) -> EmailAddress:
    """Read whose URL is wanted.

    Args:
        rest: what stands in the path behind `autodiscover.json/`, decoded: nothing, a version, an
            address, or an address behind a version. What follows the address does not count.
        email: the parameter `Email`; it counts where the path names nobody.

    Raises:
        ParameterMissing: there is no address.
        AddressError: the address breaks a rule.
    """
    rest = _VERSION.sub("", rest, count=1) if _VERSION.match(rest) else rest
    if rest.strip("/"):
        if _NO_UTF_8 in rest:
            raise AddressError("the address is not UTF-8")
        # A local part may hold a slash, a domain may not.
        local_part, at, domain = rest.rpartition("@")
        return EmailAddress.parse(f"{local_part}{at}{domain.partition('/')[0]}")
    if not email.strip():
        raise ParameterMissing("Email")
    return EmailAddress.parse_query(email.strip())


def render(config: ClientConfig, protocol: Protocol, xml_url: str) -> bytes:
    """Write where a client finds what it asks for.

    Args:
        config: with an address; URLs hold no placeholder.
        protocol: what the client asks for.
        xml_url: where Waypost itself answers Autodiscover's older form.

    Raises:
        ServiceNotOffered: there is no such service, or nothing that the older form can say.
    """
    url = xml_url
    if protocol is Protocol.AUTODISCOVER_V1:
        _check_older_form(config)
    else:
        url = service_url(config, _SERVICES[protocol])
    return _written({"Protocol": protocol.value, "Url": url})


def render_refusal(error: WaypostError) -> bytes:
    """Write the error answer for what went wrong, without anything that the client sent."""
    code, message = _refusal(error)
    return _written({"ErrorCode": code, "ErrorMessage": message})


def status_of(error: WaypostError) -> int:
    """Return the HTTP status of an error answer.

    Returns:
        404 for nobody whom Waypost knows, 503 where it cannot find that out now, else 400.
    """
    if isinstance(error, StoreError | StoreUnavailable):
        return 503
    return 404 if isinstance(error, DomainNotServed) else 400


def _check_older_form(config: ClientConfig) -> None:
    """Let nobody be sent to an answer that is an error."""
    if is_offered(config, ServiceType.ACTIVESYNC):
        return
    try:
        check_mail(config)
    except NoUsableService as error:
        raise ServiceNotOffered(str(error)) from error


def _refusal(error: WaypostError) -> tuple[str, str]:
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


def _written(values: dict[str, str]) -> bytes:
    # RFC 8259 s8.1: UTF-8 without a byte order mark.
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
