"""How most clients ask: one URL after the other, until a document can be used."""

from collections.abc import Callable, Generator, Iterable

from waypost.check.recorded.conversation import (
    Account,
    Conversation,
    Outcome,
    Request,
    Response,
    Unusable,
    followed,
    said,
)
from waypost.check.recorded.urls import DATABASE_HOST


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
            if response.status or request.host != DATABASE_HOST:
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
