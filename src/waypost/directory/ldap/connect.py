"""Open a session with a server: connect, begin TLS, bind."""

import socket
import ssl

from waypost.core.model import LdapBind
from waypost.directory.ldap.errors import LdapFailure, LdapProblem
from waypost.directory.ldap.options import ConnectionOptions, LdapEndpoint
from waypost.directory.ldap.passwords import password
from waypost.directory.ldap.session import Session
from waypost.directory.ldap.tls import TlsContexts, start_handshake
from waypost.directory.ldap.tls_bridge import open_bridge
from waypost.directory.ldap.transport import connect, resolve, start_tls
from waypost.net.deadline import Deadline
from waypost.runtime.threads import ThreadStartError


def open_session(
    options: ConnectionOptions, server: LdapEndpoint, contexts: TlsContexts
) -> Session:
    """Open a session: connect, begin TLS and bind within `connect_timeout_seconds`.

    Args:
        options: the directory.
        server: one of its servers.
        contexts: the TLS contexts, used if the URL or `security` requires TLS.

    Raises:
        LdapFailure: one of the three steps failed.
    """
    deadline = Deadline(options.limits.connect_timeout_seconds)
    # Files that cannot be read are reported before a connection is made.
    context = contexts.get() if server.tls or server.starttls else None
    secret = password(options.password) if options.bind is LdapBind.SIMPLE else ""
    connection = connect(server, resolve(server, deadline), deadline)
    if context is not None:
        connection = bridge_tls(options, open_tls(context, server, connection, deadline))
    session = Session(server, connection, options.limits.connect_timeout_seconds)
    try:
        session.bind(options, secret, deadline)
    except LdapFailure:
        session.close()
        raise
    return session


def open_tls(
    context: ssl.SSLContext, server: LdapEndpoint, connection: socket.socket, deadline: Deadline
) -> ssl.SSLSocket:
    """Start TLS on a connection, after a StartTLS request if the URL is `ldap:`.

    The connection is closed if that fails.

    Raises:
        LdapFailure: TLS failed.
    """
    if server.starttls:
        try:
            # RFC 4513 s3.1.1 and s5.1.3: before the password is sent.
            start_tls(server, connection, deadline)
        except LdapFailure:
            connection.close()
            raise
    return start_handshake(context, server, connection, deadline)


def bridge_tls(options: ConnectionOptions, tls_socket: ssl.SSLSocket) -> socket.socket:
    """Return the socket through which the library speaks without TLS.

    Raises:
        LdapFailure: no thread can be started for it.
    """
    try:
        return open_bridge(tls_socket, f"ldap-tls-{options.label}")
    except ThreadStartError as error:
        tls_socket.close()
        server = options.servers[0].url
        raise LdapFailure(LdapProblem.UNREACHABLE, server=server, why=str(error)) from error
