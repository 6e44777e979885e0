"""A real aerc on its own terminal: its wizard sets up an account, and aerc logs in and sends."""

import configparser
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from tests.clients.terminal import Terminal, terminal
from tests.servers.own_files import over_etc
from tests.servers.requirements import program

_ACCOUNT: Final = "made-up"
_CONNECTED: Final = f"[{_ACCOUNT}] Connected"
_TEXT: Final = "Hello."
_RIGHT: Final = "\x1b[C"


class Aerc:
    """An aerc with its own home, which contains no account yet.

    Args:
        home: an empty folder.
        names: the files for name resolution (`own_files.write_names`).
        authority: the certificate (PEM) that aerc must trust.
    """

    def __init__(self, home: Path, *, names: Path, authority: Path) -> None:
        self._accounts = home / ".config" / "aerc" / "accounts.conf"
        self._names = names
        kept = {name: value for name, value in os.environ.items() if name[:4] != "XDG_"}
        self._environment = kept | {
            "HOME": f"{home}",
            "SSL_CERT_FILE": f"{authority}",
            # Ends at once, and leaves the message as it was.
            "EDITOR": "true",
        }

    def set_up(self, address: str) -> Mapping[str, str]:
        """Set up an account with the wizard, log in, and return the content of accounts.conf.

        All proposals of the wizard are accepted. The password is empty; the server accepts any
        password.

        Raises TimeoutError, with the text of the screen, if a step does not happen.
        """
        with self._started() as aerc:
            _go_through_wizard(aerc, address)
            aerc.wait_for(_CONNECTED)
        read = configparser.ConfigParser(interpolation=None)
        read.read(self._accounts, encoding="utf-8")
        return dict(read[_ACCOUNT])

    def send(self, recipient: str, subject: str, *, is_sent: Callable[[], bool]) -> None:
        """Start aerc with its account, and send a message.

        Args:
            recipient: an address.
            subject: of the message.
            is_sent: whether the server has the message. aerc says so for a moment only.

        Raises TimeoutError, with the text of the screen, if a step does not happen.
        """
        with self._started() as aerc:
            aerc.wait_for(_CONNECTED)
            aerc.type(f":compose -H 'To: {recipient}' -H 'Subject: {subject}' {_TEXT}\r")
            aerc.wait_for("Send this email?")
            aerc.type("y")
            aerc.wait_until(is_sent, "the message at the server")

    def _started(self) -> AbstractContextManager[Terminal]:
        command = over_etc(self._names, [program("aerc")])
        return terminal(command, environment=self._environment)


def _go_through_wizard(aerc: Terminal, address: str) -> None:
    """Fill in the wizard, which starts if there is no account."""
    aerc.wait_for("Welcome to aerc!")
    aerc.type(f"{_ACCOUNT}\tAlice Example\t{address}\t")
    aerc.wait_for(f"> {address}")
    aerc.type("\r")
    aerc.wait_for("Configure incoming mail (IMAP)")
    aerc.type("\t" * 4 + "\r")
    aerc.wait_for("Configure outgoing mail (SMTP)")
    aerc.type("\t" * 5 + "\r")
    aerc.wait_for("Configuration complete!")
    aerc.type(f"{_RIGHT}\r")
