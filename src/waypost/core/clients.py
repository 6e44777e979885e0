"""The registry of mail clients: one entry for each client.

The access log, the linter, the simulated clients and `waypost explain` all use these entries.
"""

from dataclasses import dataclass
from typing import Final

from waypost.core.model import Format


@dataclass(frozen=True, slots=True)
class UserAgent:
    """A program that the access log recognizes by its User-Agent.

    Attributes:
        log_name: what the access log calls the program; operators may search for it.
        substrings: texts in User-Agent, in lower case; one of them is enough.
    """

    log_name: str
    substrings: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class MailClient:
    """A mail client.

    Attributes:
        key: the identifier, and the anchor of its section in docs/clients.md.
        name: as its developers write it.
        platforms: the systems where the client runs.
        short_name: the name in lists of clients; empty if it is the name.
        aliases: other anchors, and other arguments of `waypost explain`, the usual one first.
        user_agent: how the access log recognizes the client; None if it sends none, or if none was
            seen.
        reads: the format that the client reads first; None if no rule of the linter names it.
        omits_address: the client asks without the address of the user, at some of its URLs.
    """

    key: str
    name: str
    platforms: tuple[str, ...]
    short_name: str = ""
    aliases: tuple[str, ...] = ()
    user_agent: UserAgent | None = None
    reads: Format | None = None
    omits_address: bool = False

    @property
    def shown(self) -> str:
        """Return the name in lists of clients."""
        return self.short_name or self.name

    @property
    def topic(self) -> str:
        """Return the usual argument of `waypost explain`."""
        return self.aliases[0] if self.aliases else self.key

    def __str__(self) -> str:
        """Return the name in lists of clients."""
        return self.shown


_DESKTOP: Final = ("Linux", "macOS", "Windows")
_WEB: Final = ("web",)

THUNDERBIRD: Final = MailClient(
    "thunderbird",
    "Thunderbird",
    _DESKTOP,
    user_agent=UserAgent("thunderbird", ("thunderbird",)),
    reads=Format.AUTOCONFIG,
)
K9: Final = MailClient(
    "thunderbird-for-android-and-k-9",
    "Thunderbird for Android and K-9",
    ("Android",),
    short_name="K-9",
    aliases=("k-9", "thunderbird-for-android"),
    user_agent=UserAgent("k-9", ("k-9",)),
    reads=Format.AUTOCONFIG,
    omits_address=True,
)
THUNDERBIRD_IOS: Final = MailClient(
    "thunderbird-for-ios",
    "Thunderbird for iOS",
    ("iOS",),
    aliases=("thunderbird-ios",),
    reads=Format.AUTOCONFIG,
)
DELTA_CHAT: Final = MailClient(
    "delta-chat",
    "Delta Chat",
    ("Android", "iOS", *_DESKTOP),
    reads=Format.AUTOCONFIG,
    omits_address=True,
)
FAIREMAIL: Final = MailClient(
    "fairemail",
    "FairEmail",
    ("Android",),
    user_agent=UserAgent("fairemail", ("fairemail",)),
    reads=Format.AUTOCONFIG,
)
EVOLUTION: Final = MailClient(
    "evolution",
    "Evolution",
    ("Linux",),
    user_agent=UserAgent("evolution", ("evolution",)),
    reads=Format.AUTOCONFIG,
    omits_address=True,
)
KMAIL: Final = MailClient(
    "kmail",
    "KMail",
    ("Linux",),
    # The wizard of KMail 22.12 uses KDE's library.
    user_agent=UserAgent("kmail", ("kmail", "akonadi", "kio/")),
    reads=Format.AUTOCONFIG,
    omits_address=True,
)
AERC: Final = MailClient(
    "aerc",
    "aerc",
    ("Linux", "macOS"),
    user_agent=UserAgent("aerc", ("aerc",)),
    reads=Format.AUTOCONFIG,
)
NEXTCLOUD_MAIL: Final = MailClient(
    "nextcloud-mail",
    "Nextcloud Mail",
    _WEB,
    aliases=("nextcloud",),
    user_agent=UserAgent("nextcloud", ("nextcloud",)),
    reads=Format.AUTOCONFIG,
)
HIMALAYA: Final = MailClient("himalaya", "himalaya", _DESKTOP, reads=Format.AUTOCONFIG)
SNAPPYMAIL: Final = MailClient(
    "snappymail", "SnappyMail", _WEB, reads=Format.AUTOCONFIG, omits_address=True
)
GEARY: Final = MailClient("geary", "Geary", ("Linux",), reads=Format.AUTOCONFIG, omits_address=True)
MAILSPRING: Final = MailClient(
    "mailspring", "Mailspring", _DESKTOP, reads=Format.AUTOCONFIG, omits_address=True
)
MUSTANG: Final = MailClient("mustang", "Mustang", _DESKTOP, reads=Format.AUTOCONFIG)
SAILFISH: Final = MailClient(
    "sailfish-os",
    "Sailfish OS",
    ("Sailfish OS",),
    aliases=("sailfish",),
    reads=Format.AUTOCONFIG,
    omits_address=True,
)
CLAWS_MAIL: Final = MailClient("claws-mail", "Claws Mail", ("Linux", "Windows"), reads=Format.DNS)
OUTLOOK: Final = MailClient(
    "outlook-for-windows",
    "Outlook for Windows",
    ("Windows",),
    short_name="Outlook",
    aliases=("outlook",),
    user_agent=UserAgent("outlook", ("microsoft office", "outlook")),
    reads=Format.AUTODISCOVER,
)
OUTLOOK_NEW: Final = MailClient(
    "outlook-new-and-mobile",
    "Outlook, new and mobile",
    ("Windows", "macOS", "Android", "iOS"),
    user_agent=UserAgent(
        "outlook-mobile", ("outlookmobilecloudservice", "outlook-ios", "outlook-android")
    ),
)
EM_CLIENT: Final = MailClient(
    "em-client",
    "eM Client",
    ("Windows", "macOS"),
    user_agent=UserAgent("em-client", ("em client", "emclient")),
)
APPLE_MAIL: Final = MailClient(
    "apple-mail",
    "Apple Mail",
    ("iOS", "macOS"),
    user_agent=UserAgent("apple", ("dataaccessd", "cfnetwork")),
    reads=Format.MOBILECONFIG,
)
NINE: Final = MailClient("nine", "Nine", ("Android",))
ACTIVESYNC_DEVICES: Final = MailClient(
    "activesync-devices", "ActiveSync devices", ("Android", "iOS")
)
DAVX5: Final = MailClient("davx5", "DAVx5", ("Android",), reads=Format.DNS)
PACC: Final = MailClient("pacc", "PACC clients", (), aliases=("pacc-clients",), reads=Format.PACC)

