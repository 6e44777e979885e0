"""The tests that run each client, and what they show in addition to the records."""

from dataclasses import dataclass
from typing import Final

from tests.clients import exchangelib


@dataclass(frozen=True, slots=True)
class Run:
    """Tests that start a client.

    Attributes:
        files: the test files.
        version, date: the version that is run, if it is not the recorded one.
        facts: how the run differs from the record, or, without a record, what the client does.
        name: the name of the client; required if there is no record.
    """

    files: tuple[str, ...]
    version: str = ""
    date: str = ""
    facts: tuple[str, ...] = ()
    name: str = ""

    def where(self) -> str:
        """Return the list of the files."""
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
        facts=(
            (
                "It is older than the recorded version above, and requests no URL at all: no "
                "Autoconfig."
            ),
            (
                "It looks up the SRV records `_imaps`, then `_imap`, and `_submission`, after its "
                "user has typed the address."
            ),
            (
                "It does not look up `_submissions`: if SMTP is offered only on port 465, it "
                "guesses D as the host, so offer port 587 as well for its users."
            ),
            "The login name is the address.",
        ),
    ),
    "geary": Run(
        ("test_geary.py",),
        name="Geary",
        version="43.0 (Debian 12)",
        date="2026-11-29",
        facts=(
            "The test uses its own window, on a display without a screen, by AT-SPI.",
            (
                "GET `https://autoconfig.D/mail/config-v1.1.xml`, then "
                "`https://autoconfig.thunderbird.net/v1.1/D`, without the address and without "
                "User-Agent, so that the log calls it `none`; it requests no other URL, and no DNS "
                "records."
            ),
            (
                "It sends requests while its user types the address, before any button is pressed: "
                "as soon as the text is an address, and again after each change."
            ),
            "It follows redirects, also to another host and to http.",
            (
                "It uses host, port and protection of the first IMAP and the first SMTP server. "
                "The login name is the address, whatever the document says. It does not read the "
                "method, and asks for a password."
            ),
            (
                "It does not replace a placeholder for the local part in a host name, so the "
                "account reaches no server."
            ),
            (
                "It does not show its user the servers that it found, and hides the fields for "
                "them. It asks its user only about its guesses, `imap.D` and `smtp.D`."
            ),
            (
                "If it found the servers, it logs in by IMAP, but not by SMTP, before it saves the "
                "account."
            ),
            "It refuses a domain with an umlaut.",
        ),
    ),
    "claws-mail": Run(
        ("test_claws.py",),
        name="Claws Mail",
        version="4.1.1 (Debian 12)",
        date="2026-11-29",
        facts=(
            "The test uses its own window, on a display without a screen, by AT-SPI.",
            (
                'If its user presses "Auto-configure" in its wizard, it looks up the SRV records '
                "`_imaps`, else `_imap` (with POP3, which the wizard proposes, `_pop3s`, else "
                "`_pop3`), and `_submission`. It requests no URL."
            ),
            (
                "It does not look up `_submissions`: if SMTP is offered only on port 465, it keeps "
                "its own guess, so offer port 587 as well for its users."
            ),
            "The login name is the address.",
            "It shows its user each new certificate, even if a trusted authority signed it.",
        ),
    ),
}
EXCHANGELIB: Final = Run(("test_exchangelib.py",), version=exchangelib.VERSION, date="2026-11-25")
