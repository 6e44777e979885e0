"""The mail clients that the linter names, and where the documentation describes them."""

from dataclasses import dataclass
from typing import Final

from waypost.model import Format

PAGE: Final = "docs/clients.md"


@dataclass(frozen=True, slots=True)
class Client:
    """A mail client.

    Attributes:
        name: as its developers write it.
        anchor: of the section that describes the client.
        page: the page with that section.
        reads: the format that the client reads first.
    """

    name: str
    anchor: str
    page: str = PAGE
    reads: Format = Format.AUTOCONFIG

    @property
    def link(self) -> str:
        """Return the link to the section that describes the client."""
        return f"{self.page}#{self.anchor}"

    def __str__(self) -> str:
        """Return the name."""
        return self.name


THUNDERBIRD: Final = Client("Thunderbird", "thunderbird")
DELTA_CHAT: Final = Client("Delta Chat", "delta-chat")
K9: Final = Client("K-9", "k-9")
FAIREMAIL: Final = Client("FairEmail", "fairemail")
EVOLUTION: Final = Client("Evolution", "evolution")
KMAIL: Final = Client("KMail", "kmail")
AERC: Final = Client("aerc", "aerc")
NEXTCLOUD_MAIL: Final = Client("Nextcloud Mail", "nextcloud-mail")
THUNDERBIRD_IOS: Final = Client("Thunderbird for iOS", "thunderbird-ios")
HIMALAYA: Final = Client("himalaya", "himalaya")
SNAPPYMAIL: Final = Client("SnappyMail", "snappymail")
GEARY: Final = Client("Geary", "geary")
CLAWS_MAIL: Final = Client("Claws Mail", "claws-mail", reads=Format.DNS)
MAILSPRING: Final = Client("Mailspring", "mailspring")
MUSTANG: Final = Client("Mustang", "mustang")
SAILFISH: Final = Client("Sailfish OS", "sailfish-os")
DAVX5: Final = Client("DAVx5", "davx5", reads=Format.DNS)
OUTLOOK: Final = Client("Outlook", "outlook", reads=Format.AUTODISCOVER)
APPLE_MAIL: Final = Client("Apple Mail", "apple-mail", reads=Format.MOBILECONFIG)
PACC: Final = Client("PACC clients", "pacc", "docs/lint.md", Format.PACC)

AUTOCONFIG: Final = (
    *(THUNDERBIRD, K9, THUNDERBIRD_IOS, DELTA_CHAT, FAIREMAIL, EVOLUTION, KMAIL, AERC),
    *(NEXTCLOUD_MAIL, HIMALAYA, SNAPPYMAIL, GEARY, MAILSPRING, MUSTANG, SAILFISH),
)
"""The clients that read Autoconfig documents."""
WITHOUT_ADDRESS: Final = (K9, DELTA_CHAT, EVOLUTION, KMAIL, SNAPPYMAIL, GEARY, MAILSPRING, SAILFISH)
"""The clients that ask without the address of the user, some of them at some of their URLs."""
EVERY: Final = (*AUTOCONFIG, CLAWS_MAIL, OUTLOOK, APPLE_MAIL, PACC)
