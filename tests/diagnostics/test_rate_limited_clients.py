"""What recorded clients do with a 429."""

import pytest

from waypost.diagnostics.simulated_clients import CLIENTS
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.session import (
    NO_ANSWER,
    ClientRequest,
    ClientUser,
    ServerAnswer,
    Transcript,
    run_session,
)
from waypost.runtime.limits.ratelimit import RateLimits
from waypost.web.public.limits.client_limits import too_many_requests

DOMAIN = "example.com"


def search(client: SimulatedClient, status: int, content_type: str, body: bytes) -> Transcript:
    """Return the search of a client whose domain always answers the same."""

    def send(request: ClientRequest) -> ServerAnswer:
        is_own = request.host == DOMAIN or request.host.endswith(f".{DOMAIN}")
        return ServerAnswer(status, content_type, body=body) if is_own else NO_ANSWER

    return run_session(client.search(ClientUser.parse(f"alice@{DOMAIN}")), send)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.key)
def test_a_429_is_like_a_404(client: SimulatedClient) -> None:
    """A client that gets 429 asks its next source as after a 404, and uses nothing of the body."""
    refusal = too_many_requests(RateLimits(200, 6000, 10), 3)
    found = search(client, 429, refusal.content_type, refusal.body)
    usual = search(client, 404, refusal.content_type, b"not found\n")
    assert found.requests == usual.requests
    assert found.outcome.account is None
    assert not found.outcome.has_stopped
