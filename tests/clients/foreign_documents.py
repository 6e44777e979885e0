"""Documents of other servers for the records, made from golden ones; one answer for all URLs."""

from tests.golden.cases import HERE as GOLDEN
from waypost.diagnostics.simulated_clients import CLIENTS
from waypost.diagnostics.simulated_clients.session import (
    NO_ANSWER,
    ClientRequest,
    ClientUser,
    ServerAnswer,
    run_session,
)

BY_KEY = {client.key: client for client in CLIENTS}
XML = "text/xml; charset=utf-8"
GOOD = (GOLDEN / "at-home" / "autoconfig.xml").read_bytes()
GOOD_POX = (GOLDEN / "at-home" / "autodiscover.xml").read_bytes()
GOOD_PROFILE = (GOLDEN / "at-home" / "mobileconfig.plist").read_bytes()
PROFILE = "application/x-apple-aspen-config"


def changed(old: bytes, new: bytes, document: bytes = GOOD, count: int = -1) -> bytes:
    assert old in document
    return document.replace(old, new, count)


AUTOCONFIG = [
    client.key
    for client in CLIENTS
    if client.expects_account
    and not client.needs_dns
    and client.key not in {"outlook-for-windows", "apple-mail", "em-client", "nine", "himalaya"}
]
"""Those that ask the draft's URLs for Autoconfig documents, and take nothing else by GET."""


def outcome_of(key: str, response: ServerAnswer) -> tuple[str, bool]:
    """Return the outcome of a client that gets the same answer to each GET, and no other answer."""

    def answer(request: ClientRequest) -> ServerAnswer:
        return response if request.method == "GET" else NO_ANSWER

    outcome = run_session(BY_KEY[key].search(ClientUser.parse("alice@example.com")), answer).outcome
    assert outcome.account is None
    return "; ".join(outcome.reasons), outcome.has_stopped
