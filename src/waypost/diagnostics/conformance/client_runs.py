"""Searches of simulated clients at the checked server, and what remains unknown of them."""

from collections.abc import Mapping

from waypost.core.errors import NamesUnavailable
from waypost.diagnostics.conformance.target import ConformanceTarget
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup
from waypost.diagnostics.simulated_clients.session import (
    ClientRequest,
    ClientUser,
    RequestOrLookup,
    Transcript,
    run_session,
)

UnknownAnswers = Mapping[RequestOrLookup, str]
"""The requests and look-ups that could not be sent, each with the reason."""


def unknown_reason(transcript: Transcript, unknown: UnknownAnswers) -> str:
    """Return why the outcome of a search is unknown; empty if the outcome is reliable.

    A request that could not be sent makes the outcome unknown, unless the client had found its
    account before that request.
    """
    outcome = transcript.outcome
    has_result = outcome.account is not None or outcome.source or outcome.other_services
    for request, reason in unknown.items():
        if not has_result or not _is_after_account(request, transcript):
            return reason
    return ""


def _is_after_account(request: RequestOrLookup, transcript: Transcript) -> bool:
    source = transcript.outcome.source
    for sent_request in transcript.requests:
        if sent_request == request:
            return False
        if isinstance(sent_request, ClientRequest) and sent_request.url == source:
            return True
    return False


def run_client(
    client: SimulatedClient, target: ConformanceTarget, typed_address: str
) -> tuple[Transcript, UnknownAnswers]:
    """Run the search of a client for an address, over HTTP and DNS."""
    unknown: dict[RequestOrLookup, str] = {}

    def resolve(lookup: DnsLookup) -> tuple[DnsAnswer, ...]:
        try:
            return target.resolve(lookup)
        except NamesUnavailable as error:
            unknown[lookup] = f"{error}"
            return ()

    transcript = run_session(
        client.search(ClientUser.parse(typed_address)), target.http.send, resolve
    )
    unknown |= {
        request: response.reason
        for request, response in transcript.exchanges
        if response.is_unknown
    }
    return transcript, unknown


def are_all_requests_refused(transcript: Transcript) -> bool:
    """Return whether each answer is a client error (4xx)."""
    return all(400 <= response.status < 500 for _, response in transcript.exchanges)
