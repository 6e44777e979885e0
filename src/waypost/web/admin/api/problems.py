"""Errors of the API as problem documents (RFC 9457)."""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from waypost.core.errors import (
    AccessForbidden,
    AdminError,
    ConfirmationNeeded,
    DomainMoved,
    DomainNotServed,
    InvalidObject,
    LinkError,
    NoUsableService,
    ObjectInUse,
    ObjectNotFound,
    ProblemsError,
    ServiceNotOffered,
    StoreError,
    StoreReadOnly,
    StoreUnavailable,
    UndoRefused,
    VersionConflict,
    WaypostError,
)

MEDIA_TYPE: Final = "application/problem+json"
PREFIX: Final = "/api/"
RETRY_SECONDS: Final = 2
_STATUS: Final[tuple[tuple[type[WaypostError], int], ...]] = (
    # The first class that fits counts.
    (ObjectNotFound, 404),
    (AccessForbidden, 403),
    (VersionConflict, 412),
    (StoreReadOnly, 409),
    (ConfirmationNeeded, 409),
    (ObjectInUse, 409),
    (UndoRefused, 409),
    (InvalidObject, 422),
    (LinkError, 409),
    (ProblemsError, 422),
    (AdminError, 400),
    (DomainMoved, 404),
    (DomainNotServed, 404),
    (NoUsableService, 404),
    (ServiceNotOffered, 404),
)
_WITHOUT_CAUSE: Final = 400


class ApiError(Exception):
    """An error whose answer is known.

    Attributes:
        status: of the answer.
        code: a stable word for programs.
        detail: for people.
        headers: of the answer.
    """

    def __init__(
        self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """Create the error."""
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})


def problem_response(
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **members: object,
) -> Response:
    """Return a problem document.

    Args:
        status: of the answer, and in the document.
        code: a stable word for programs; `waypost explain CODE` describes it.
        detail: for people.
        headers: more headers.
        members: more members of the document (RFC 9457 s3.2).
    """
    document = {
        "type": f"urn:waypost:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **members,
    }
    content = json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Response(content, status, {"cache-control": "no-store", **(headers or {})}, MEDIA_TYPE)


def error_response(error: WaypostError) -> Response:
    """Return the problem document of an error of the use cases."""
    status = next((number for kind, number in _STATUS if isinstance(error, kind)), _WITHOUT_CAUSE)
    headers: dict[str, str] = {}
    if isinstance(error, StoreError | StoreUnavailable) or error.temporary:
        status, headers = 503, {"retry-after": f"{RETRY_SECONDS}"}
    return problem_response(status, error.code, str(error), headers, **_members(error))


def _members(error: WaypostError) -> dict[str, object]:  # noqa: PLR0911 -- one for each kind
    """Return what a program needs to know besides the text."""
    match error:
        case InvalidObject():
            return {"errors": [{"path": path, "message": rule} for path, rule in error.mistakes]}
        case ProblemsError():
            return {"errors": [{"path": "", "message": text} for text in error.problems]}
        case VersionConflict():
            return {"expected": error.expected, "current": error.current}
        case StoreReadOnly():
            return {"file": error.path}
        case ConfirmationNeeded():
            return {"affected": list(error.affected), "count": error.count}
        case DomainMoved():
            return {"address_domain": error.address_domain, "url": error.url}
        case ObjectInUse():
            return {"affected": list(error.affected)}
        case _:
            return {}


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every error below /api/ with a problem document."""

    async def on_problem(_request: Request, error: ApiError) -> Response:
        return problem_response(error.status, error.code, error.detail, error.headers)

    async def on_error(_request: Request, error: WaypostError) -> Response:
        return error_response(error)

    async def on_invalid(_request: Request, error: RequestValidationError) -> Response:
        errors = [*_parameters(error.errors())]
        detail = "; ".join(f"{one['path']}: {one['message']}" for one in errors)
        return problem_response(400, "bad_request", detail, errors=errors)

    async def on_http(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if not request.url.path.startswith(PREFIX):
            return Response(f"{error.detail}\n", error.status_code, headers, "text/plain")
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "bad_request")
        return problem_response(error.status_code, code, f"{error.detail}", headers)

    app.exception_handler(ApiError)(on_problem)
    app.exception_handler(WaypostError)(on_error)
    app.exception_handler(RequestValidationError)(on_invalid)
    app.exception_handler(HTTPException)(on_http)


def _parameters(errors: Iterable[Any]) -> Iterable[dict[str, str]]:
    for error in errors:
        # The first item is `query`, `path` or `header`.
        path = ".".join(f"{item}" for item in error["loc"][1:])
        yield {"path": path, "message": f"{error['msg']}"}
