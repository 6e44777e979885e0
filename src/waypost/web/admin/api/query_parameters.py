"""The names of the query parameters of a request: an unknown one is refused, and not ignored."""

from collections import Counter
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from waypost.providers_file.validation import did_you_mean, printable_key
from waypost.web.admin.api.access import CurrentPrincipal

_ERRORS_MAX: Final = 10
"""The search for the most similar name is slow."""


async def check_query_parameters(request: Request, _principal: CurrentPrincipal) -> None:
    """Check the query parameters of a request with a token.

    Without a valid token, the answer is 401, whatever the parameters are.

    Raises:
        RequestValidationError: names the first wrong parameters.
    """
    check_parameter_names(request)


def check_parameter_names(request: Request) -> None:
    """Check that the route of a request has each query parameter, and that each is given once.

    `?dryrun=1` must not make the change that `?dry_run=1` only plans. FastAPI ignores an unknown
    parameter, and uses the last value of one that is given twice. No parameter of the API is a
    list.

    Raises:
        RequestValidationError: names the first wrong parameters.
    """
    if not request.query_params:
        return
    route = request.scope["route"]
    if not isinstance(route, APIRoute):
        raise TypeError(f"{route!r} is no route of the API")
    names = [name for name, _ in request.query_params.multi_items()]
    if errors := [*islice(_errors(names, [*_known(route.dependant)]), _ERRORS_MAX)]:
        raise RequestValidationError(errors)


def _known(dependant: Any) -> Iterator[str]:  # noqa: ANN401 -- FastAPI does not export the class
    """Yield the query parameters of an endpoint, and of what it depends on."""
    yield from (field.alias for field in dependant.query_params)
    for each in dependant.dependencies:
        yield from _known(each)


def _errors(names: Collection[str], known: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield errors in the form of FastAPI."""
    for name, count in Counter(names).items():
        loc = ("query", printable_key(name))
        if name not in known:
            end = did_you_mean(name, known) if known else "; this URL has no parameters"
            yield {"type": "unknown_parameter", "loc": loc, "msg": f"unknown parameter{end}"}
        elif count > 1:
            yield {"type": "repeated_parameter", "loc": loc, "msg": "must be given only once"}
