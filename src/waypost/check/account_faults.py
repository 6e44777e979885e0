"""What is known of a client's account without asking it again: ports, TLS, and mail servers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from waypost.check.client_faults import Noted, noted
from waypost.check.recorded.conversation import Account, MailServer
from waypost.check.structure import BEGINS_PLAIN, FROM_THE_START


@dataclass(frozen=True, slots=True)
class AccountCheck:
    """What is known of the mail servers of an account.

    Attributes:
        noted: what keeps a client from them.
        unknown: why that could not be found out; empty if it could.
        good: the servers that were seen to do what the client wants.
    """

    noted: tuple[Noted, ...] = ()
    unknown: str = ""
    good: frozenset[MailServer] = frozenset()


CheckAccount = Callable[[Account], AccountCheck]


def unchecked(_: Account) -> AccountCheck:
    """Find nothing: the mail servers are not looked at."""
    return AccountCheck()


def without_protection(account: Account | None) -> Iterator[Noted]:
    """Find servers that the client uses without TLS."""
    for server in servers_of(account):
        if server.security == "none":
            yield noted("client-no-tls", place_of(server))


def without_connection(
    account: Account | None, good: frozenset[MailServer] = frozenset()
) -> Iterator[Noted]:
    """Find where client and server wait for each other, or cannot understand each other.

    RFC 8314 s7.3: 465 is for TLS from the start, as 993 and 995 are.

    Args:
        account: of a client.
        good: servers that were seen to work, whatever their port says.
    """
    for server in servers_of(account):
        if server in good:
            continue
        if server.security == "starttls" and server.port in FROM_THE_START:
            yield noted("client-waits", place_of(server))
        if server.security == "tls" and server.port in BEGINS_PLAIN:
            # Providers exist that speak TLS on 587.
            is_usual = server.port in {143, 110}
            code = "client-no-connection" if is_usual else "client-odd-port"
            yield noted(code, place_of(server))


def servers_of(account: Account | None) -> tuple[MailServer, ...]:
    """Return the servers of an account, each of them once."""
    return tuple(dict.fromkeys((account.incoming, account.outgoing))) if account else ()


def place_of(server: MailServer) -> str:
    """Return how reports name a server."""
    return f"{server.kind} {server.host}:{server.port}"
