"""One session with one server: bind and search. The only module that imports python-ldap."""

import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import ldap

from waypost.core.model import LdapBind, LdapScope
from waypost.directory.ldap.errors import LdapFailure, LdapProblem
from waypost.directory.ldap.options import ConnectionOptions, LdapEndpoint
from waypost.directory.ldap.transport import limit_writes
from waypost.net.deadline import Deadline

# More than one entry is ambiguous; the second one is enough to know (RFC 4511 s4.5.1.4).
SIZE_LIMIT: Final = 2
NO_ATTRIBUTES: Final = "1.1"  # RFC 4511 s4.5.1.8
# The library gets a connected socket. If the connection breaks, the library must not open a new
# one without TLS, so this URL is not usable.
_UNUSABLE_URL: Final = "ldapi://%2Fdev%2Fnull"
# Active Directory reports the cause of a failed login as a number ([MS-ERREF] s2.2, hexadecimal).
_AD_NUMBER: Final = re.compile(r"\bdata ([0-9a-f]+)", re.IGNORECASE)
_AD_REASONS: Final = {
    "525": "there is no such user",
    "52e": "the user or the password is wrong",
    "530": "the user may not log in at this time",
    "531": "the user may not log in from here",
    "532": "the password has expired",
    "533": "the account is disabled",
    "701": "the account has expired",
    "773": "the password must be changed first",
    "775": "the account is locked",
}
_CLASSES_OF_BIND: Final = (
    ("INVALID_CREDENTIALS", LdapProblem.BAD_LOGIN),
    ("INVALID_DN_SYNTAX", LdapProblem.BAD_BIND_USER),
    ("NO_SUCH_OBJECT", LdapProblem.BAD_LOGIN),
    ("CONFIDENTIALITY_REQUIRED", LdapProblem.BIND_NEEDS_TLS),
    ("STRONG_AUTH_REQUIRED", LdapProblem.BIND_NEEDS_TLS),
    ("INAPPROPRIATE_AUTH", LdapProblem.NO_ANONYMOUS),
    ("BUSY", LdapProblem.BUSY),
    ("UNAVAILABLE", LdapProblem.BUSY),
    ("TIMEOUT", LdapProblem.BIND_TIMEOUT),
    ("SERVER_DOWN", LdapProblem.CUT),
    ("CONNECT_ERROR", LdapProblem.CUT),
    ("DECODING_ERROR", LdapProblem.NOT_LDAP),
)
_CLASSES_OF_SEARCH: Final = (
    ("NO_SUCH_OBJECT", LdapProblem.NO_BASE),
    ("INVALID_DN_SYNTAX", LdapProblem.BAD_BASE),
    ("FILTER_ERROR", LdapProblem.BAD_FILTER),
    ("INSUFFICIENT_ACCESS", LdapProblem.NO_ACCESS),
    ("OPERATIONS_ERROR", LdapProblem.NEEDS_BIND),
    ("STRONG_AUTH_REQUIRED", LdapProblem.NEEDS_BIND),
    ("INAPPROPRIATE_AUTH", LdapProblem.NEEDS_BIND),
    ("REFERRAL", LdapProblem.REFERRAL),
    ("PARTIAL_RESULTS", LdapProblem.REFERRAL),
    ("SIZELIMIT_EXCEEDED", LdapProblem.SIZE_LIMIT),
    ("ADMINLIMIT_EXCEEDED", LdapProblem.SIZE_LIMIT),
    ("TIMELIMIT_EXCEEDED", LdapProblem.TIME_LIMIT),
    ("TIMEOUT", LdapProblem.SEARCH_TIMEOUT),
    ("BUSY", LdapProblem.BUSY),
    ("UNAVAILABLE", LdapProblem.BUSY),
    ("SERVER_DOWN", LdapProblem.CUT),
    ("CONNECT_ERROR", LdapProblem.CUT),
    ("DECODING_ERROR", LdapProblem.CUT),
)


@dataclass(frozen=True, slots=True)
class SearchEntry:
    """An entry that matches the search filter.

    Attributes:
        dn: the distinguished name.
        attributes: the values by attribute description, as the server spells it (`cn;lang-de`),
            without values that are not UTF-8.
    """

    dn: str
    attributes: Mapping[str, Sequence[str]]


