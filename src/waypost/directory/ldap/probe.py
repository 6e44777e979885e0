"""One lookup step by step, at each server of an LDAP directory."""

import socket
import time
from collections.abc import Callable, Iterator, Sequence

from waypost.core.address import EmailAddress
from waypost.core.model import LdapBind, LdapDirectory, LdapServer, Secret
from waypost.directory.entries import requested_attributes, user_of
from waypost.directory.ldap.certificates import certificate_of, inspect_certificate
from waypost.directory.ldap.connect import bridge_tls, open_tls
from waypost.directory.ldap.errors import LdapFailure, LdapProblem
from waypost.directory.ldap.filters import fill_filter
from waypost.directory.ldap.options import ConnectionOptions, LdapEndpoint, connection_options
from waypost.directory.ldap.passwords import password
from waypost.directory.ldap.session import SearchEntry, Session
from waypost.directory.ldap.tls import tls_context
from waypost.directory.ldap.transport import connect, resolve
from waypost.directory.step import Step
from waypost.net.deadline import Deadline
from waypost.net.tcp import SocketAddress

_StepResult = tuple[str, dict[str, object]]


def probe_ldap(
    directory: LdapServer | LdapDirectory, address: EmailAddress, *, ca_file: str | None = None
) -> Iterator[Step]:
    """Yield the steps of a lookup of one user at each server, with new connections.

    Args:
        directory: its configuration.
        address: the address of the user.
        ca_file: the authorities for directories without `ca_file` (setting `ldap_ca_file`).
    """
    options = connection_options(directory, ca_file)
    for server in options.servers:
        probe = _LdapProbe(directory, options, server, address)
        try:
            yield from probe.steps()
        finally:
            probe.close()


