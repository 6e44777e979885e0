"""Why a connection failed, in words that an operator understands."""

import errno
import http.client
import re
import socket
import ssl

import pytest

from tests.architecture.source import PACKAGE
from waypost.net.failures import NoConnection, failure_reason


def certificate() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "verify failed")
    error.verify_message = "self-signed certificate"
    return error


def handshake(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


TROUBLES: list[tuple[BaseException, str]] = [
    (ConnectionRefusedError(111, "Connection refused"), "connection refused"),
    (ConnectionResetError(104, "reset"), "the connection was reset"),
    (ConnectionAbortedError(), "the connection was aborted"),
    (BrokenPipeError(32, "Broken pipe"), "the connection was closed"),
    (TimeoutError("timed out"), "the answer takes too long"),
    (OSError(errno.ETIMEDOUT, "x"), "the answer takes too long"),
    (OSError(errno.EHOSTUNREACH, "x"), "no route to the host"),
    (OSError(errno.ENETUNREACH, "x"), "no route to the network"),
    (OSError(errno.EACCES, "x"), "permission denied"),
    (OSError("something"), "the connection failed"),
    (NoConnection("a.example has no address in DNS"), "a.example has no address in DNS"),
    (socket.gaierror(-2, "x"), "cannot resolve the host name"),
    (http.client.RemoteDisconnected("x"), "the connection was closed without an answer"),
    (http.client.BadStatusLine("x"), "the answer is not HTTP"),
    (http.client.IncompleteRead(b"x", 3), "the answer ended too early"),
    (http.client.InvalidURL("x"), "the host or the port is not valid"),
    (http.client.LineTooLong("x"), "the answer has a line that is too long"),
    (http.client.UnknownProtocol("x"), "the answer is not HTTP"),
    (UnicodeError("label too long"), "the host name is not valid"),
    (OverflowError("x"), "the port is not valid"),
    (ValueError("x"), "the host or the port is not valid"),
    (certificate(), "certificate: self-signed certificate"),
    (handshake("WRONG_VERSION_NUMBER"), "TLS failed: wrong version number"),
    (handshake("UNEXPECTED_EOF_WHILE_READING"), "TLS failed: the connection was closed"),
    (handshake(""), "TLS failed: the connection was closed"),
]


@pytest.mark.parametrize(("error", "words"), TROUBLES, ids=lambda one: f"{one}"[:30])
def test_reasons(error: BaseException, words: str) -> None:
    """Each failure has its own text, without the name of a class."""
    assert failure_reason(error) == words
    assert not re.search(r"[A-Z][a-z]+(Error|Exception|Timeout)", failure_reason(error))


def test_no_check_prints_the_name_of_a_class() -> None:
    """No check prints the class of an exception."""
    files = [
        path for part in ("diagnostics", "net", "cli") for path in (PACKAGE / part).rglob("*.py")
    ]
    assert len(files) > 100
    found = [
        path.name
        for path in files
        if re.search(r"type\((error|last)\)\.__name__", path.read_text("utf-8"))
    ]
    assert found == []
