"""What is known of a mail client, beside how it asks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from waypost.check.recorded.conversation import Conversation, User


@dataclass(frozen=True, slots=True)
class Client:
    """A recorded client.

    Attributes:
        key: its anchor in docs/clients.md.
        version: the program that was run, or the state of the source that was read.
        basis: `run` where that program was watched, `code` where its source was read, `doc` where
            there is only its maker's documentation, or what is commonly known, `log` where there
            are only logs of servers that it asked.
        asks: starts a conversation for a user.
        expects_account: whether it can end with an IMAP or POP3 account at all.
        needs: what it asks for that not every server has: a profile; empty for the rest.
        needs_dns: it asks DNS and no URL at all.
        keeps_case: sends the address with the capital letters that its user typed (seen or read).
        order: what it asks, for people; D is the domain, E the address.
        notes: what an operator should know, a sentence each.
        evidence: where a record that is neither seen nor read comes from, part by part, with dates.
        assumed: what of it nobody has shown.
    """

    key: str
    name: str
    version: str
    date: str
    basis: Literal["run", "code", "doc", "log"]
    asks: Callable[[User], Conversation]
    order: tuple[str, ...]
    notes: tuple[str, ...]
    expects_account: bool = True
    needs: str = ""
    needs_dns: bool = False
    keeps_case: bool = False
    evidence: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
