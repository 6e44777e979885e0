"""What keeps a client from a good account, as codes. docs/conformance.md has the same table."""

from dataclasses import dataclass
from typing import Final

from waypost.check.fault import Fault

NO_ACCOUNT: Final = "client-no-account"
_LIST: Final = (
    Fault(
        NO_ACCOUNT,
        "error",
        "the client finds no account",
        "correct what its answers say (--verbose lists them); its page says what it asks for",
    ),
    Fault(
        "client-waits",
        "error",
        "STARTTLS on a port where TLS is there from the start: client and server wait for each "
        "other for ever",
        "say TLS for the ports 993, 995 and 465, or use 143, 110 and 587",
    ),
    Fault(
        "client-no-connection",
        "error",
        "TLS from the start on a port where it comes by STARTTLS: the client cannot connect",
        "say STARTTLS for the ports 143 and 110, or use 993 and 995",
    ),
    Fault(
        "stranger-account",
        "error",
        "it gets an account for a domain that is not served",
        "answer 404, and an ErrorCode by Autodiscover, for domains that are not served",
    ),
    Fault(
        "stranger-stops",
        "error",
        "for a domain that is not served its search ends",
        "answer 404, and an ErrorCode by Autodiscover, for domains that are not served",
    ),
    Fault(
        "client-no-tls",
        "warning",
        "without TLS",
        "offer the service with TLS",
    ),
    Fault(
        "client-odd-port",
        "warning",
        "TLS from the start on a port where it comes by STARTTLS",
        "use 465 for TLS, or say STARTTLS; leave it if the server really speaks TLS there",
    ),
    Fault(
        "client-trouble",
        "warning",
        "the client sets up an account that will trouble its user",
        "its page in clients.md says what it makes of each value",
    ),
    Fault(
        "client-variant",
        "warning",
        "no account for an address",
        "serve the domain in any case, and addresses with a tag like those without",
    ),
    Fault(
        "client-other-account",
        "warning",
        "another account for an address",
        "serve the domain in any case, and addresses with a tag like those without",
    ),
    Fault(
        "client-login-space",
        "warning",
        "a login name with a space for an address",
        "read a raw + of a query as +, because some clients do not escape it",
    ),
)
CLIENT_FAULTS: Final[dict[str, Fault]] = {fault.code: fault for fault in _LIST}


@dataclass(frozen=True, slots=True)
class Noted:
    """A fault that was seen with a client, or of a rule.

    Attributes:
        text: what was seen.
        says_all: the text needs no other words.
    """

    fault: Fault
    text: str
    says_all: bool = False

    @property
    def line(self) -> str:
        """Return the whole sentence."""
        return self.text if self.says_all else f"{self.fault.message}: {self.text}"


def noted(code: str, text: str) -> Noted:
    """Return what was seen with a client, by its code."""
    return Noted(CLIENT_FAULTS[code], text, says_all=code in {NO_ACCOUNT, "client-trouble"})