class Session:
    """A connection that is used by one thread at a time."""

    def __init__(
        self, server: LdapEndpoint, connection: socket.socket, limit_seconds: float
    ) -> None:
        """Create a session on a connected socket, or on the plain end of a TLS connection.

        Args:
            server: the server, named in errors.
            connection: the socket; closed with the session.
            limit_seconds: the time limit for a write, which is never long.
        """
        self.server = server
        connection.settimeout(None)
        limit_writes(connection, limit_seconds)
        self._ldap = ldap.initialize(_UNUSABLE_URL, fileno=connection.detach())
        for option, value in (
            (ldap.OPT_PROTOCOL_VERSION, ldap.VERSION3),
            (ldap.OPT_REFERRALS, 0),
            (ldap.OPT_RESTART, 1),
            (ldap.OPT_DEREF, ldap.DEREF_NEVER),
            (ldap.OPT_NETWORK_TIMEOUT, limit_seconds),
            (ldap.OPT_TIMEOUT, limit_seconds),
        ):
            self._ldap.set_option(option, value)

    def bind(self, options: ConnectionOptions, secret: str, deadline: Deadline) -> None:
        """Send a bind request, and wait for the answer.

        Args:
            options: the method and the user of the bind.
            secret: the password of a simple bind, not empty.
            deadline: the deadline for the answer.

        Raises:
            LdapFailure: the server refuses the bind, or does not answer in time.
        """
        if options.bind is LdapBind.EXTERNAL:
            with self._map_errors(_CLASSES_OF_BIND, LdapProblem.BAD_EXTERNAL):
                self._ldap.set_option(ldap.OPT_TIMEOUT, max(deadline.left(), 0.01))
                # RFC 4513 s5.2.3: without a name, the server uses the identity of the lower layers.
                self._ldap.sasl_bind_s("", "EXTERNAL", "")
            return
        # RFC 4513 s5.1.1: an anonymous bind has no name and no password.
        credentials = (options.user or "", secret) if options.bind is LdapBind.SIMPLE else ("", "")
        with self._map_errors(_CLASSES_OF_BIND, LdapProblem.BIND_FAILED):
            message_id = self._ldap.simple_bind(*credentials)
            self._ldap.result4(message_id, timeout=max(deadline.left(), 0.01))

    def search(
        self, options: ConnectionOptions, text: str, deadline: Deadline
    ) -> list[SearchEntry]:
        """Return the entries that a filter finds, at most two.

        Raises:
            LdapFailure: the server does not answer, or answers with an error.
        """
        scope = {
            LdapScope.BASE: ldap.SCOPE_BASE,
            LdapScope.ONE: ldap.SCOPE_ONELEVEL,
            LdapScope.SUB: ldap.SCOPE_SUBTREE,
        }[options.scope]
        return self._search(options.base, scope, text, options.names, deadline)

    def has_base(self, base: str, deadline: Deadline) -> bool:
        """Return whether the entry of a search base exists.

        Raises:
            LdapFailure: the server does not answer.
        """
        try:
            self._search(base, ldap.SCOPE_BASE, "(objectClass=*)", (NO_ATTRIBUTES,), deadline)
        except LdapFailure as failure:
            if failure.problem is LdapProblem.NO_BASE:
                return False
            raise
        # Without an error it exists, even if Waypost may search it but not read it.
        return True

    def whoami(self, deadline: Deadline) -> str:
        """Return the authorization identity of the session (RFC 4532), or an empty text."""
        self._ldap.set_option(ldap.OPT_TIMEOUT, max(deadline.left(), 0.01))
        with suppress(ldap.LDAPError):
            return self._ldap.whoami_s()
        return ""

    def close(self) -> None:
        """Close the session."""
        with suppress(ldap.LDAPError):
            self._ldap.unbind_ext()

    def _search(
        self, base: str, scope: int, text: str, names: Sequence[str], deadline: Deadline
    ) -> list[SearchEntry]:
        entries: list[SearchEntry] = []
        with self._map_errors(_CLASSES_OF_SEARCH, LdapProblem.SEARCH_FAILED, hide_server_text=True):
            seconds = max(deadline.left(), 0.01)
            # The limit in the request is for the server, in whole seconds; Waypost has its own.
            message_id = self._ldap.search_ext(
                base, scope, text, list(names), timeout=int(seconds) + 1, sizelimit=SIZE_LIMIT
            )
            try:
                while True:
                    seconds_left = max(deadline.left(), 0.001)
                    message_type, values_by_dn, *_ = self._ldap.result4(
                        message_id, all=0, timeout=seconds_left
                    )
                    if message_type == ldap.RES_SEARCH_RESULT:
                        return entries
                    # RFC 4511 s4.5.3: search references are for clients that follow them.
                    if message_type == ldap.RES_SEARCH_ENTRY:
                        entries += [_search_entry(dn, values) for dn, values in values_by_dn or ()]
            except ldap.SIZELIMIT_EXCEEDED:
                if len(entries) < SIZE_LIMIT:
                    raise
                return entries

    @contextmanager
    def _map_errors(
        self,
        classes: Sequence[tuple[str, LdapProblem]],
        default_problem: LdapProblem,
        *,
        hide_server_text: bool = False,
    ) -> Iterator[None]:
        """Convert the library's exceptions to failures.

        Args:
            classes: the failures by names of exception classes.
            default_problem: the failure for all other exceptions.
            hide_server_text: leave out the server's text, because it may contain the searched
                address.
        """
        try:
            yield
        except ldap.LDAPError as error:
            name = type(error).__name__
            problem = dict(classes).get(name, default_problem)
            why = _words(name) if hide_server_text else _reason(error)
            raise LdapFailure(problem, server=self.server.url, why=why) from None
        except UnicodeDecodeError:
            raise LdapFailure(
                default_problem, server=self.server.url, why="its answer is not UTF-8"
            ) from None


def _search_entry(
    dn: str | None, values: Mapping[str, Sequence[bytes]] | Sequence[str]
) -> SearchEntry:
    if not isinstance(values, Mapping):
        return SearchEntry(dn or "", {})
    return SearchEntry(dn or "", {name: list(_texts(texts)) for name, texts in values.items()})


def _texts(values: Sequence[bytes]) -> Iterator[str]:
    for value in values:
        with suppress(UnicodeDecodeError):
            yield value.decode("utf-8")


def _reason(error: ldap.LDAPError) -> str:
    """Return the server's text, or else the library's."""
    info = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    words = str(info.get("info") or info.get("desc") or _words(type(error).__name__))
    if (match := _AD_NUMBER.search(words)) and match[1].lower() in _AD_REASONS:
        return f"{_AD_REASONS[match[1].lower()]}; data {match[1]}"
    return words


def _words(name: str) -> str:
    return name.lower().replace("_", " ")
