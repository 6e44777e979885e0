"""The codes for what keeps a client from a good account, as a table."""

from typing import Final

from waypost.diagnostics.diagnostic import Diagnostic, DiagnosticCode

NO_ACCOUNT: Final = "client-no-account"
_CODES_IN_ORDER: Final = (
    DiagnosticCode(
        NO_ACCOUNT,
        "error",
        "the client finds no account",
        "correct the answers (--verbose lists them); `waypost explain CLIENT` says what the client "
        "asks for",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "client-waits",
        "error",
        "STARTTLS on a port that uses TLS from the start: client and server wait for each other "
        "without end",
        "use TLS on the ports 993, 995 and 465, or use the ports 143, 110 and 587",
    ),
    DiagnosticCode(
        "client-no-connection",
        "error",
        "TLS from the start on a port that uses STARTTLS: the client cannot connect",
        "use STARTTLS on the ports 143 and 110, or use the ports 993 and 995",
    ),
    DiagnosticCode(
        "stranger-account",
        "error",
        "the client gets an account for a domain that is not served",
        "answer 404, and an ErrorCode in Autodiscover, for domains that are not served",
    ),
    DiagnosticCode(
        "stranger-stops",
        "error",
        "the client stops its search at the answer for a domain that is not served",
        "answer 404, and an ErrorCode in Autodiscover, for domains that are not served",
    ),
    DiagnosticCode(
        "client-no-tls",
        "warning",
        "the client uses a server without TLS",
        "offer the service with TLS",
    ),
    DiagnosticCode(
        "client-odd-port",
        "warning",
        "TLS from the start on a port that usually uses STARTTLS",
        "use port 465 for TLS, or use STARTTLS; change nothing if the server really speaks TLS "
        "there",
    ),
    DiagnosticCode(
        "client-trouble",
        "warning",
        "the client sets up an account that causes problems for its user",
        "read `waypost explain CLIENT`: it says how the client uses each value",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "client-variant",
        "warning",
        "no account for another form of the address",
        "serve the domain in upper and lower case, and treat an address with a tag like one "
        "without",
    ),
    DiagnosticCode(
        "client-other-account",
        "warning",
        "a different account for another form of the address",
        "serve the domain in upper and lower case, and treat an address with a tag like one "
        "without",
    ),
    DiagnosticCode(
        "client-login-space",
        "warning",
        "a login name with a space for another form of the address",
        "read a raw + in a query as +, because some clients do not escape it",
    ),
)
CLIENT_CODES: Final[dict[str, DiagnosticCode]] = {code.code: code for code in _CODES_IN_ORDER}


def client_diagnostic(code: str, text: str) -> Diagnostic:
    """Return a diagnostic of a client by its code, with what was seen."""
    return Diagnostic(CLIENT_CODES[code], detail=text)
