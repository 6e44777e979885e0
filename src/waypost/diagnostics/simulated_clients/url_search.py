"""The search of most clients: one URL after the other, until a document is usable."""

from collections.abc import Callable, Generator, Iterable

from waypost.diagnostics.simulated_clients.session import (
    Account,
    ClientRequest,
    ClientSession,
    ClientUser,
    Outcome,
    RequestOrLookup,
    ServerAnswer,
    UnusableDocument,
    describe,
    follow_redirects,
)
from waypost.diagnostics.simulated_clients.urls import DATABASE_HOSTS

AddressSearch = Callable[
    [ClientUser, list[str]], Generator[RequestOrLookup, ServerAnswer, Outcome | ClientUser]
]
"""Searches for a user and adds the reason of each failure. It returns the outcome, or another user
if an answer redirects to another address."""


def try_each_url(
    requests: Iterable[ClientRequest],
    read_account: Callable[[bytes], Account],
    *,
    follow: Callable[
        [ClientRequest], Generator[ClientRequest, ServerAnswer, ServerAnswer]
    ] = follow_redirects,
    is_readable: Callable[[ServerAnswer], bool] = lambda response: response.is_success,
    stops_on_bad_document: bool = False,
) -> ClientSession:
    """Send one request after the other, until a document is usable.

    Args:
        requests: in the client's order.
        read_account: returns the account of a document, or raises UnusableDocument.
        follow: how the client follows redirects.
        is_readable: returns whether the client reads an answer.
        stops_on_bad_document: a document that the client reads and cannot use ends its search.

    Returns:
        The account and its source, or the reason of each failure.
    """
    reasons: list[str] = []
    for request in requests:
        response = yield from follow(request)
        if not is_readable(response):
            # If the public database is not asked, its missing answer is no reason.
            if response.status or request.host not in DATABASE_HOSTS:
                reasons.append(f"{request.url}: {describe(response)}")
            continue
        try:
            return Outcome(read_account(response.body), source=request.url)
        except UnusableDocument as error:
            reasons.append(f"{request.url}: {error}")
            if stops_on_bad_document:
                reasons[-1] += ", which ends its search"
                return Outcome(reasons=tuple(reasons), has_stopped=True)
    return Outcome(reasons=tuple(reasons))


def follow_address_redirects(
    search: AddressSearch, user: ClientUser, max_redirects: int
) -> ClientSession:
    """Search for a user, and again for each address that an answer redirects to.

    Args:
        search: the client's search for one address.
        user: the user that sets up an account.
        max_redirects: the maximum number of redirects to another address.

    Returns:
        The outcome of the last search, or the reason of each failure.
    """
    reasons: list[str] = []
    for _ in range(max_redirects + 1):
        next_outcome = yield from search(user, reasons)
        if isinstance(next_outcome, Outcome):
            return next_outcome
        user = next_outcome
    return Outcome(reasons=(*reasons, "more redirects than the client follows"))
