"""What a client that chooses the login name itself does to users of a document."""

from collections.abc import Iterator

from lxml import etree

from waypost.address import EmailAddress
from waypost.check.recorded import documents
from waypost.check.recorded.conversation import Account, MailServer


def wanted(section: etree._Element, address: EmailAddress) -> str:
    """Return the login name that a section asks for; empty if the user chooses it."""
    return documents.filled(documents.text(section, "username"), address)


def wrong_logins(account: Account, *names: str) -> Iterator[str]:
    """Name each server of an account at which the client logs in with another name.

    Args:
        account: what the client sets up.
        names: what the document asks for, to read with and to send with; empty for any name.
    """
    servers: tuple[MailServer, ...] = (account.incoming, account.outgoing)
    for server, name in zip(servers, names, strict=True):
        if name and server.login != name:
            yield f"{server.kind}: it logs in as {server.login}, and the document says {name}"