CLIENTS: Final = (
    *(THUNDERBIRD, K9, THUNDERBIRD_IOS, DELTA_CHAT, FAIREMAIL, EVOLUTION, KMAIL, AERC),
    *(NEXTCLOUD_MAIL, HIMALAYA, SNAPPYMAIL, GEARY, MAILSPRING, MUSTANG, SAILFISH, CLAWS_MAIL),
    *(OUTLOOK, OUTLOOK_NEW, EM_CLIENT, APPLE_MAIL, NINE, ACTIVESYNC_DEVICES, DAVX5, PACC),
)
"""All clients, the most used first."""

# The marks of a program are searched in this order; the more exact ones are first.
USER_AGENTS: Final = (
    THUNDERBIRD.user_agent,
    K9.user_agent,
    FAIREMAIL.user_agent,
    EVOLUTION.user_agent,
    EM_CLIENT.user_agent,
    OUTLOOK_NEW.user_agent,
    OUTLOOK.user_agent,
    UserAgent("exchange", ("exchange",)),
    NEXTCLOUD_MAIL.user_agent,
    KMAIL.user_agent,
    AERC.user_agent,
    UserAgent("go", ("go-http-client",)),
    APPLE_MAIL.user_agent,
    UserAgent("curl", ("curl",)),
    UserAgent("browser", ("mozilla",)),
)
_SUBSTRINGS: Final = tuple(
    (substring, user_agent.log_name)
    for user_agent in USER_AGENTS
    if user_agent is not None
    for substring in user_agent.substrings
)


_SHOWN: Final = {
    client.user_agent.log_name: client.shown for client in CLIENTS[::-1] if client.user_agent
}


def shown_name(log_name: str) -> str:
    """Return the name of a program in lists of clients, by its name in the access log."""
    return _SHOWN.get(log_name, log_name)


def log_name_of(user_agent: str) -> str:
    """Return what the access log calls the program of a request, by its User-Agent.

    Returns:
        A name of the table above, `none` for a client without User-Agent (Delta Chat), or `other`.
    """
    if not user_agent:
        return "none"
    lower = user_agent.lower()
    return next((name for substring, name in _SUBSTRINGS if substring in lower), "other")
