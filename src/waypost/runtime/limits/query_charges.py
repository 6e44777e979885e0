"""Who pays for the queries of a request: those of a database, and those of a directory.

Each request is answered in its own task, so a context variable knows the request for which a query
begins. A query without a request, such as one of a watch task, has no payer.
"""

from collections.abc import Callable
from contextvars import ContextVar

Charge = Callable[[], None]
_CHARGE: ContextVar[Charge | None] = ContextVar("waypost.charge", default=None)


def charge_queries_to(charge: Charge | None) -> None:
    """Call a function for each query that this task causes from now on; None calls nothing."""
    _CHARGE.set(charge)


def charge_query() -> None:
    """Charge a query that begins now to the request of this task."""
    charge = _CHARGE.get()
    if charge is not None:
        charge()
