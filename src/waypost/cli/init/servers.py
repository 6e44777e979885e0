"""Mail servers that the operator names: `HOST` or `HOST:PORT`."""

from typing import Final

from waypost.core.address import DomainName
from waypost.core.errors import DomainError, SettingsError
from waypost.core.model import PASSWORD_CLEARTEXT, HostEndpoint, Security, Service, ServiceType
from waypost.providers_file.ports import PORT_MAX, default_port, default_security

_PORT_DIGITS_MAX: Final = 5


def read_server_flag(service_type: ServiceType, text: str) -> Service:
    """Read a mail server; the port sets whether TLS is used from the start or by STARTTLS.

    Args:
        service_type: IMAP, POP3 or SMTP.
        text: a host name, with or without a port.

    Raises:
        SettingsError: names the option and the rule.
    """
    option = f"--{service_type}"
    host, separator, port_text = text.strip().partition(":")
    try:
        name = DomainName.parse(host).ascii
    except DomainError as error:
        rule = f"must be a host name, with or without a port, such as {service_type}.example.com"
        raise SettingsError([f"{option}: {text[:80]!r}: {rule}: {error}"]) from error
    port = _read_port(option, port_text) if separator else None
    security = default_security(service_type, port)
    if security is None:
        rule = "this port does not say whether it uses TLS; add the server to the providers file"
        raise SettingsError([f"{option}: {port}: {rule}"])
    endpoint = HostEndpoint(
        name, default_port(service_type, Security(security)) if port is None else port, security
    )
    return Service(service_type, endpoint, (PASSWORD_CLEARTEXT,))


def _read_port(option: str, text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= _PORT_DIGITS_MAX
    if not is_number or not 1 <= int(text) <= PORT_MAX:
        raise SettingsError([f"{option}: {text[:20]!r}: the port must be from 1 to {PORT_MAX}"])
    return int(text)
