"""The faults that keep a client from a good account. docs/conformance.md has the same table."""

from dataclasses import dataclass
from typing import Final

from waypost.diagnostics.fault import Fault

NO_ACCOUNT: Final = "client-no-account"
_LIST: Final = (
    Fault(
        NO_ACCOUNT,
        "error",
        "the client finds no account",
        "correct the answers (--verbose lists them); the client's page says what it asks for",
    ),
    Fault(
        "client-waits",
        "error",
        "STARTTLS on a port that uses TLS from the start: client and server wait for each other "
        "without end",
        "use TLS on the ports 993, 995 and 465, or use the ports 143, 110 and 587",
    ),
    Fault(
        "client-no-connection",
        "error",
        "TLS from the start on a port that uses STARTTLS: the client cannot connect",
        "use STARTTLS on the ports 143 and 110, or use the ports 993 and 995",
    ),
    Fault(
        "stranger-account",
        "error",
        "the client gets an account for a domain that is not served",
        "answer 404, and an ErrorCode in Autodiscover, for domains that are not served",
    ),
    Fault(
        "stranger-stops",
        "error",
        "the client stops its search at the answer for a domain that is not served",
        "answer 404, and an ErrorCode in Autodiscover, for domains that are not served",
    ),
    Fault(
        "client-no-tls",
        "warning",
        "the client uses a server without TLS",
        "offer the service with TLS",
    ),
    Fault(
        "client-odd-port",
        "warning",
        "TLS from the start on a port that usually uses STARTTLS",
        "use port 465 for TLS, or use STARTTLS; change nothing if the server really speaks TLS "
        "there",
    ),
    Fault(
        "client-trouble",
        "warning",
        "the client sets up an account that causes problems for its user",
        "read the client's page in clients.md: it says how the client uses each value",
    ),
    Fault(
        "client-variant",
        "warning",
        "no account for another form of the address",
        "serve the domain in upper and lower case, and treat an address with a tag like one "
        "without",
    ),
    Fault(
        "client-other-account",
        "warning",
        "a different account for another form of the address",
        "serve the domain in upper and lower case, and treat an address with a tag like one "
        "without",
    ),
    Fault(
        "client-login-space",
        "warning",
        "a login name with a space for another form of the address",
        "read a raw + in a query as +, because some clients do not escape it",
    ),
)
CLIENT_FAULTS: Final[dict[str, Fault]] = {fault.code: fault for fault in _LIST}


@dataclass(frozen=True, slots=True)
class ClientFinding:
    """A fault of a client or of a rule, with what was seen.

    Attributes:
        text: what was seen.
        says_all: the text is complete without the message of the fault.
    """

    fault: Fault
    text: str
    says_all: bool = False

    @property
    def line(self) -> str:
        """Return the line for reports."""
        return self.text if self.says_all else f"{self.fault.message}: {self.text}"


def client_finding(code: str, text: str) -> ClientFinding:
    """Return a fault of a client by its code, with what was seen."""
    return ClientFinding(CLIENT_FAULTS[code], text, says_all=code in {NO_ACCOUNT, "client-trouble"})
