"""All messages about an LDAP directory.

docs/directories/ldap.md has the same table with the fix for each; a test compares them.
"""

import enum
import re
from dataclasses import dataclass
from typing import Final

from waypost.core.errors import DirectoryError, DirectoryUnavailable

AMBIGUOUS: Final = "directory has several entries for one address; the user counts as unknown"
"""A log message, written at most once a minute and without the address."""
REASON_MAX_CHARS: Final = 200
_UNPRINTABLE: Final = re.compile(r"[\x00-\x20\x7f-\x9f]+")


@dataclass(frozen=True, slots=True)
class LdapMessage:
    """A message and its consequences.

    Attributes:
        text: one line with its fields in braces; no field contains a secret or an address.
        temporary: a later attempt may succeed without any change.
        other_server: another server of the same directory may answer.
    """

    text: str
    temporary: bool = False
    other_server: bool = False


class LdapProblem(enum.Enum):
    """Each cause of a failure, in the order of the steps of a lookup."""

    NO_LIBRARY = LdapMessage(
        "the LDAP library is not installed; run pip install '.[ldap]' in the folder of Waypost's "
        "source, and start again"
    )
    BROKEN_LIBRARY = LdapMessage(
        "the LDAP library does not load ({why}); "
        "pip install --force-reinstall --no-cache-dir python-ldap"
    )
    NO_PASSWORD_FILE = LdapMessage("bind_password_file {file} cannot be read ({why})")
    NO_PASSWORD_VARIABLE = LdapMessage("bind_password_env: the variable {variable} is not set")
    # RFC 4513 s5.1.2: a bind with a name and an empty password counts as anonymous.
    NO_PASSWORD = LdapMessage(
        "bind_password is empty; set one, or remove bind_user for an anonymous bind"
    )
    BAD_TLS_FILE = LdapMessage("{option} {file} cannot be used ({why})")
    NO_HOST = LdapMessage(
        "{server}: its host name cannot be resolved ({why}); check urls", True, True
    )
    NO_SOCKET = LdapMessage("{server}: the socket cannot be opened ({why}); check urls", True, True)
    REFUSED = LdapMessage(
        "{server}: refuses connections; start the server, or correct urls", True, True
    )
    CONNECT_TIMEOUT = LdapMessage(
        "{server}: not connected in time; check urls, firewalls and connect_timeout_seconds",
        True,
        True,
    )
    UNREACHABLE = LdapMessage("{server}: cannot be reached ({why}); check urls", True, True)
    NO_STARTTLS = LdapMessage(
        '{server}: does not offer StartTLS ({why}); use ldaps://, or security = "none" '
        "in a trusted network",
        other_server=True,
    )
    TLS_TIMEOUT = LdapMessage(
        "{server}: the TLS handshake did not end in time; check connect_timeout_seconds", True, True
    )
    TLS_CUT = LdapMessage(
        "{server}: the connection was closed during the TLS handshake ({why})", True, True
    )
    NOT_TLS = LdapMessage(
        '{server}: does not speak TLS on this port; use ldap:// and security = "starttls", '
        "or the port for ldaps",
        other_server=True,
    )
    UNKNOWN_CA = LdapMessage(
        "{server}: the authority of its certificate is not trusted ({why}); "
        "name the authority's certificate in ca_file, or in the setting ldap_ca_file",
        other_server=True,
    )
    EXPIRED = LdapMessage(
        "{server}: its certificate has expired; renew it, or set tls_verify = false until then",
        other_server=True,
    )
    NOT_YET_VALID = LdapMessage(
        "{server}: its certificate is not valid yet; check the clocks of both machines",
        other_server=True,
    )
    WRONG_NAME = LdapMessage(
        "{server}: its certificate is for other names; use one of those names in urls ({why})",
        other_server=True,
    )
    BAD_CERTIFICATE = LdapMessage(
        "{server}: its certificate is not accepted ({why}); check ca_file and tls_verify",
        other_server=True,
    )
    TLS_FAILED = LdapMessage(
        "{server}: TLS failed ({why}); set cert_file and key_file if the server requires them",
        other_server=True,
    )
    BIND_TIMEOUT = LdapMessage(
        "{server}: the bind was not answered in time; check connect_timeout_seconds", True, True
    )
    BAD_LOGIN = LdapMessage("{server}: does not accept bind_user with bind_password ({why})")
    BAD_BIND_USER = LdapMessage("{server}: bind_user is not a name that the server accepts ({why})")
    NO_ANONYMOUS = LdapMessage(
        "{server}: allows no anonymous bind; set bind_user and bind_password ({why})"
    )
    BIND_NEEDS_TLS = LdapMessage(
        '{server}: accepts a bind over TLS only; use ldaps:// or security = "starttls" ({why})'
    )
    BAD_EXTERNAL = LdapMessage(
        '{server}: does not accept bind = "external" ({why}); it requires a client certificate '
        "(cert_file), or a user that it knows on an ldapi:// socket"
    )
    BIND_FAILED = LdapMessage("{server}: refuses the bind ({why})", other_server=True)
    NOT_LDAP = LdapMessage(
        "{server}: the service on this port does not speak LDAP; check urls", False, True
    )
    NO_BASE = LdapMessage(
        "{server}: search_base does not exist on this server, or bind_user may not see it"
    )
    BAD_BASE = LdapMessage("{server}: search_base is not a distinguished name (RFC 4514)")
    BAD_FILTER = LdapMessage("search_filter is not a filter (RFC 4515)")
    NO_ACCESS = LdapMessage(
        "{server}: bind_user may not search search_base; give bind_user this right"
    )
    NEEDS_BIND = LdapMessage(
        "{server}: answers no search before a bind; set bind_user and bind_password"
    )
    REFERRAL = LdapMessage(
        "{server}: has only a referral to other servers for search_base; name those servers in urls"
    )
    SIZE_LIMIT = LdapMessage(
        "{server}: the search exceeded a limit of the server ({why}); raise the limit for bind_user"
    )
    TIME_LIMIT = LdapMessage(
        "{server}: the search exceeded the server's time limit; index the attribute in "
        "search_filter",
        True,
    )
    SEARCH_TIMEOUT = LdapMessage(
        "{server}: the search was not answered in time; check time_limit_seconds, and index the "
        "attribute in search_filter",
        True,
    )
    BUSY = LdapMessage("{server}: is too busy, or is shutting down ({why})", True, True)
    CUT = LdapMessage("{server}: the connection was closed", True, True)
    SEARCH_FAILED = LdapMessage("{server}: refuses the search ({why})", other_server=True)
    ALL_IN_USE = LdapMessage("all connections are in use; raise max_searches", True)
    CLOSED = LdapMessage("is closed", True)

    @property
    def message(self) -> LdapMessage:
        """Return the message."""
        message: LdapMessage = self.value
        return message


class LdapFailure(Exception):
    """A failure at one server, before another server is tried."""

    def __init__(self, problem: LdapProblem, **fields: str) -> None:
        """Create a failure from its cause and the fields of its message."""
        self.problem = problem
        self.fields = {name: one_line(value) for name, value in fields.items()}
        super().__init__(problem.message.text.format_map(self.fields))

    def add(self, more: str) -> None:
        """Add a detail that was found later."""
        self.args = (f"{self}; {one_line(more)}",)

    def as_error(self, label: str) -> DirectoryError | DirectoryUnavailable:
        """Return the failure as the error of a directory."""
        text = f"directory {label}: {self}"
        return DirectoryUnavailable(text) if self.temporary else DirectoryError(text)

    @property
    def temporary(self) -> bool:
        """Return whether a later attempt may succeed."""
        return self.problem.message.temporary


def one_line(text: str) -> str:
    """Return a text of a library or a server as one short line."""
    line = _UNPRINTABLE.sub(" ", text).strip()
    return line if len(line) <= REASON_MAX_CHARS else f"{line[:REASON_MAX_CHARS]}…"
