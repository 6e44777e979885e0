"""The description of a recorded mail client."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from waypost.core.clients import MailClient
from waypost.diagnostics.simulated_clients.session import ClientSession, ClientUser


@dataclass(frozen=True, slots=True)
class SimulatedClient:
    """A recorded client.

    Attributes:
        client: the entry in the registry of clients.
        version: the version that was run, or the revision of the source that was read.
        basis: `run` if that program was watched, `code` if its source was read, `doc` if there is
            only its vendor's documentation or common knowledge, `log` if there are only logs of
            servers that it asked.
        search: a function that starts a session for a user.
        expects_account: whether the client can set up an IMAP or POP3 account at all.
        needs: what the client needs that not every server has, such as a profile; empty for most.
        needs_dns: the client asks only DNS, and no URL.
        keeps_case: the client sends the address in the case that its user typed (seen or read).
        order: the requests, for readers of docs/clients.md; D is the domain, E the address.
        notes: what an operator should know, one note each.
        evidence: the sources of a record that was neither seen nor read, part by part, with dates.
        assumed: the parts of the record that no source shows.
        edition: the number of an older version that has its own record; empty for the usual one.
    """

    client: MailClient
    version: str
    date: str
    basis: Literal["run", "code", "doc", "log"]
    search: Callable[[ClientUser], ClientSession]
    order: tuple[str, ...]
    notes: tuple[str, ...]
    expects_account: bool = True
    needs: str = ""
    needs_dns: bool = False
    keeps_case: bool = False
    evidence: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    edition: str = ""

    @property
    def key(self) -> str:
        """Return the anchor of the record in docs/clients.md."""
        number = self.edition.replace(".", "")
        return f"{self.client.key}-{number}" if number else self.client.key

    @property
    def name(self) -> str:
        """Return the name of the client, with the number of an older version."""
        return f"{self.client.name} {self.edition}".rstrip()

    @property
    def topic(self) -> str:
        """Return the usual argument of `waypost explain`."""
        return self.key if self.edition else self.client.topic
