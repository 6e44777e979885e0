"""A real Geary with its window, on a virtual display."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.clients.graphical import Graphical, graphical
from tests.servers.own_files import write_names

_SECURITY = {"transport": "tls", "start-tls": "starttls", "none": "none"}


@dataclass(frozen=True, slots=True)
class Server:
    """A server in the settings of Geary.

    Attributes:
        place: host and port, or only the host if the port is the usual one.
        security: `tls`, `starttls` or `none`.
        is_guess: Geary found nothing, and asks its user whether this server is right.
    """

    place: str
    security: str
    login_name: str
    is_guess: bool = False

    @classmethod
    def read(cls, held: dict[str, Any]) -> Self:
        """Read a server from the output of geary_program.py."""
        security = _SECURITY[held["security"]]
        return cls(held["place"], security, held["login_name"], held["is_guess"])


@dataclass(frozen=True, slots=True)
class Account:
    """The servers that Geary fills in."""

    imap: Server
    smtp: Server


class AddressRefused(Exception):
    """Geary does not accept the text as an address."""


class Geary:
    """A running Geary."""

    def __init__(self, program: Graphical) -> None:
        self._program = program

    def search(self, address: str) -> Account:
        """Type an address into the dialog for a new account, and return what Geary fills in.

        Raises:
            AddressRefused: Geary does not accept the address.
            TimeoutError: a step does not happen.
        """
        return self._ask("search", address)

    def log_in(self, address: str) -> Account:
        """Add an account, log in by IMAP, and return the account that is saved.

        Raises TimeoutError, with the visible text, if a step does not happen.
        """
        return self._ask("log_in", address)

    def _ask(self, word: str, address: str) -> Account:
        answer = self._program.ask(word, address)
        if not answer:
            raise AddressRefused(address)
        return Account(Server.read(answer["imap"]), Server.read(answer["smtp"]))


@contextmanager
def geary(folder: Path, hosts: Sequence[str], authority: Path) -> Iterator[Geary]:
    """Run Geary; the hosts resolve to 127.0.0.1, and all others by DNS.

    Args:
        folder: the folder for its settings and the log.
        hosts: the names in its hosts file.
        authority: the only authority (PEM) that it trusts.
    """
    names = write_names(folder, hosts, authority=authority)
    with graphical("geary_program", folder, names) as program:
        yield Geary(program)
