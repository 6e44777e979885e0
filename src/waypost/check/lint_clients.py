"""The mail clients that the linter names, and where the documentation tells about them."""

from dataclasses import dataclass
from typing import Final

PAGE: Final = "docs/clients.md"


@dataclass(frozen=True, slots=True)
class Client:
    """A mail client.

    Attributes:
        name: as its makers write it.
        anchor: of the place that tells about it.
        page: where that place is.
    """

    name: str
    anchor: str
    page: str = PAGE

    @property
    def link(self) -> str:
        """Where to read about it."""
        return f"{self.page}#{self.anchor}"

    def __str__(self) -> str:
        """Give the name."""
        return self.name


THUNDERBIRD: Final = Client("Thunderbird", "thunderbird")
DELTA_CHAT: Final = Client("Delta Chat", "delta-chat")
K9: Final = Client("K-9", "k-9")
FAIREMAIL: Final = Client("FairEmail", "fairemail")
EVOLUTION: Final = Client("Evolution", "evolution")
KMAIL: Final = Client("KMail", "kmail")
AERC: Final = Client("aerc", "aerc")
NEXTCLOUD_MAIL: Final = Client("Nextcloud Mail", "nextcloud-mail")
OUTLOOK: Final = Client("Outlook", "outlook")
APPLE_MAIL: Final = Client("Apple Mail", "apple-mail")
PACC: Final = Client("PACC clients", "pacc", "docs/lint.md")

AUTOCONFIG: Final = (
    *(THUNDERBIRD, K9, DELTA_CHAT, FAIREMAIL, EVOLUTION, KMAIL, AERC, NEXTCLOUD_MAIL),
)
"""Those that read Autoconfig documents."""
EVERY: Final = (*AUTOCONFIG, OUTLOOK, APPLE_MAIL, PACC)
