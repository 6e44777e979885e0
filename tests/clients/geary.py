"""A real Geary with its window, on a display that nobody sees."""

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
    """A server as Geary holds it.

    Attributes:
        place: host and port, or the host alone where Geary has no other port than the usual one.
        security: `tls`, `starttls` or `none`.
        is_guess: nothing was found, and Geary asks its user whether this is right.
    """

    place: str
    security: str
    login_name: str
    is_guess: bool = False

    @classmethod
    def read(cls, held: dict[str, Any]) -> Self:
        """Read what geary_program.py gives of a server."""
        security = _SECURITY[held["security"]]
        return cls(held["place"], security, held["login_name"], held["is_guess"])


@dataclass(frozen=True, slots=True)
class Account:
    """What Geary fills an account with."""

    imap: Server
    smtp: Server


class AddressRefused(Exception):
    """Geary takes what was typed for no address."""


class Geary:
    """A running Geary."""

    def __init__(self, program: Graphical) -> None:
        self._program = program

    def search(self, address: str) -> Account:
        """Write an address into the dialog that adds accounts; give what Geary completes it with.

        Raises:
            AddressRefused: there is nothing to complete.
            TimeoutError: a step does not come.
        """
        return self._ask("search", address)

    def log_in(self, address: str) -> Account:
        """Add an account, and let Geary log in by IMAP; give the account that it keeps.

        Raises TimeoutError, with what Geary shows, where a step does not come.
        """
        return self._ask("log_in", address)

    def _ask(self, word: str, address: str) -> Account:
        answer = self._program.ask(word, address)
        if not answer:
            raise AddressRefused(address)
        return Account(Server.read(answer["imap"]), Server.read(answer["smtp"]))


@contextmanager
def geary(folder: Path, hosts: Sequence[str], authority: Path) -> Iterator[Geary]:
    """Run Geary, for which the hosts are 127.0.0.1, and others what DNS has.

    Args:
        folder: for its settings and the log.
        hosts: the names that are in a list.
        authority: the only one (PEM) that it trusts.
    """
    names = write_names(folder, hosts, authority=authority)
    with graphical("geary_program", folder, names) as program:
        yield Geary(program)