class _LdapProbe:
    """A lookup at one server. Each step stores the data that the next step needs."""

    def __init__(
        self,
        directory: LdapServer | LdapDirectory,
        options: ConnectionOptions,
        server: LdapEndpoint,
        address: EmailAddress,
    ) -> None:
        self._directory = directory
        self._options = options
        self._server = server
        self._filter = fill_filter(options.filter, address)
        self._addresses: Sequence[SocketAddress] = ()
        self._connection: socket.socket | None = None
        self._session: Session | None = None
        self._entries: list[SearchEntry] = []
        self._failure_details: dict[str, object] = {}

    def steps(self) -> Iterator[Step]:
        """Yield each step, up to the first one that fails."""
        open_tls = self._server.tls or self._server.starttls
        names: list[tuple[str, Callable[[], _StepResult]]] = [
            ("resolve", self._resolve),
            ("connect", self._connect),
            *([("tls", self._tls)] if open_tls else []),
            ("bind", self._bind),
            ("base", self._base),
            ("search", self._search),
            ("entry", self._entry),
            ("user", self._user),
        ]
        for name, action in names:
            step = self._step(name, action)
            yield step
            if not step.ok:
                return

    def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            self._session.close()
        elif self._connection is not None:
            self._connection.close()

    def _step(self, name: str, action: Callable[[], _StepResult]) -> Step:
        begin = time.monotonic()
        server_details: dict[str, object] = {"server": self._server.url}
        try:
            text, details = action()
        except LdapFailure as failure:
            problem_details = {"problem": failure.problem.name.lower()}
            text, details, ok = str(failure), {**self._failure_details, **problem_details}, False
        else:
            ok = name != "search" or len(self._entries) == 1
        return Step(name, ok, text, server_details | details, time.monotonic() - begin)

    def _deadline(self) -> Deadline:
        return Deadline(self._options.limits.connect_timeout_seconds)

    def _resolve(self) -> _StepResult:
        self._addresses = resolve(self._server, self._deadline())
        addresses = list(dict.fromkeys(_host(address) for _, address in self._addresses))
        return f"{self._server.host or 'socket'}: {', '.join(addresses)}", {"addresses": addresses}

    def _connect(self) -> _StepResult:
        self._connection = connect(self._server, self._addresses, self._deadline())
        if self._server.path is not None:
            return f"{self._server.path} is open", {}
        try:
            host, port = self._connection.getpeername()[:2]
        except OSError:
            # The server has closed the connection already; the next step says so.
            return f"{self._server.host}, port {self._server.port}, is open", {}
        return f"{host}, port {port}, is open", {"address": host, "port": port}

    def _tls(self) -> _StepResult:
        assert self._connection is not None  # noqa: S101 -- the step before made it
        context = tls_context(self._options.tls_options)
        deadline = self._deadline()
        try:
            tls_socket = open_tls(context, self._server, self._connection, deadline)
        except LdapFailure as failure:
            raise self._with_certificate(failure) from None
        version, starttls_text = (
            tls_socket.version() or "TLS",
            " by StartTLS" if self._server.starttls else "",
        )
        verified_certificate = certificate_of(tls_socket)
        certificate = verified_certificate or inspect_certificate(self._server, self._deadline())
        self._connection = bridge_tls(self._options, tls_socket)
        details: dict[str, object] = {
            "version": version,
            "verified": verified_certificate is not None,
        }
        if certificate is not None:
            details |= certificate.details
        shown = certificate or "a certificate that cannot be read"
        not_checked = (
            "" if verified_certificate is not None else "; not verified, as tls_verify is false"
        )
        return f"{version}{starttls_text}, {shown}{not_checked}", details

    def _with_certificate(self, failure: LdapFailure) -> LdapFailure:
        if failure.problem in _ABOUT_CERTIFICATES:
            certificate = inspect_certificate(self._server, self._deadline())
            if certificate is not None:
                self._failure_details = certificate.details
                failure.add(f"the server sent a {certificate}")
        return failure

    def _bind(self) -> _StepResult:
        assert self._connection is not None  # noqa: S101 -- a step before made it
        options = self._options
        secret = password(options.password) if options.bind is LdapBind.SIMPLE else ""
        self._session = Session(
            self._server, self._connection, options.limits.connect_timeout_seconds
        )
        self._session.bind(options, secret, self._deadline())
        who = self._session.whoami(self._deadline())
        details: dict[str, object] = {"bind": options.bind.value, "user": options.user}
        if who:
            details["authorized_as"] = who
        return _bind_text(options, who), details

    def _base(self) -> _StepResult:
        session = self._require_session()
        if not session.has_base(self._options.base, self._deadline()):
            raise LdapFailure(LdapProblem.NO_BASE, server=self._server.url)
        return f"{self._options.base or 'the root'} exists", {"search_base": self._options.base}

    def _search(self) -> _StepResult:
        options = self._options
        deadline = Deadline(options.limits.time_limit_seconds)
        self._entries = self._require_session().search(options, self._filter, deadline)
        details: dict[str, object] = {
            "filter": self._filter,
            "scope": options.scope.value,
            "asked_for": list(options.names),
            "hits": [entry.dn for entry in self._entries],
        }
        return f"{self._filter}: {_count(self._entries)}", details

    def _entry(self) -> _StepResult:
        (entry,) = self._entries
        values = {name: list(texts) for name, texts in entry.attributes.items()}
        shown = "; ".join(f"{name}: {', '.join(texts)}" for name, texts in values.items())
        return f"{entry.dn}; {shown or 'none of the attributes'}", {
            "dn": entry.dn,
            "values": values,
        }

    def _user(self) -> _StepResult:
        user = user_of(self._entries[0].attributes, requested_attributes(self._directory))
        attributes = dict(user.attributes)
        details: dict[str, object] = {
            "login_name": user.login_name,
            "display_name": user.display_name,
            "attributes": attributes,
        }
        login = user.login_name or f"none; {self._options.names[0]} has no usable value"
        text = f"login name: {login}; display name: {user.display_name or 'none'}"
        return "; ".join([text, *(f"{key}: {one}" for key, one in attributes.items())]), details

    def _require_session(self) -> Session:
        assert self._session is not None  # noqa: S101 -- a step before made it
        return self._session


_ABOUT_CERTIFICATES = {
    LdapProblem.UNKNOWN_CA,
    LdapProblem.EXPIRED,
    LdapProblem.NOT_YET_VALID,
    LdapProblem.WRONG_NAME,
    LdapProblem.BAD_CERTIFICATE,
}


def _host(address: object) -> str:
    return str(address[0]) if isinstance(address, tuple) else str(address)


def _count(entries: list[SearchEntry]) -> str:
    if len(entries) == 1:
        return "1 hit"
    if entries:
        return "more than one hit, so the user counts as unknown"
    return "no hit: the user is unknown"


def _bind_text(options: ConnectionOptions, who: str) -> str:
    identity = f", authorized as {who}" if who else ""
    if options.bind is LdapBind.SIMPLE:
        return f"as {options.user}, password {_source(options.password)}{identity}"
    if options.bind is LdapBind.EXTERNAL:
        return f"as the identity of the connection (EXTERNAL){identity}"
    return "anonymous"


def _source(secret: Secret) -> str:
    if secret.file is not None:
        return f"from {secret.file}"
    if secret.variable is not None:
        return f"from the variable {secret.variable}"
    return "***"
