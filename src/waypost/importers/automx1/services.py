"""Read the services of automx 1.x: keys that begin with smtp_, imap_ and pop_.

The behavior of automx with and without each key was observed with automx 1.1.1, which ran with a
file for each case (tests/importers/automx1).
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from waypost.core.model import (
    CLIENT_IP_ADDRESS,
    GSSAPI,
    NO_AUTHENTICATION,
    NTLM,
    OAUTH2,
    PASSWORD_CLEARTEXT,
    PASSWORD_ENCRYPTED,
    TLS_CLIENT_CERT,
    Authentication,
    HostEndpoint,
    Security,
    Service,
    ServiceType,
    UrlEndpoint,
    default_authentication,
)
from waypost.core.text_rules import trimmed
from waypost.importers.import_result import ImportNotes
from waypost.providers_file.ports import PORT_MAX, corrected_security, default_port
from waypost.providers_file.validators import (
    RuleBroken,
    check_host,
    check_login_name,
    check_url,
    is_same_for_all,
)

SERVICES: Final[Mapping[str, ServiceType]] = {
    "smtp": ServiceType.SMTP,
    "imap": ServiceType.IMAP,
    "pop": ServiceType.POP3,
}
_OPTIONS: Final = ("server", "port", "encryption", "auth", "auth_identity", "domain_required")
_UNSUPPORTED: Final = {
    "default": "each domain has its own outgoing service",
    "refresh_ttl": "Waypost has one cache time for all domains",
    "expiration_date": "Waypost's answers do not expire",
    "domain_name": "Waypost sends clients the domain of the address",
}
SERVICE_KEYS: Final = frozenset(
    {"smtp_author"}
    | {
        f"{service}{suffix}"
        for service in SERVICES
        for suffix in ("", *(f"_{option}" for option in (*_OPTIONS, *_UNSUPPORTED)))
    }
)
_YES: Final = ("1", "y", "yes", "t", "true", "on")
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
# automx does not know these words and then sends no method, but their meaning is clear.
_LENIENT_METHODS: Final = {
    **dict.fromkeys(("plain", "login", "cleartext", "password-cleartext"), PASSWORD_CLEARTEXT),
    **dict.fromkeys(("cram-md5", "digest-md5", "password-encrypted"), PASSWORD_ENCRYPTED),
    "oauth2": OAUTH2,
}
_TLS_PORTS: Final = frozenset({465, 993, 995})
_MACRO: Final = re.compile(r"%([sud])")
_PLACEHOLDERS: Final = {
    "s": "%EMAILADDRESS%",
    "u": "%EMAILLOCALPART%",
    "d": "%EMAILDOMAIN%",
}


def expand_macros(text: str) -> str:
    """Replace automx's macros by placeholders; any other % stays, as in automx's answers.

    Raises:
        RuleBroken: the text contains a variable of another backend.
    """
    if "${" in text:
        raise RuleBroken("uses a variable from LDAP, SQL or a script, which cannot be imported")
    return _MACRO.sub(lambda match: _PLACEHOLDERS[match[1]], text)


def is_yes(text: str) -> bool:
    """Return whether a value is one of automx's words for yes."""
    return text.strip().lower() in _YES


