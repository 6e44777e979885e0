"""A real Claws Mail with its window, on a display that nobody sees."""

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
    """A server as Claws Mail holds it.

    Attributes:
        place: host and port, or the host alone where the port is the usual one.
        security: `tls`, `starttls` or `none`.
    """

    place: str
    security: str
    login_name: str


@dataclass(frozen=True, slots=True)
class Account:
    """What Claws Mail fills an account with; None where it found nothing for that."""

    receiving: Server | None
    sending: Server | None


class Claws:
    """The wizard of Claws Mail; each account is the first of a Claws Mail of its own."""

    def __init__(self, program: Graphical) -> None:
        self._program = program

    def search(self, address: str, kind: Kind = "IMAP") -> Account:
        """Press the wizard's "Auto-configure"; give what it fills in.

        Raises TimeoutError, with what Claws Mail shows, where a step does not come.
        """
        return _account(self._program.ask("search", address, kind))

    def log_in(self, address: str) -> Account:
        """Go to the wizard's end, and let Claws Mail log in by IMAP; give what it keeps.

        Raises TimeoutError, with what Claws Mail shows, where a step does not come.
        """
        return _account(self._program.ask("log_in", address, "IMAP"))


def _account(answer: dict[str, Any]) -> Account:
    receiving, sending = (
        Server(**answer[kind]) if answer[kind] else None for kind in ("receiving", "sending")
    )
    return Account(receiving, sending)


@contextmanager
def claws(folder: Path, hosts: Sequence[str], authority: Path) -> Iterator[Claws]:
    """Run Claws Mail, for which the hosts are 127.0.0.1, and others what DNS has.

    Args:
        folder: for its settings and the log.
        hosts: the names that are in a list.
        authority: the only one (PEM) that it trusts.
    """
    names = write_names(folder, hosts, authority=authority)
    with graphical("claws_program", folder, names) as program:
        yield Claws(program)
