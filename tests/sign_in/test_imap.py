"""A login at an IMAP server: scripted ones for what goes wrong, and Dovecot for the rest."""

import base64
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.app_passwords.dovecot import dovecot
from tests.servers.accounts import folder_of
from tests.servers.authority import Authority
from tests.servers.requirements import require
from waypost.core.model import HostEndpoint, Security
from waypost.sign_in import imap
from waypost.sign_in.authenticator import Login, SignInUnavailable
from waypost.sign_in.imap import ImapAuthenticator

NAME, PASSWORD = "alice@example.com", 's3cret pä§s {%}\\"'
TLS, STARTTLS = Security.TLS, Security.STARTTLS


@pytest.fixture(name="authority", scope="module")
def _authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("authority"))


@pytest.fixture(name="trusting", scope="module")
def _trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=f"{authority.certificate}")


@pytest.fixture(name="server_context", scope="module")
def _server_context(authority: Authority) -> ssl.SSLContext:
    pair = authority.issue("server", ["localhost"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    return context


@contextmanager
def scripted(
    lines: Sequence[str], context: ssl.SSLContext | None
) -> Iterator[tuple[int, bytearray]]:
    """Run a server that sends these lines, one after each line that it receives.

    Yields its port, and what it received.
    """
    received = bytearray()

    def serve() -> None:
        connection, _ = listener.accept()
        try:
            if context is not None:
                connection = context.wrap_socket(connection, server_side=True)
            for line in lines:
                connection.sendall(f"{line}\r\n".encode())
                received.extend(connection.recv(4096))
        except OSError:
            return  # The client has refused the certificate, or has ended.
        finally:
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], received
        thread.join(60)


def login(port: int, security: Security = TLS, host: str = "localhost") -> Login:
    return Login(HostEndpoint(host, port, security), NAME, PASSWORD)


SCRIPTS = [
    # what the server sends, the answer or the error
    (["* OK hello", "+", "a2 OK welcome"], True),
    (["* OK hello", "+", "* CAPABILITY IMAP4rev1\r\na2 OK welcome"], True),
    (["* OK hello", "+", "a2 NO [AUTHENTICATIONFAILED] wrong"], False),
    (["* OK hello", "+", "a2 NO wrong"], False),
    (["* OK hello", "+", "a2 NO [UNAVAILABLE] later"], "cannot check the password now"),
    (["* OK hello", "+", "a2 BAD what"], "cannot check the password now"),
    (["* OK hello", "+", "* BYE too many"], "it closes the connection"),
    (["* OK hello", "a2 NO not here"], "it refuses AUTHENTICATE PLAIN"),
    (["* OK hello", "a2 BAD what"], "it refuses AUTHENTICATE PLAIN"),
    (["* PREAUTH welcome"], "its greeting is not OK"),
    (["* BYE busy"], "its greeting is not OK"),
    (["HTTP/1.1 400 Bad Request"], "its greeting is not OK"),
    ([], "closes the connection"),
    (["x" * 100_000], "sends a line of more than"),
]


@pytest.mark.parametrize(("lines", "expected"), SCRIPTS)
def test_answers(
    lines: list[str],
    expected: bool | str,
    trusting: ssl.SSLContext,
    server_context: ssl.SSLContext,
) -> None:
    """Only an OK to the password is right, and only a plain NO is wrong."""
    with scripted(lines, server_context) as (port, _):
        authenticator = ImapAuthenticator(60, trusting)
        if isinstance(expected, bool):
            assert authenticator.accepts(login(port)) is expected
            return
        with pytest.raises(SignInUnavailable, match=expected) as caught:
            authenticator.accepts(login(port))
        assert "s3cret" not in str(caught.value)


def test_no_password_without_tls(trusting: ssl.SSLContext, server_context: ssl.SSLContext) -> None:
    """Nothing is sent without TLS, or to a server with another certificate."""
    authenticator = ImapAuthenticator(60, trusting)
    with pytest.raises(SignInUnavailable, match="has no TLS"):
        authenticator.accepts(login(1, Security.NONE))
    with scripted(["* OK hello", "a1 NO not here", "+"], None) as (port, received):
        with pytest.raises(SignInUnavailable, match="it refuses STARTTLS"):
            authenticator.accepts(login(port, STARTTLS))
        assert b"AUTHENTICATE" not in received
    # RFC 3501 s11.1: data that was sent before TLS must not count.
    with scripted(["* OK hello", "a1 OK go\r\n+"], None) as (port, received):
        with pytest.raises(SignInUnavailable, match="unrequested data without TLS"):
            authenticator.accepts(login(port, STARTTLS))
        assert b"AUTHENTICATE" not in received
    for host, context in (("127.0.0.1", trusting), ("localhost", ssl.create_default_context())):
        with scripted(["* OK hello", "+"], server_context) as (port, received):
            with pytest.raises(SignInUnavailable, match="certificate: "):
                ImapAuthenticator(60, context).accepts(login(port, TLS, host))
            assert received == b""


@pytest.mark.parametrize(("name", "password"), [("a\0b", "x"), ("a", f"{PASSWORD}\0")])
def test_nul(trusting: ssl.SSLContext, name: str, password: str) -> None:
    """NUL would end a part of PLAIN, so nothing is sent (RFC 4616 s2)."""
    with pytest.raises(SignInUnavailable, match="contains NUL") as caught:
        ImapAuthenticator(60, trusting).accepts(
            Login(HostEndpoint("localhost", 1, TLS), name, password)
        )
    assert "s3cret" not in str(caught.value)


def test_no_server(trusting: ssl.SSLContext) -> None:
    """A server that is away or silent is an error within the time limit."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(SignInUnavailable, match="localhost: connection refused"):
            ImapAuthenticator(60, trusting).accepts(login(port))
        unused.listen()
        with pytest.raises(SignInUnavailable, match="takes too long"):
            ImapAuthenticator(0.2, trusting).accepts(login(port))
    with pytest.raises(SignInUnavailable, match=r"no-such-host\.invalid: "):
        ImapAuthenticator(60, trusting).accepts(login(993, TLS, "no-such-host.invalid"))


def test_password_is_not_shown() -> None:
    """The repr of a login has no password."""
    assert "s3cret" not in repr(login(1))


@pytest.mark.parametrize("security", [TLS, STARTTLS])
@pytest.mark.servers
def test_dovecot(security: Security, authority: Authority, trusting: ssl.SSLContext) -> None:
    """Dovecot accepts the right password only, over TLS and over STARTTLS."""
    require(programs=["dovecot"])
    with folder_of(None) as folder:
        users = Path(folder) / "users"
        users.write_text(f"{NAME}:{{PLAIN}}{PASSWORD}:::::\n", encoding="utf-8")
        pair = authority.issue(f"dovecot-{security}", ["localhost"])
        passdb = f"passdb {{\n  driver = passwd-file\n  args = {users}\n}}"
        with dovecot(passdb, pair, tls=security is TLS) as server:
            authenticator = ImapAuthenticator(60, trusting)
            assert authenticator.accepts(login(server.port, security))
            for wrong in ("", "s3cret", f"{PASSWORD} "):
                endpoint = HostEndpoint("localhost", server.port, security)
                assert not authenticator.accepts(Login(endpoint, NAME, wrong))
            endpoint = HostEndpoint("localhost", server.port, security)
            assert not authenticator.accepts(Login(endpoint, "bob@example.com", PASSWORD))


def serve_at(monkeypatch: pytest.MonkeyPatch, *ports: int) -> None:
    """Give the host an address for each port."""
    addresses = [(socket.AF_INET, ("127.0.0.1", port)) for port in ports]
    monkeypatch.setattr(imap, "look_up", lambda *_: addresses)


def test_next_address(
    trusting: ssl.SSLContext, server_context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the first address of the host is not usable, the next one is used."""
    authenticator = ImapAuthenticator(60, trusting)
    with scripted(["* OK hello", "+", "a2 OK welcome"], server_context) as (port, _):
        # The server listens only on the second address.
        addresses = [(socket.AF_INET, (host, port)) for host in ("127.0.0.2", "127.0.0.1")]
        monkeypatch.setattr(imap, "look_up", lambda *_: addresses)
        assert authenticator.accepts(login(port))
    with pytest.raises(SignInUnavailable, match=r"localhost: connection refused$"):
        authenticator.accepts(login(port))


FIRST_SERVERS = [
    # what the first address does, and the reason if the second one is away
    (["* BYE busy"], True, "its greeting is not OK"),
    (["* OK hello", "a2 NO not here"], True, "it refuses AUTHENTICATE PLAIN"),
    (["* OK hello"], False, "TLS failed: wrong version number"),
]


@pytest.mark.parametrize(("lines", "has_tls", "reason"), FIRST_SERVERS)
def test_next_address_before_the_password(
    lines: list[str],
    has_tls: bool,
    reason: str,
    trusting: ssl.SSLContext,
    server_context: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An address that accepts a connection, but no password, does not hide the next one."""
    authenticator = ImapAuthenticator(60, trusting)
    good = ["* OK hello", "+", "a2 OK welcome"]
    with scripted(good, server_context) as (second, _):
        with scripted(lines, server_context if has_tls else None) as (first, received):
            serve_at(monkeypatch, first, second)
            assert authenticator.accepts(login(1))
        assert base64.b64encode(PASSWORD.encode())[4:-4] not in received
    with scripted(lines, server_context if has_tls else None) as (first, _):
        serve_at(monkeypatch, first, second)
        with pytest.raises(SignInUnavailable, match=rf"localhost: {reason}; connection refused$"):
            authenticator.accepts(login(1))


def test_silent_address(
    trusting: ssl.SSLContext, server_context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that never answers leaves time for the next one."""
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        scripted(["* OK hello", "+", "a2 OK welcome"], server_context) as (last, _),
    ):
        # Of 60 s, the silent address gets a sixtieth, and the last one all that is left.
        serve_at(monkeypatch, silent.getsockname()[1], *[1] * 58, last)
        assert ImapAuthenticator(60, trusting).accepts(login(1))


@pytest.mark.parametrize("answer", ["a2 NO wrong", "a2 NO [UNAVAILABLE] later", "* BYE too many"])
def test_the_password_is_sent_once(
    answer: str,
    trusting: ssl.SSLContext,
    server_context: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After the password was sent, no other address gets it, whatever the answer is."""
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        scripted(["* OK hello", "+", answer], server_context) as (first, _),
    ):
        serve_at(monkeypatch, first, other.getsockname()[1])
        authenticator = ImapAuthenticator(60, trusting)
        if answer == "a2 NO wrong":
            assert not authenticator.accepts(login(1))
        else:
            with pytest.raises(SignInUnavailable):
                authenticator.accepts(login(1))
        other.setblocking(False)
        with pytest.raises(BlockingIOError):
            other.accept()