class ServiceReader:
    """A reader of the services of a section."""

    def __init__(
        self,
        section: str,
        values: Mapping[str, str],
        line_of: Callable[[str], int],
        notes: ImportNotes,
    ) -> None:
        """Create a reader.

        Args:
            section: the name of the section, for notes.
            values: all keys of the section and of [DEFAULT].
            line_of: returns the line of a key.
            notes: receives what is left out, and what the operator should check.
        """
        self._section = section
        self._values = values
        self._line_of = line_of
        self._notes = notes

    def mail(self, name: str) -> Service | None:
        """Read one service; return None if there is none, or if Waypost cannot serve it.

        Args:
            name: `imap`, `pop` or `smtp`.
        """
        if not is_yes(self._values[name]):
            if any(f"{name}_{option}" in self._values for option in _OPTIONS):
                shown = self._values[name][:40]
                why = f"is {shown!r}, not one of {' '.join(_YES)}, so the service is disabled"
                self._leave_out(name, why)
            return None
        for option, why in _UNSUPPORTED.items():
            if f"{name}_{option}" in self._values:
                self._leave_out(f"{name}_{option}", why)
        if self._values.get(f"{name}_author", "%s").strip() != "%s":
            self._leave_out(f"{name}_author", "automx supports only the value %s here")
        try:
            endpoint = self._endpoint(name)
            method = self._method(name)
        except _InvalidKey as broken:
            self._leave_out(broken.key, f"{broken}; the service is left out")
            return None
        return Service(
            SERVICES[name],
            endpoint,
            (method,),
            self._login_name(name),
            domain_required=is_yes(self._values.get(f"{name}_domain_required", "no")),
        )

    def activesync(self) -> Service | None:
        """Read `server_url`, which automx sends to phones with ActiveSync."""
        if not (text := self._values.get("server_url", "").strip()):
            return None
        try:
            url = check_url(expand_macros(text))
        except RuleBroken as broken:
            self._leave_out("server_url", str(broken))
            return None
        method = default_authentication(ServiceType.ACTIVESYNC, has_url=True)
        return Service(ServiceType.ACTIVESYNC, UrlEndpoint(url), (method,))

    def _endpoint(self, name: str) -> HostEndpoint:
        key = f"{name}_server"
        if not (text := self._values.get(key, "").strip()):
            raise _InvalidKey(key, "is missing or empty")
        try:
            host = check_host(expand_macros(text))
        except RuleBroken as broken:
            raise _InvalidKey(key, str(broken)) from broken
        configured = self._security(name)
        port = self._port(name, configured)
        security = configured or (Security.TLS if port in _TLS_PORTS else Security.STARTTLS)
        security, why = corrected_security(port, security)
        if why is not None:
            self._warn(f"{name}_encryption", why)
        elif security is Security.NONE:
            why = "is none: passwords and mail can be read on the network"
            self._warn(f"{name}_encryption", why)
        if configured is None:
            self._warn_of_encryption(name, port, security)
        return HostEndpoint(host, port, security)

    def _warn_of_encryption(self, name: str, port: int, security: Security) -> None:
        key, reason = f"{name}_encryption", f"imported as {security} because of port {port}"
        text = self._values.get(key, "").strip().lower()
        if text == "auto":
            # automx writes `plain` into Autoconfig, and UseSSL false into a profile.
            self._warn(key, f"is auto, so automx sends no protection to most clients; {reason}")
        elif text:
            self._warn(key, f"{text[:40]!r} is not ssl, starttls or none; {reason}")
        else:
            self._warn(key, f"is missing, so automx sends none to clients; {reason}")

    def _method(self, name: str) -> Authentication:
        key = f"{name}_auth"
        text = self._values.get(key, "").strip().lower()
        if (method := _METHODS.get(text)) is not None:
            return method
        if not text:
            why = f"is missing, so automx sends no method; imported as {PASSWORD_CLEARTEXT}"
            self._warn(key, why)
            return PASSWORD_CLEARTEXT
        if (method := _LENIENT_METHODS.get(text)) is None:
            raise _InvalidKey(key, f"{text[:40]!r} must be one of {', '.join(_METHODS)}")
        why = f"automx does not know {text!r} and sends no method; imported as {method}"
        self._warn(key, why)
        return method

    def _security(self, name: str) -> Security | None:
        """Read the encryption; return None if it is missing or another word: the port decides."""
        return _SECURITIES.get(self._values.get(f"{name}_encryption", "").strip().lower())

    def _port(self, name: str, security: Security | None) -> int:
        key = f"{name}_port"
        text = self._values.get(key, "").strip()
        if not text:
            port = default_port(SERVICES[name], security or Security.STARTTLS)
            self._warn(key, f"is missing, so automx sends none to clients; imported as {port}")
            return port
        if not (
            text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= PORT_MAX
        ):
            raise _InvalidKey(key, f"must be a number from 1 to {PORT_MAX}")
        return int(text)

    def _login_name(self, name: str) -> str | None:
        key = f"{name}_auth_identity"
        if key not in self._values:
            return _PLACEHOLDERS["u"]
        text = trimmed(self._values[key])
        if not text:
            self._warn(key, "is empty; clients ask for the login name")
            return None
        try:
            login_name = check_login_name(expand_macros(text))
        except RuleBroken as broken:
            self._leave_out(key, f"{broken}; clients ask for the login name")
            return None
        if is_same_for_all(login_name):
            self._warn(key, f"{login_name!r} is the login name of all users")
        return login_name

    def _leave_out(self, key: str, why: str) -> None:
        self._notes.leave_out(self._line(key), f"[{self._section}] {key}", why)

    def _warn(self, key: str, why: str) -> None:
        self._notes.warn(self._line(key), f"[{self._section}] {key}", why)

    def _line(self, key: str) -> int:
        """Return the line of a key; if the key is missing, return the line of its service."""
        return self._line_of(key if key in self._values else key.partition("_")[0])


class _InvalidKey(RuleBroken):
    """A key breaks a rule."""

    def __init__(self, key: str, rule: str) -> None:
        super().__init__(rule)
        self.key = key
