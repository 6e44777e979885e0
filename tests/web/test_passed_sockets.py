"""Sockets of the service manager: what is accepted, and what each wrong one is called."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.service_manager import tcp_socket, unix_socket
from waypost.core.errors import SettingsError
from waypost.web import passed_sockets
from waypost.web.passed_sockets import PassedSockets, take_passed_sockets

Opener = Callable[[], socket.socket]


def unused_descriptor() -> int:
    """Return the first number of many that no open file of this process has."""
    return max(int(path.name) for path in Path("/proc/self/fd").iterdir()) + 50


def take(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], *openers: Opener
) -> PassedSockets:
    """Pass sockets with the numbers that follow each other, as systemd does."""
    first = unused_descriptor()
    for number, opener in enumerate(openers, first):
        with opener() as listener:
            os.dup2(listener.fileno(), number)
    monkeypatch.setattr(passed_sockets, "FIRST_DESCRIPTOR", first)
    variables = {"LISTEN_PID": "7", "LISTEN_FDS": f"{len(openers)}", **environ}
    found = take_passed_sockets(variables, 7)
    assert not variables, "another process could take the sockets too"
    return found


def on_every_address() -> socket.socket:
    return socket.create_server(("0.0.0.0", 0))


def datagrams() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def not_listening() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def abstract() -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind("")  # Linux chooses an abstract name.
    listener.listen()
    return listener


def test_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The name `admin` selects the admin listener; all other sockets are public."""
    names = {"LISTEN_FDNAMES": "waypost.socket:admin:unknown"}
    path = tmp_path / "public.sock"
    found = take(monkeypatch, names, tcp_socket, tcp_socket, lambda: unix_socket(path))
    assert [one.family for one in found.public] == [socket.AF_INET, socket.AF_UNIX]
    assert [one.family for one in found.admin] == [socket.AF_INET]
    assert not any(one.get_inheritable() for one in (*found.public, *found.admin))
    found.close()


def test_without_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets without names are public."""
    found = take(monkeypatch, {}, tcp_socket, tcp_socket)
    assert (len(found.public), len(found.admin)) == (2, 0)
    found.close()


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"LISTEN_FDS": "1"},
        {"LISTEN_FDS": "1", "LISTEN_PID": "8"},
        {"LISTEN_FDS": "x", "LISTEN_PID": "7"},
        {"LISTEN_FDS": "", "LISTEN_PID": "7"},
        {"LISTEN_FDS": "-1", "LISTEN_PID": "7"},
        {"LISTEN_FDS": "0", "LISTEN_PID": "7"},
    ],
)
def test_nothing_passed(environ: dict[str, str]) -> None:
    """Variables that are for another process, or have no number, pass no socket."""
    assert take_passed_sockets(dict(environ), 7) == PassedSockets()


@pytest.mark.parametrize(
    ("names", "opener", "problem"),
    [
        ("web", datagrams, r"\d+ \(web\) of the service manager: not a listening stream"),
        ("", not_listening, r"\d+ of the service manager: not a listening stream"),
        (
            "admin",
            on_every_address,
            "admin of the service manager: .*on a loopback address",
        ),
        ("web", abstract, r"\d+ \(web\) of the service manager: a Unix socket without a path"),
    ],
    ids=["udp", "not listening", "admin for all", "abstract"],
)
def test_refused(monkeypatch: pytest.MonkeyPatch, names: str, opener: Opener, problem: str) -> None:
    """A socket that the listener cannot use is refused, with its name and what to change."""
    with pytest.raises(SettingsError, match=f"socket {problem}"):
        take(monkeypatch, {"LISTEN_FDNAMES": names}, opener)


def test_admin_by_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The admin listener does not accept a Unix socket, because it checks addresses."""
    path = tmp_path / "admin.sock"
    with pytest.raises(SettingsError, match="admin of the service manager"):
        take(monkeypatch, {"LISTEN_FDNAMES": "admin"}, lambda: unix_socket(path))


def test_closed_descriptor() -> None:
    """A number without an open file is an error, and so are too many."""
    environ = {"LISTEN_PID": "7", "LISTEN_FDS": "65"}
    with pytest.raises(SettingsError, match="at most 64"):
        take_passed_sockets(environ, 7)


def test_file_instead_of_a_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file is refused with the reason of the system."""
    with (tmp_path / "file").open("wb") as file:
        os.dup2(file.fileno(), number := unused_descriptor())
    monkeypatch.setattr(passed_sockets, "FIRST_DESCRIPTOR", number)
    message = f"socket {number} of the service manager: Socket operation"
    with pytest.raises(SettingsError, match=message):
        take_passed_sockets({"LISTEN_PID": "7", "LISTEN_FDS": "1"}, 7)
    os.close(number)
