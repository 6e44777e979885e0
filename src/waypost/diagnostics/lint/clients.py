"""The mail clients that the linter names, and where the documentation describes them."""

from dataclasses import dataclass
from typing import Final

from waypost.core.model import Format

PAGE: Final = "docs/clients.md"


@dataclass(frozen=True, slots=True)
class LintClient:
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


THUNDERBIRD: Final = LintClient("Thunderbird", "thunderbird")
DELTA_CHAT: Final = LintClient("Delta Chat", "delta-chat")
K9: Final = LintClient("K-9", "k-9")
FAIREMAIL: Final = LintClient("FairEmail", "fairemail")
EVOLUTION: Final = LintClient("Evolution", "evolution")
KMAIL: Final = LintClient("KMail", "kmail")
AERC: Final = LintClient("aerc", "aerc")
NEXTCLOUD_MAIL: Final = LintClient("Nextcloud Mail", "nextcloud-mail")
THUNDERBIRD_IOS: Final = LintClient("Thunderbird for iOS", "thunderbird-ios")
HIMALAYA: Final = LintClient("himalaya", "himalaya")
SNAPPYMAIL: Final = LintClient("SnappyMail", "snappymail")
GEARY: Final = LintClient("Geary", "geary")
CLAWS_MAIL: Final = LintClient("Claws Mail", "claws-mail", reads=Format.DNS)
MAILSPRING: Final = LintClient("Mailspring", "mailspring")
MUSTANG: Final = LintClient("Mustang", "mustang")
SAILFISH: Final = LintClient("Sailfish OS", "sailfish-os")
DAVX5: Final = LintClient("DAVx5", "davx5", reads=Format.DNS)
OUTLOOK: Final = LintClient("Outlook", "outlook", reads=Format.AUTODISCOVER)
APPLE_MAIL: Final = LintClient("Apple Mail", "apple-mail", reads=Format.MOBILECONFIG)
PACC: Final = LintClient("PACC clients", "pacc", "docs/lint.md", Format.PACC)

AUTOCONFIG: Final = (
    *(THUNDERBIRD, K9, THUNDERBIRD_IOS, DELTA_CHAT, FAIREMAIL, EVOLUTION, KMAIL, AERC),
    *(NEXTCLOUD_MAIL, HIMALAYA, SNAPPYMAIL, GEARY, MAILSPRING, MUSTANG, SAILFISH),
)
"""The clients that read Autoconfig documents."""
WITHOUT_ADDRESS: Final = (K9, DELTA_CHAT, EVOLUTION, KMAIL, SNAPPYMAIL, GEARY, MAILSPRING, SAILFISH)
"""The clients that ask without the address of the user, some of them at some of their URLs."""
EVERY: Final = (*AUTOCONFIG, CLAWS_MAIL, OUTLOOK, APPLE_MAIL, PACC)
