"""Groups of the clients in the registry, for the rules and for texts."""

from typing import Final

from waypost.core.clients import APPLE_MAIL, CLAWS_MAIL, CLIENTS, OUTLOOK, PACC, MailClient
from waypost.core.model import Format

AUTOCONFIG_CLIENTS: Final = tuple(client for client in CLIENTS if client.reads is Format.AUTOCONFIG)
"""The clients that read Autoconfig documents."""
CLIENTS_WITHOUT_ADDRESS: Final = tuple(client for client in CLIENTS if client.omits_address)
"""The clients that ask without the address of the user, some of them at some of their URLs."""
ALL_CLIENTS: Final = (*AUTOCONFIG_CLIENTS, CLAWS_MAIL, OUTLOOK, APPLE_MAIL, PACC)
ALL_CLIENTS_TEXT: Final = "every client"


def client_names(clients: tuple[MailClient, ...]) -> tuple[str, ...]:
    """Return the names of clients for people."""
    return (
        (ALL_CLIENTS_TEXT,) if clients == ALL_CLIENTS else tuple(client.shown for client in clients)
    )
