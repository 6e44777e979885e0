"""TLS by the standard library: contexts, the handshake, and the cause of a failure."""

import socket
import ssl
import threading
from pathlib import Path
from typing import Final

from waypost.directory.ldap.errors import LdapFailure, LdapProblem
from waypost.directory.ldap.options import LdapEndpoint, TlsOptions
from waypost.net.deadline import Deadline
from waypost.runtime.file_stamp import FileStamp, file_stamp
from waypost.runtime.regular_file import check_regular_file

# OpenSSL's verification errors, x509_vfy.h.
_EXPIRED: Final = 10
_NOT_YET_VALID: Final = 9
_UNKNOWN_CA: Final = frozenset({2, 18, 19, 20, 21, 24, 27})
_WRONG_NAME: Final = frozenset({62, 64})
# OpenSSL's reasons if the server answers the first bytes of TLS with something else.
_NOT_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"})
_CUT: Final = frozenset({"UNEXPECTED_EOF_WHILE_READING"})


class TlsContexts:
    """A cached context, replaced if one of its files changes: reading all authorities is slow."""

    def __init__(self, tls_options: TlsOptions) -> None:
        """Create an empty cache; no file is read yet."""
        self._tls_options = tls_options
        self._lock = threading.Lock()
        self._cached: tuple[list[FileStamp | None], ssl.SSLContext] | None = None

    def get(self) -> ssl.SSLContext:
        """Return a context from the current files.

        Raises:
            LdapFailure: a file cannot be used.
        """
        files = (self._tls_options.ca_file, self._tls_options.cert_file, self._tls_options.key_file)
        stamps = [file_stamp(Path(file)) for file in files if file is not None]
        with self._lock:
            if self._cached is None or self._cached[0] != stamps:
                self._cached = stamps, tls_context(self._tls_options)
            return self._cached[1]


def tls_context(tls_options: TlsOptions) -> ssl.SSLContext:
    """Create a context from the current files.

    Raises:
        LdapFailure: a file cannot be used.
    """
    try:
        if tls_options.ca_file is not None:
            check_regular_file(tls_options.ca_file)
        context = ssl.create_default_context(cafile=tls_options.ca_file)
    except (OSError, ValueError) as error:
        raise _bad_file(tls_options.ca_option, tls_options.ca_file or "", error) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 9325 s3.1.1
    # The same flags in every Python version: ca_file may contain only the server's certificate,
    # and a private authority may lack an extension that RFC 5280 requires.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if tls_options.cert_file is not None:
        try:
            for file in (tls_options.cert_file, tls_options.key_file):
                if file is not None:
                    check_regular_file(file)
            # With an empty password, an encrypted key is an error and not a prompt on the terminal.
            context.load_cert_chain(tls_options.cert_file, tls_options.key_file, password="")
        except (OSError, ValueError) as error:
            raise _bad_file("cert_file or key_file", tls_options.cert_file, error) from None
    if not tls_options.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def start_handshake(
    context: ssl.SSLContext, server: LdapEndpoint, connection: socket.socket, deadline: Deadline
) -> ssl.SSLSocket:
    """Start TLS on a connection; the connection is closed if that fails.

    Raises:
        LdapFailure: TLS failed.
    """
    # RFC 4513 s3.1.3, RFC 9525 s6: the certificate must be for the host that is in the URL.
    tls_socket = context.wrap_socket(
        connection, server_hostname=server.host, do_handshake_on_connect=False
    )
    try:
        tls_socket.settimeout(deadline.wait())
        tls_socket.do_handshake()
    except OSError as error:
        tls_socket.close()
        raise handshake_failure(server, error) from None
    return tls_socket


def handshake_failure(server: LdapEndpoint, error: OSError) -> LdapFailure:
    """Return the cause of a failed handshake."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _bad_certificate(server, error)
    if isinstance(error, TimeoutError):
        return LdapFailure(LdapProblem.TLS_TIMEOUT, server=server.url)
    if isinstance(error, ssl.SSLError):
        reason = error.reason or ""
        if reason in _NOT_TLS:
            return LdapFailure(LdapProblem.NOT_TLS, server=server.url)
        if reason not in _CUT and not isinstance(error, ssl.SSLEOFError):
            why = reason.lower().replace("_", " ") or "no reason is given"
            return LdapFailure(LdapProblem.TLS_FAILED, server=server.url, why=why)
    return LdapFailure(
        LdapProblem.TLS_CUT,
        server=server.url,
        why="by the server, which may not support TLS on this port",
    )


def _bad_certificate(server: LdapEndpoint, error: ssl.SSLCertVerificationError) -> LdapFailure:
    problem = LdapProblem.BAD_CERTIFICATE
    if error.verify_code == _EXPIRED:
        problem = LdapProblem.EXPIRED
    elif error.verify_code == _NOT_YET_VALID:
        problem = LdapProblem.NOT_YET_VALID
    elif error.verify_code in _UNKNOWN_CA:
        problem = LdapProblem.UNKNOWN_CA
    elif error.verify_code in _WRONG_NAME:
        problem = LdapProblem.WRONG_NAME
    return LdapFailure(problem, server=server.url, why=error.verify_message)


def _bad_file(option: str, file: str, error: OSError | ValueError) -> LdapFailure:
    if isinstance(error, ssl.SSLError):
        why = (error.reason or "not PEM").lower().replace("_", " ")
    else:
        why = getattr(error, "strerror", None) or "it is not PEM"
    return LdapFailure(LdapProblem.BAD_TLS_FILE, option=option, file=file, why=why)
