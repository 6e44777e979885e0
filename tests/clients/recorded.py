"""Recorded clients that send requests to Waypost's real application, for the golden cases.

`accounts/` contains a file for each case, with a line for each client: the account that it sets up,
or why there is none. `python -m tests.clients` writes these files and docs/clients.md; read both
before you commit them.
"""

import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.clients.published import Zone, published, resolver
from tests.golden.cases import HERE as GOLDEN
from tests.golden.cases import Case
from tests.web.asgi import Client as Asker
from waypost.core.errors import DomainNotServed, NoUsableService
from waypost.diagnostics.simulated_clients import CLIENTS
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.dns import no_records
from waypost.diagnostics.simulated_clients.session import (
    NO_ANSWER,
    ClientRequest,
    ClientUser,
    Outcome,
    ServerAnswer,
    Transcript,
    run_session,
)
from waypost.providers_file.load import read_providers

ACCOUNTS = Path(__file__).parent / "accounts"
CASES = (
    *("at-home", "starttls-only", "pop3-only", "imap-and-pop3", "oauth2", "oauth2-alone"),
    *("secure-passwords", "login-is-local-part", "plus-tag", "unprotected"),
    *("protected-and-unprotected", "host-from-domain", "several-of-a-type", "everything"),
    *("idn-domain", "not-served", "no-service"),
)


@dataclass(frozen=True)
class Application:
    """Waypost with one providers file, as clients see it by https and http."""

    asker: Asker
    domain: str

    def answer(self, request: ClientRequest) -> ServerAnswer:
        """Return the answer of a host of the domain; no other host exists."""
        if request.host != self.domain and not request.host.endswith(f".{self.domain}"):
            return NO_ANSWER
        if request.host.startswith("dav."):
            # The operator's own server: it requires a password, and knows only WebDAV's methods.
            return ServerAnswer(401 if request.method == "PROPFIND" else 405)
        answer = self.asker.request(
            request.method,
            request.path,
            query=request.query,
            host=request.host,
            headers=dict(request.headers),
            body=request.body,
            scheme=request.scheme,
        )
        return ServerAnswer(
            answer.status,
            answer.headers.get("content-type", ""),
            answer.headers.get("location", ""),
            answer.body,
        )


def who_asks(case: str) -> ClientUser:
    """Return the address of a golden case, or an address of its domain if there is none."""
    requests = tomllib.loads((GOLDEN / case / "case.toml").read_text(encoding="utf-8"))
    return ClientUser.parse(requests.get("address") or f"alice@{requests['domain']}")


@contextmanager
def application(case: str) -> Iterator[Application]:
    """Run Waypost in this process for a golden case."""
    text = (GOLDEN / case / "providers.toml").read_text(encoding="utf-8")
    asker = Asker(read_providers(text, name=case, format="toml").catalog)
    try:
        yield Application(asker, who_asks(case).domain)
    finally:
        asker.close()


def run_client(client: SimulatedClient, case: str) -> Transcript:
    """Return a client's search for the address of a golden case."""
    return _run_all(case)[client.key]


@cache
def _run_all(case: str) -> dict[str, Transcript]:
    """Run the searches of all clients; the tests and the pages read many of them."""
    return run_clients(CLIENTS, case)


def run_clients(clients: Iterable[SimulatedClient], case: str) -> dict[str, Transcript]:
    """Run the searches of many clients at one Waypost; return them by the client's key."""
    with application(case) as running:
        return {client.key: _run_client(client, case, running) for client in clients}


def _run_client(client: SimulatedClient, case: str, running: Application) -> Transcript:
    """Run a search with Waypost; a client that asks only DNS gets the published records."""
    resolve = resolver(_zone(case)) if client.needs_dns else no_records
    return run_session(client.search(who_asks(case)), running.answer, resolve)


def _zone(case: str) -> Zone:
    try:
        return published(Case(case))
    except (DomainNotServed, NoUsableService):
        return {}


def line(client: SimulatedClient, outcome: Outcome) -> str:
    """Return the outcome of a client as a line of a file."""
    if outcome.account:
        return f"{client.key}: {outcome.account}"
    if outcome.source or outcome.other_services:
        return f"{client.key}: finds {outcome.source or ', '.join(outcome.other_services)}"
    end = "stops" if outcome.has_stopped else "continues"
    last = outcome.reasons[-1].rpartition(": ")[2] if outcome.reasons else "refused"
    return f"{client.key}: none, {end}: {last}"


def accounts(case: str) -> str:
    """Return the expected content of the file of a case."""
    return "".join(f"{line(one, run_client(one, case).outcome)}\n" for one in CLIENTS)
