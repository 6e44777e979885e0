"""How most clients ask: one URL after the other, until a document can be used."""

from collections.abc import Callable, Generator, Iterable

from waypost.check.recorded.conversation import (
    Account,
    Conversation,
    Outcome,
    Question,
    Request,
    Response,
    Unusable,
    User,
    followed,
    said,
)
from waypost.check.recorded.urls import DATABASE_HOSTS

Search = Callable[[User, list[str]], Generator[Question, Response, Outcome | User]]
"""Searches for a user, adds why something came to nothing, and ends with somebody else to ask for
where an answer leads to another address."""


def in_turn(
    requests: Iterable[Request],
    read: Callable[[bytes], Account],
    *,
    follow: Callable[[Request], Generator[Request, Response, Response]] = followed,
    counts: Callable[[Response], bool] = lambda response: response.is_success,
    stops: bool = False,
) -> Conversation:
    """Ask one after the other, until a document can be used.

    Args:
        requests: in the client's order.
        read: makes an account of a document, or raises Unusable.
        follow: how the client follows redirects.
        counts: tells whether the client reads what came back.
        stops: what it reads and cannot use ends its search.

    Returns:
        The account and where it came from, or the reason of each that came to nothing.
    """
    reasons: list[str] = []
    for request in requests:
        response = yield from follow(request)
        if not counts(response):
            # Where the public database is not asked, its silence is no reason.
            if response.status or request.host not in DATABASE_HOSTS:
                reasons.append(f"{request.url}: {said(response)}")
            continue
        try:
            return Outcome(read(response.body), source=request.url)
        except Unusable as error:
            reasons.append(f"{request.url}: {error}")
            if stops:
                reasons[-1] += ", which ends its search"
                return Outcome(reasons=tuple(reasons), has_stopped=True)
    return Outcome(reasons=tuple(reasons))


def for_each_address(search: Search, user: User, most: int) -> Conversation:
    """Search for a user, and again for each other one to whom an answer leads.

    Args:
        search: the client's search for one address.
        user: who sets up an account.
        most: so many other addresses are followed.

    Returns:
        What the last search ended with, or the reason of each that came to nothing.
    """
    reasons: list[str] = []
    for _ in range(most + 1):
        found = yield from search(user, reasons)
        if isinstance(found, Outcome):
            return found
        user = found
    return Outcome(reasons=(*reasons, "more redirects than it follows"))
