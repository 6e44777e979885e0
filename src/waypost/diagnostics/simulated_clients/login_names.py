"""Login names of clients that do not use the login name of the document."""

from collections.abc import Iterator

from lxml import etree

from waypost.core.address import EmailAddress
from waypost.diagnostics.simulated_clients import documents
from waypost.diagnostics.simulated_clients.session import Account, MailServer


def configured_login_name(section: etree._Element, address: EmailAddress) -> str:
    """Return the login name that a section sets; empty if it sets none."""
    return documents.expand_placeholders(documents.child_text(section, "username"), address)


def login_name_warnings(account: Account, *names: str) -> Iterator[str]:
    """Yield a warning for each server where the client uses another login name.

    Args:
        account: the account that the client sets up.
        names: the login names of the document, for reading and for sending; empty for any name.
    """
    servers: tuple[MailServer, ...] = (account.incoming, account.outgoing)
    for server, name in zip(servers, names, strict=True):
        if name and server.login != name:
            login = server.login
            yield f"{server.kind}: the client logs in as {login}, but the document says {name}"
