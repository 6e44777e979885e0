"""Requests to a provider: JSON in the answer, one deadline for all, a maximum size, no redirect."""

import http.client
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

from waypost.core.errors import FetchError, NamesUnavailable
from waypost.net.connection import DeadlineConnection, open_connection
from waypost.net.deadline import Deadline
from waypost.net.failures import failure_reason
from waypost.net.http_client import Origin, read_url
from waypost.net.http_exchange import HttpRequest, exchange
from waypost.net.name_lookup import look_up
from waypost.net.system_transport import SystemTransport
from waypost.oidc.failure import FailureCode, OidcFailure

ANSWER_MAX_BYTES: Final = 256 * 1024
_OK: Final = 200
_HEADERS: Final = {"Accept": "application/json", "User-Agent": "Waypost"}


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """An answer: its status, and its JSON object."""

    status: int
    data: dict[str, Any]


def request_json(
    url: str,
    deadline: Deadline,
    what: str,
    headers: Mapping[str, str] | None = None,
    form: bytes | None = None,
) -> JsonAnswer:
    """Send a GET, or a POST with a form, and return the answer of any status.

    Args:
        url: https, or http on this machine.
        deadline: of the whole sign-in.
        what: the name of the URL in the provider's description, for messages.
        headers: more headers.
        form: the body of a POST.

    Raises:
        OidcFailure: there is no answer, or it is not a JSON object.
    """
    sent = {**_HEADERS, **(headers or {})}
    if form is not None:
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        origin, target = read_url(url)
        request = HttpRequest(
            origin.authority, target, "GET" if form is None else "POST", sent, form or b""
        )
        with _connect(origin, deadline) as connection:
            response = exchange(connection, request, ANSWER_MAX_BYTES)
    except (FetchError, NamesUnavailable) as error:
        raise OidcFailure(FailureCode.UNREACHABLE, f"{what}: {error}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise OidcFailure(FailureCode.UNREACHABLE, f"{what}: {failure_reason(error)}") from error
    if len(response.body) > ANSWER_MAX_BYTES:
        reason = f"{what}: the answer is larger than {ANSWER_MAX_BYTES // 1024} KiB"
        raise OidcFailure(FailureCode.BAD_ANSWER, reason)
    return JsonAnswer(response.status, _read_object(response.body, response.status, what))


def get_json(
    url: str, deadline: Deadline, what: str, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the JSON object at a URL; its status must be 200.

    Raises:
        OidcFailure: there is none.
    """
    answer = request_json(url, deadline, what, headers)
    if answer.status != _OK:
        reason = f"{what}: the answer has status {answer.status}"
        raise OidcFailure(FailureCode.BAD_ANSWER, reason)
    return answer.data


def _connect(origin: Origin, deadline: Deadline) -> AbstractContextManager[DeadlineConnection]:
    """Connect to an origin; to one on this machine never through a proxy."""
    if origin.scheme == "http":
        return open_connection(look_up(origin.host, origin.port, deadline), deadline)
    return SystemTransport().connect(origin, deadline, allow_private=True)


def _read_object(body: bytes, status: int, what: str) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        reason = f"{what}: the answer with status {status} is not JSON"
        raise OidcFailure(FailureCode.BAD_ANSWER, reason) from error
    if not isinstance(data, dict):
        raise OidcFailure(FailureCode.BAD_ANSWER, f"{what}: the answer is not a JSON object")
    return data
