"""The settings of an account for Thunderbird for Android, as the text of a QR code.

The source: thunderbird/thunderbird-android, feature/migration/qrcode/qr-code-format.md, version 1
of 2025-02-06. Thunderbird for desktop writes such codes for "Export for mobile".
"""

import json
from typing import Final

from waypost.core.model import (
    GSSAPI,
    NO_AUTHENTICATION,
    NTLM,
    PASSWORD_CLEARTEXT,
    PASSWORD_ENCRYPTED,
    TLS_CLIENT_CERT,
    ClientConfig,
    HostEndpoint,
    Security,
    Service,
    ServiceType,
)
from waypost.core.preference import best

_FORMAT_VERSION: Final = 1
_ONE_CODE: Final = [1, 1]
_INCOMING: Final = {ServiceType.IMAP: 0, ServiceType.POP3: 1}
_SMTP: Final = 0
_SECURITY: Final = {Security.NONE: 0, Security.STARTTLS: 2, Security.TLS: 3}
# Without OAuth2, which Thunderbird for Android supports only for the providers in its own list.
_AUTHENTICATION: Final = {
    NO_AUTHENTICATION: 0,
    PASSWORD_CLEARTEXT: 1,
    PASSWORD_ENCRYPTED: 2,
    GSSAPI: 3,
    NTLM: 4,
    TLS_CLIENT_CERT: 5,
}


def qr_text(config: ClientConfig) -> str | None:
    """Return the text of a code for one account, without a password and without a name.

    Returns:
        None if the format cannot describe the account: it needs an address in ASCII, a server for
        reading and one for sending, and a method of each that it knows.
    """
    address = None if config.address is None else str(config.address)
    supported = frozenset(_AUTHENTICATION)
    incoming = best(config.of_type(*_INCOMING), supported)
    outgoing = best(config.of_type(ServiceType.SMTP), supported)
    if address is None or not address.isascii() or incoming is None or outgoing is None:
        return None
    receives = _server(_INCOMING[incoming.type], incoming)
    sends = _server(_SMTP, outgoing)
    if receives is None or sends is None:
        return None
    # An account's name is the address of its identity, so it is left out. The reader requires a
    # name of the person, and accepts an empty one.
    identity = [address, ""]
    document = [_FORMAT_VERSION, _ONE_CODE, receives, [[sends, identity]]]
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _server(protocol: int, service: Service) -> list[int | str] | None:
    """Return a server as the format lists it, or None without a user name."""
    endpoint = service.endpoint
    if service.login_name is None or not isinstance(endpoint, HostEndpoint):
        return None
    method = next(one for one in service.authentication if one in _AUTHENTICATION)
    security, authentication = _SECURITY[endpoint.security], _AUTHENTICATION[method]
    return [protocol, endpoint.host, endpoint.port, security, authentication, service.login_name]
