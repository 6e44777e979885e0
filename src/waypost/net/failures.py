"""Why a connection or an exchange failed, as text for an operator."""

import errno
import http.client
import os
import socket
import ssl
from typing import Final

TIMED_OUT: Final = "the answer takes too long"

# The first class that fits counts, so each class is listed before its base classes.
_REASONS: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (http.client.RemoteDisconnected, "the connection was closed without an answer"),
    (ConnectionRefusedError, "connection refused"),
    (ConnectionResetError, "the connection was reset"),
    (ConnectionAbortedError, "the connection was aborted"),
    (BrokenPipeError, "the connection was closed"),
    (TimeoutError, TIMED_OUT),
    (socket.gaierror, "cannot resolve the host name"),
    (http.client.IncompleteRead, "the answer ended too early"),
    (http.client.InvalidURL, "the host or the port is not valid"),
    (http.client.LineTooLong, "the answer has a line that is too long"),
    (http.client.HTTPException, "the answer is not HTTP"),
    (UnicodeError, "the host name is not valid"),
    (OverflowError, "the port is not valid"),
    (ValueError, "the host or the port is not valid"),
)
_BY_NUMBER: Final = {
    errno.EHOSTUNREACH: "no route to the host",
    errno.ENETUNREACH: "no route to the network",
    errno.ENETDOWN: "the network is down",
    errno.ETIMEDOUT: TIMED_OUT,
}


class NoConnection(OSError):
    """A host cannot be reached; the message says why, as text for an operator."""


class PrivateAddress(NoConnection):
    """A public server redirected to a private address, which Waypost does not connect to."""


class BadAnswer(http.client.HTTPException):
    """An answer that is rejected; the message says why, as text for an operator."""


def failure_reason(error: BaseException) -> str:
    """Return why an exchange failed, without names of Python's classes.

    Args:
        error: the exception of `socket`, `ssl`, `http.client` or `waypost.net`.
    """
    if isinstance(error, NoConnection | BadAnswer):
        return f"{error}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {tls_reason(error)}"
    if isinstance(error, OSError) and error.errno in _BY_NUMBER:
        return _BY_NUMBER[error.errno]
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number).lower() if number else "the connection failed"


def tls_reason(error: ssl.SSLError) -> str:
    """Return OpenSSL's reason in lower-case words."""
    reason = (error.reason or "the connection was closed").replace("_", " ").lower()
    if reason == "unexpected eof while reading":
        return "the connection was closed"
    return reason
