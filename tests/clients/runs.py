"""Which tests run which client, and what they show that no record says, for docs/clients.md."""

from dataclasses import dataclass
from typing import Final

from tests.clients import exchangelib


@dataclass(frozen=True, slots=True)
class Run:
    """Tests that start a client.

    Attributes:
        files: where they are.
        version, date: of what is run, where it is not what is recorded.
        told: how that differs from the record, a sentence each; where there is no record, what
            it does.
        name: of the client; needed where there is no record.
    """

    files: tuple[str, ...]
    version: str = ""
    date: str = ""
    told: tuple[str, ...] = ()
    name: str = ""

    def where(self) -> str:
        """Return which files these are."""
        return ", ".join(f"`tests/clients/{file}`" for file in self.files)


RUN: Final = {
    "thunderbird": Run(
        (
            *("test_thunderbird.py", "test_thunderbird_names.py"),
            *("test_thunderbird_redirects.py", "test_thunderbird_groupware.py"),
            "test_thunderbird_calendars.py",
        )
    ),
    "delta-chat": Run(("test_deltachat.py",)),
    "evolution-346": Run(("test_evolution.py",)),
    "kmail-2212": Run(("test_kmail.py",)),
    "aerc": Run(
        ("test_aerc.py",),
        version="0.14.0 (Debian 12)",
        date="2026-11-26",
        told=(
            "It is older than what is recorded above, and asks no URL at all: no Autoconfig.",
            (
                "It looks up the SRV records `_imaps`, then `_imap`, and `_submission`, after its "
                "user has typed the address."
            ),
            (
                "It does not look up `_submissions`: where SMTP is offered on 465 alone it guesses "
                "D as the host, so offer 587 as well for its users."
            ),
            "The login name is the address.",
        ),
    ),
    "geary": Run(
        ("test_geary.py",),
        name="Geary",
        version="43.0 (Debian 12)",
        date="2026-11-29",
        told=(
            "It is used in its own window, on a display without a screen, by way of AT-SPI.",
            (
                "GET `https://autoconfig.D/mail/config-v1.1.xml`, then "
                "`https://autoconfig.thunderbird.net/v1.1/D`, without the address and without "
                "User-Agent, so that the log calls it `none`; no other URL, and no records of DNS."
            ),
            (
                "It asks while the address is typed, before any button is pressed: as soon as the "
                "text is an address, and again with each letter that changes it."
            ),
            "It follows redirects, to another host and to http as well.",
            (
                "What it takes is host, port and protection of the first IMAP and the first SMTP "
                "server. The login name is the address, whatever is told; a method is not looked "
                "at, and a password is asked for."
            ),
            (
                "A placeholder for the local part in a host stays there as it is, and the account "
                "reaches no server."
            ),
            (
                "What it has found it does not show to its user, and hides the fields for it. What "
                "it only guesses, `imap.D` and `smtp.D`, it asks its user about."
            ),
            (
                "Where it has found the servers, it logs in by IMAP before it keeps the account, "
                "and not by SMTP."
            ),
            "The domain with its umlaut is refused by Geary itself.",
        ),
    ),
    "claws-mail": Run(
        ("test_claws.py",),
        name="Claws Mail",
        version="4.1.1 (Debian 12)",
        date="2026-11-29",
        told=(
            "It is used in its own window, on a display without a screen, by way of AT-SPI.",
            (
                'It asks when its user presses "Auto-configure" in its wizard: the SRV records '
                "`_imaps`, else `_imap` (with POP3, which the wizard proposes, `_pop3s`, else "
                "`_pop3`), and `_submission`; no URL."
            ),
            (
                "It does not look up `_submissions`: where SMTP is offered on 465 alone it leaves "
                "its own guess, so offer 587 as well for its users."
            ),
            "The login name is the address.",
            (
                "A certificate that it sees for the first time it shows to its user, however well "
                "it is signed."
            ),
        ),
    ),
}
EXCHANGELIB: Final = Run(("test_exchangelib.py",), version=exchangelib.VERSION, date="2026-11-25")
