"""The StartTLS request: any bytes from a server are an answer or a failure."""

import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.servers.scripted_ldap import EXTENDED_ANSWER, element, result
from waypost.directory.ldap.errors import LdapFailure, LdapProblem
from waypost.directory.ldap.options import LdapEndpoint
from waypost.directory.ldap.transport import resolve, start_tls
from waypost.net.deadline import Deadline

SERVER = LdapEndpoint("ldap://localhost", "localhost", 389, starttls=True)


def answered(data: bytes) -> tuple[bytes, LdapFailure | None]:
    """Return the request to a server that answers with some bytes, and the failure."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        try:
            start_tls(SERVER, ours, Deadline(5))
        except LdapFailure as failure:
            return theirs.recv(100), failure
        return theirs.recv(100), None


def test_name_server_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that never returns delays a lookup only by the time limit for connections."""
    released = threading.Event()

    resolver = socket.getaddrinfo

    def silent(host: str, port: int, *, type: int, flags: int = 0) -> object:  # noqa: A002
        if not flags:  # An IP address needs no name server.
            released.wait(30)
        return resolver(host, port, type=type, flags=flags)

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    try:
        with pytest.raises(LdapFailure) as caught:
            resolve(SERVER, Deadline(0.05))
        assert not released.is_set()
    finally:
        released.set()
    assert caught.value.problem is LdapProblem.NO_HOST
    assert "the name server does not answer in time" in str(caught.value)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 64])
def test_name_that_is_not_known(host: str) -> None:
    """A name without an address is a failure that says why."""
    with pytest.raises(LdapFailure) as caught:
        resolve(LdapEndpoint(f"ldap://{host}", host, 389, starttls=True), Deadline(30))
    assert caught.value.problem is LdapProblem.NO_HOST


def test_addresses_of_a_name() -> None:
    """A known name has addresses, and a Unix socket has its path."""
    assert (socket.AF_INET, ("127.0.0.1", 389)) in resolve(SERVER, Deadline(30))
    local = LdapEndpoint("ldapi://%2Frun%2Fldapi", "", 0, path="/run/ldapi")
    assert resolve(local, Deadline(0)) == [(socket.AF_UNIX, "/run/ldapi")]


def message(operation: bytes) -> bytes:
    """Return a message with the number 1 (RFC 4511 s4.1.1)."""
    return element(0x30, element(2, b"\x01") + operation)


def test_request() -> None:
    """The request is an extended one with StartTLS's number (RFC 4511 s4.14.1)."""
    asked, failure = answered(message(result(EXTENDED_ANSWER, 0)))
    assert failure is None
    name = element(0x80, b"1.3.6.1.4.1.1466.20037")
    assert asked == message(element(0x77, name))


ANSWERS = [
    # bytes, their meaning
    (message(result(EXTENDED_ANSWER, 0, "x" * 300)), None),
    (message(result(EXTENDED_ANSWER, 2, "no TLS")), LdapProblem.NO_STARTTLS),
    (message(result(EXTENDED_ANSWER, 52)), LdapProblem.NO_STARTTLS),
    (message(result(0x61, 0)), LdapProblem.NOT_LDAP),
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", LdapProblem.NOT_LDAP),
    (b"\x30\x84\xff\xff\xff\xff", LdapProblem.NOT_LDAP),
    (b"\x30\x05\x02\x01\x01\x78\x7f", LdapProblem.NOT_LDAP),
    (b"\x30\x00", LdapProblem.NOT_LDAP),
    (b"\x30", LdapProblem.TLS_CUT),
    (b"", LdapProblem.TLS_CUT),
]


@pytest.mark.parametrize(("data", "problem"), ANSWERS)
def test_answers(data: bytes, problem: LdapProblem | None) -> None:
    """Each answer has the expected result."""
    _, failure = answered(data)
    assert (failure.problem if failure is not None else None) is problem


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes(data: bytes, framed: bool) -> None:
    """Any bytes are either an agreement or a failure with a reason."""
    _, failure = answered(message(data) if framed else data)
    if failure is not None:
        assert failure.problem in {
            LdapProblem.NOT_LDAP,
            LdapProblem.TLS_CUT,
            LdapProblem.NO_STARTTLS,
        }
