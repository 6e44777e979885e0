"""The services of automx 1.x: keys that begin with smtp_, imap_ and pop_."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from waypost.model import (
    CLIENT_IP_ADDRESS,
    GSSAPI,
    NO_AUTHENTICATION,
    NTLM,
    PASSWORD_CLEARTEXT,
    PASSWORD_ENCRYPTED,
    TLS_CLIENT_CERT,
    Authentication,
    HostEndpoint,
    Security,
    Service,
    ServiceType,
)
from waypost.transfer.imported import Notes
from waypost.transfer.ports import PORT_MAX, contradiction, default_port
from waypost.transfer.rules import LOGIN_NAME_MAX_CHARS, RuleBroken, check_host, check_text

SERVICES: Final[Mapping[str, ServiceType]] = {
    "imap": ServiceType.IMAP,
    "pop": ServiceType.POP3,
    "smtp": ServiceType.SMTP,
}
_OPTIONS: Final = ("server", "port", "encryption", "auth", "auth_identity")
# They change nothing where they stand alone, and are listed with the service.
_NO_PLACE: Final = {
    "default": "each domain names its own outgoing service",
    "refresh_ttl": "how long an answer is kept is one setting for all",
    "author": "the sender is the address that was asked for",
}
SERVICE_KEYS: Final = frozenset(
    f"{service}{suffix}"
    for service in SERVICES
    for suffix in ("", *(f"_{option}" for option in (*_OPTIONS, *_NO_PLACE)))
)
_YES: Final = frozenset({"yes", "true", "on", "1"})
_SECURITIES: Final = {
    "ssl": Security.TLS,
    "starttls": Security.STARTTLS,
    "none": Security.NONE,
}
_METHODS: Final = {
    "plaintext": PASSWORD_CLEARTEXT,
    "encrypted": PASSWORD_ENCRYPTED,
    "ntlm": NTLM,
    "gssapi": GSSAPI,
    "client-ip-address": CLIENT_IP_ADDRESS,
    "tls-client-cert": TLS_CLIENT_CERT,
    "none": NO_AUTHENTICATION,
}
_TLS_PORTS: Final = frozenset({465, 993, 995})
_MACRO: Final = re.compile(r"%([%sud])")
_PLACEHOLDERS: Final = {
    "%": "%",
    "s": "%EMAILADDRESS%",
    "u": "%EMAILLOCALPART%",
    "d": "%EMAILDOMAIN%",
}


def expand_macros(text: str) -> str:
    """Turn automx's macros into placeholders.

    Raises:
        RuleBroken: the text needs a database, or holds a macro that is none.
    """
    if "${" in text:
        raise RuleBroken("takes a variable from LDAP, SQL or a script, which is not carried over")
    rest = _MACRO.sub("", text)
    if "%" in rest:
        raise RuleBroken("holds a % that is no macro of automx (%s, %u, %d, %%)")
    return _MACRO.sub(lambda match: _PLACEHOLDERS[match[1]], text)


def read_service(
    service: str,
    values: Mapping[str, str],
    line_of: Callable[[str], int],
    notes: Notes,
    section: str,
) -> Service | None:
    """Read one service of a section; None where it has none, or one that cannot be served.

    Args:
        service: `imap`, `pop` or `smtp`.
        values: all keys of the section.
        line_of: gives the line of a key.
        notes: gets what is left out.
        section: its name, for notes.
    """

    def leave_out(key: str, why: str) -> None:
        notes.leave_out(line_of(key), f"[{section}] {key}", why)

    if values.get(service, "no").strip().lower() not in _YES:
        if any(f"{service}_{option}" in values for option in _OPTIONS):
            leave_out(service, "is not enabled, so its settings are not taken")
        return None
    for option, why in _NO_PLACE.items():
        if f"{service}_{option}" in values:
            leave_out(f"{service}_{option}", why)
    try:
        endpoint = _endpoint(values, service)
        method = _method(values, service)
    except _KeyBroken as broken:
        leave_out(broken.key, f"{broken}; the service is left out")
        return None
    port, security = endpoint.port, endpoint.security
    if _security(values, service) is None:
        why = f"is not ssl, starttls or none; taken as {security} because of port {port}"
        leave_out(f"{service}_encryption", why)
    elif security is Security.NONE:
        notes.warn(
            line_of(f"{service}_encryption"),
            f"[{section}] {service}_encryption",
            "is none: passwords and mail can be read on the way",
        )
    login_name = _login_name(values, service, leave_out)
    return Service(SERVICES[service], endpoint, (method,), login_name)


class _KeyBroken(RuleBroken):
    """A key breaks a rule."""

    def __init__(self, key: str, rule: str) -> None:
        super().__init__(rule)
        self.key = key


def _endpoint(values: Mapping[str, str], service: str) -> HostEndpoint:
    try:
        host = check_host(expand_macros(values.get(f"{service}_server", "").strip()))
    except RuleBroken as broken:
        raise _KeyBroken(f"{service}_server", str(broken)) from broken
    security = _security(values, service)
    port = _port(values, service, security)
    security = security or (Security.TLS if port in _TLS_PORTS else Security.STARTTLS)
    if reason := contradiction(port, security):
        raise _KeyBroken(f"{service}_port", reason)
    return HostEndpoint(host, port, security)


def _method(values: Mapping[str, str], service: str) -> Authentication:
    method = _METHODS.get(values.get(f"{service}_auth", "plaintext").strip().lower())
    if method is None:
        raise _KeyBroken(f"{service}_auth", f"must be one of {', '.join(_METHODS)}")
    return method


def _security(values: Mapping[str, str], service: str) -> Security | None:
    """Read the encryption; None for `auto` and for nothing, which the port decides."""
    text = values.get(f"{service}_encryption", "auto").strip().lower()
    if text not in {*_SECURITIES, "auto", ""}:
        raise _KeyBroken(f"{service}_encryption", "must be ssl, starttls, none or auto")
    return _SECURITIES.get(text)


def _port(values: Mapping[str, str], service: str, security: Security | None) -> int:
    text = values.get(f"{service}_port", "").strip()
    if not text:
        return default_port(SERVICES[service], security or Security.STARTTLS)
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= PORT_MAX):
        raise _KeyBroken(f"{service}_port", f"must be a number from 1 to {PORT_MAX}")
    return int(text)


def _login_name(
    values: Mapping[str, str], service: str, leave_out: Callable[[str, str], None]
) -> str | None:
    key = f"{service}_auth_identity"
    text = values.get(key, "").strip()
    if not text:
        return None
    try:
        return check_text(expand_macros(text), LOGIN_NAME_MAX_CHARS)
    except RuleBroken as broken:
        leave_out(key, f"{broken}; clients ask for the login name")
        return None
