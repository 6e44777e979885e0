"""Everything that an operator can be told about an LDAP directory.

docs/directories/ldap.md has the same table with the cure of each; a test compares them.
"""

import enum
import re
from dataclasses import dataclass
from typing import Final

from waypost.errors import DirectoryError, DirectoryUnavailable

AMBIGUOUS: Final = "directory has several entries for one address; it counts as unknown"
"""Is logged, at most once a minute, and without the address."""
REASON_MAX_CHARS: Final = 200
_UNPRINTABLE: Final = re.compile(r"[\x00-\x20\x7f-\x9f]+")


@dataclass(frozen=True, slots=True)
class Message:
    """What is said, and what follows from it.

    Attributes:
        text: one line with its fields in braces; no field holds a secret or an address.
        temporary: asking later may help without anybody changing anything.
        elsewhere: another server of the same directory may do better.
    """

    text: str
    temporary: bool = False
    elsewhere: bool = False


class Complaint(enum.Enum):
    """Each cause, in the order in which a lookup can meet it."""

    NO_LIBRARY = Message(
        "the LDAP library is not installed; run pip install '.[ldap]' in the folder of Waypost's "
        "source, and start again"
    )
    BROKEN_LIBRARY = Message(
        "the LDAP library does not load ({why}); "
        "pip install --force-reinstall --no-cache-dir python-ldap"
    )
    NO_PASSWORD_FILE = Message("bind_password_file {file} cannot be read ({why})")
    NO_PASSWORD_VARIABLE = Message("bind_password_env: the variable {variable} is not set")
    # RFC 4513 s5.1.2: a name without a password would be an anonymous bind that looks like another.
    NO_PASSWORD = Message("bind_password is empty; give one, or leave out bind_user as well")
    BAD_TLS_FILE = Message("{option} {file} cannot be used ({why})")
    NO_HOST = Message("{server}: its host name cannot be resolved ({why}); see urls", True, True)
    NO_SOCKET = Message("{server}: the socket cannot be opened ({why}); see urls", True, True)
    REFUSED = Message("{server}: nothing listens there; see urls, or start the server", True, True)
    CONNECT_TIMEOUT = Message(
        "{server}: not reached in time; see urls, firewalls and connect_timeout_seconds",
        True,
        True,
    )
    UNREACHABLE = Message("{server}: cannot be reached ({why}); see urls", True, True)
    NO_STARTTLS = Message(
        '{server}: does not offer StartTLS ({why}); use ldaps://, or security = "none" '
        "where nobody can listen in",
        elsewhere=True,
    )
    TLS_TIMEOUT = Message(
        "{server}: TLS was not ready in time; see connect_timeout_seconds", True, True
    )
    TLS_CUT = Message("{server}: the connection was cut while TLS began ({why})", True, True)
    NOT_TLS = Message(
        '{server}: does not speak TLS on this port; use ldap:// and security = "starttls", '
        "or the port for ldaps",
        elsewhere=True,
    )
    UNKNOWN_CA = Message(
        "{server}: its certificate is from an authority that is not known here ({why}); "
        "name that in ca_file, or in the setting ldap_ca_file",
        elsewhere=True,
    )
    EXPIRED = Message(
        "{server}: its certificate has expired; renew it, or set tls_verify = false until then",
        elsewhere=True,
    )
    NOT_YET_VALID = Message(
        "{server}: its certificate is not valid yet; compare the clocks", elsewhere=True
    )
    WRONG_NAME = Message(
        "{server}: its certificate is for other names; use one of them in urls ({why})",
        elsewhere=True,
    )
    BAD_CERTIFICATE = Message(
        "{server}: its certificate is not accepted ({why}); see ca_file and tls_verify",
        elsewhere=True,
    )
    TLS_FAILED = Message(
        "{server}: TLS failed ({why}); see cert_file and key_file where the server wants them",
        elsewhere=True,
    )
    BIND_TIMEOUT = Message(
        "{server}: the bind was not answered in time; see connect_timeout_seconds", True, True
    )
    BAD_LOGIN = Message("{server}: does not accept bind_user with bind_password ({why})")
    BAD_BIND_USER = Message("{server}: bind_user is not a name that it understands ({why})")
    NO_ANONYMOUS = Message(
        "{server}: allows no anonymous bind; set bind_user and bind_password ({why})"
    )
    BIND_NEEDS_TLS = Message(
        '{server}: takes a bind over TLS only; use ldaps:// or security = "starttls" ({why})'
    )
    BAD_EXTERNAL = Message(
        '{server}: does not accept bind = "external" ({why}); it wants a client certificate '
        "(cert_file) or a user of an ldapi:// socket whom it knows"
    )
    BIND_FAILED = Message("{server}: refuses the bind ({why})", elsewhere=True)
    NOT_LDAP = Message("{server}: what answers there does not speak LDAP; see urls", False, True)
    NO_BASE = Message("{server}: search_base does not exist there, or bind_user may not see it")
    BAD_BASE = Message("{server}: search_base is not a distinguished name (RFC 4514)")
    BAD_FILTER = Message("search_filter is not a filter (RFC 4515)")
    NO_ACCESS = Message("{server}: bind_user may not search search_base; give it the right to")
    NEEDS_BIND = Message(
        "{server}: answers nobody who has not bound; set bind_user and bind_password"
    )
    REFERRAL = Message(
        "{server}: knows search_base only from other servers (a referral); name those in urls"
    )
    SIZE_LIMIT = Message(
        "{server}: gives no answer because of a limit of its own ({why}); raise it for bind_user"
    )
    TIME_LIMIT = Message(
        "{server}: gave up after its own time limit; index the attribute in search_filter", True
    )
    SEARCH_TIMEOUT = Message(
        "{server}: the search was not answered in time; see time_limit_seconds, and index the "
        "attribute in search_filter",
        True,
    )
    BUSY = Message("{server}: is too busy, or is shutting down ({why})", True, True)
    CUT = Message("{server}: the connection was cut", True, True)
    SEARCH_FAILED = Message("{server}: refuses the search ({why})", elsewhere=True)
    ALL_IN_USE = Message("all connections are in use; see max_searches", True)
    CLOSED = Message("is closed", True)

    @property
    def message(self) -> Message:
        """Return what is said."""
        found: Message = self.value
        return found


class LdapFailure(Exception):
    """One thing that went wrong, until it is known whether another server does better."""

    def __init__(self, complaint: Complaint, **fields: str) -> None:
        """Take the cause and the fields of its message."""
        self.complaint = complaint
        self.fields = {name: one_line(value) for name, value in fields.items()}
        super().__init__(complaint.message.text.format_map(self.fields))

    def add(self, more: str) -> None:
        """Add what was found out later."""
        self.args = (f"{self}; {one_line(more)}",)

    def as_error(self, label: str) -> DirectoryError | DirectoryUnavailable:
        """Return it as the error of a directory."""
        text = f"directory {label}: {self}"
        return DirectoryUnavailable(text) if self.temporary else DirectoryError(text)

    @property
    def temporary(self) -> bool:
        """Return whether asking later may help."""
        return self.complaint.message.temporary


def one_line(text: str) -> str:
    """Return what a library or a server says as one short line."""
    line = _UNPRINTABLE.sub(" ", text).strip()
    return line if len(line) <= REASON_MAX_CHARS else f"{line[:REASON_MAX_CHARS]}…"
