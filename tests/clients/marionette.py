"""The commands of Marionette, the remote control of Mozilla's programs, that these tests use.

A message is its length in bytes, a colon and a JSON array: `[0, id, command, parameters]` to the
program, `[1, id, error, result]` back. The program writes first, and sends the version of its
protocol. https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html
"""

import json
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

PORT = 2828
_PROTOCOL = 3


class MarionetteError(Exception):
    """An error with which the program answered a command."""


class Marionette:
    """A connection to one program."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._reader = connection.makefile("rb")
        self._last_id = 0
        greeting = self._receive()
        if greeting["marionetteProtocol"] != _PROTOCOL:
            raise MarionetteError(f"not protocol {_PROTOCOL}: {greeting}")

    def close(self) -> None:
        """Close the connection."""
        self._reader.close()
        self._connection.close()

    def command(self, name: str, **parameters: object) -> Any:
        """Send a command and return its result; raise MarionetteError with the program's error."""
        self._last_id += 1
        message = json.dumps([0, self._last_id, name, parameters]).encode()
        self._connection.sendall(b"%d:%s" % (len(message), message))
        kind, answered_id, error, result = self._receive()
        if (kind, answered_id) != (1, self._last_id):
            raise MarionetteError(f"{name} was answered by message {answered_id} of kind {kind}")
        if error is not None:
            raise MarionetteError(f"{name}: {error['error']}: {error['message']}")
        return result

    def run_script(self, script: str, arguments: Sequence[object], *, seconds: float) -> Any:
        """Run a script with the rights of the program's own code.

        Returns the value that the script passes to its last argument, a function.
        """
        self._connection.settimeout(seconds + 5)
        self.command("WebDriver:SetTimeouts", script=int(seconds * 1000))
        parameters = {"script": script, "args": list(arguments), "newSandbox": True}
        return self.command("WebDriver:ExecuteAsyncScript", **parameters)["value"]

    def _receive(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            one = self._reader.read(1)
            if not one:
                raise ConnectionResetError("the program ended the connection")
            length += one
        return json.loads(self._reader.read(int(length[:-1])))


@contextmanager
def marionette(*, port: int = PORT, seconds: float) -> Iterator[Marionette]:
    """Connect to a program that is starting; raise TimeoutError after the timeout."""
    remote = Marionette(_connect(port, seconds))
    try:
        remote.command("WebDriver:NewSession")
        remote.command("Marionette:SetContext", value="chrome")
        yield remote
    finally:
        remote.close()


def _connect(port: int, seconds: float) -> socket.socket:
    end = time.monotonic() + seconds
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=seconds)
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise TimeoutError(f"nothing listens on port {port}") from None
            time.sleep(0.05)
