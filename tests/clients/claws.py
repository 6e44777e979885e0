"""A real Claws Mail with its window, on a virtual display."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tests.clients.graphical import Graphical, graphical
from tests.servers.own_files import write_names

Kind = Literal["IMAP", "POP3"]


@dataclass(frozen=True, slots=True)
class Server:
    """A server in the settings of Claws Mail.

    Attributes:
        place: host and port, or only the host if the port is the usual one.
        security: `tls`, `starttls` or `none`.
    """

    place: str
    security: str
    login_name: str


@dataclass(frozen=True, slots=True)
class Account:
    """The servers that Claws Mail fills in; None for a server that it did not find."""

    receiving: Server | None
    sending: Server | None


class Claws:
    """The wizard of Claws Mail; each account is set up in a new Claws Mail."""

    def __init__(self, program: Graphical) -> None:
        self._program = program

    def search(self, address: str, kind: Kind = "IMAP") -> Account:
        """Press the wizard's "Auto-configure", and return the servers that it fills in.

        Raises TimeoutError, with the visible text, if a step does not happen.
        """
        return _account(self._program.ask("search", address, kind))

    def log_in(self, address: str) -> Account:
        """Complete the wizard, log in by IMAP, and return the account that is saved.

        Raises TimeoutError, with the visible text, if a step does not happen.
        """
        return _account(self._program.ask("log_in", address, "IMAP"))


def _account(answer: dict[str, Any]) -> Account:
    receiving, sending = (
        Server(**answer[kind]) if answer[kind] else None for kind in ("receiving", "sending")
    )
    return Account(receiving, sending)


@contextmanager
def claws(folder: Path, hosts: Sequence[str], authority: Path) -> Iterator[Claws]:
    """Run Claws Mail; the hosts resolve to 127.0.0.1, and all others by DNS.

    Args:
        folder: the folder for its settings and the log.
        hosts: the names in its hosts file.
        authority: the only authority (PEM) that it trusts.
    """
    names = write_names(folder, hosts, authority=authority)
    with graphical("claws_program", folder, names) as program:
        yield Claws(program)
