"""The resolver that an operator names with --resolver."""

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

from dns.message import Message
from dns.rcode import to_text as rcode_text
from dns.resolver import NoNameservers, Resolver

from waypost.core.errors import SettingsError

SYSTEM: Final = "system"
_DNS_PORT: Final = 53
_PORT_MAX: Final = 65535


def read_server(text: str) -> tuple[str, int] | None:
    """Read a resolver: `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`.

    Returns:
        Address and port; None for `system`, the resolvers of this machine.

    Raises:
        SettingsError: it is no IP address, or the port is not valid.
    """
    if text == SYSTEM:
        return None
    address, port = text, str(_DNS_PORT)
    if text.startswith("["):
        address, bracket, rest = text[1:].partition("]")
        address = address if bracket else text
        port = rest[1:] if rest.startswith(":") else port if not rest else ""
    elif text.count(":") == 1:
        address, _, port = text.partition(":")
    try:
        address = str(ip_address(address))
    except ValueError as error:
        rule = f"must be {SYSTEM} or an IP address, with or without a port, such as 192.0.2.1:53"
        raise SettingsError([f"--resolver: {text[:60]}: {rule}"]) from error
    if not (port.isascii() and port.isdigit() and 1 <= int(port[:9]) <= _PORT_MAX):
        raise SettingsError([f"--resolver: {text[:60]}: the port must be from 1 to {_PORT_MAX}"])
    return address, int(port[:9])


def open_resolver(server: tuple[str, int] | None) -> Resolver:
    """Return a resolver that asks this server, or the resolvers of this machine.

    Raises:
        dns.resolver.NoResolverConfiguration: this machine has no resolver.
    """
    if server is None:
        return Resolver()
    resolver = Resolver(configure=False)
    resolver.nameservers, resolver.port = [server[0]], server[1]
    return resolver


def resolver_name(server: tuple[str, int] | None, system_addresses: Iterable[object] = ()) -> str:
    """Return the name of a resolver for messages.

    Args:
        server: address and port; None for the resolvers of this machine.
        system_addresses: the addresses of the resolvers of this machine.
    """
    if server is None:
        addresses = ", ".join(map(str, system_addresses))
        return f"this machine's resolver ({addresses})" if addresses else "this machine's resolver"
    address, port = server
    return f"the resolver at {address}" + ("" if port == _DNS_PORT else f" port {port}")


def failure_text(error: NoNameservers) -> str:
    """Return what the resolver did, such as `answers SERVFAIL`, for use after its name."""
    codes = [
        rcode_text(attempt[4].rcode()) for attempt in _attempts(error) if attempt[4] is not None
    ]
    if codes:
        return f"answers {', '.join(dict.fromkeys(codes))}"
    return f"cannot be asked ({response_codes(error)})"


def response_codes(error: NoNameservers) -> str:
    """Return the different answers of the resolvers that were asked, such as SERVFAIL."""
    answers: dict[str, None] = {}
    for _, _, _, reason, response in _attempts(error):
        answers.setdefault(_reason(reason) if response is None else rcode_text(response.rcode()))
    return ", ".join(answers) or "no name server"


def _attempts(error: NoNameservers) -> list[tuple[str, bool, int, object, Message | None]]:
    return list(error.kwargs.get("errors", ()))


def _reason(reason: object) -> str:
    """Return why a resolver could not be asked, without the number of the system error."""
    return (isinstance(reason, OSError) and reason.strerror) or str(reason)
