"""From a request to a view, and from an error to a page: the same rules for all pages."""

from collections.abc import Callable
from functools import partial
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from waypost.admin.access.sessions import AdminSession, is_csrf_text
from waypost.core.errors import (
    AccessForbidden,
    ConfirmationNeeded,
    DomainNotServed,
    InvalidObject,
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
from waypost.web.admin.pages.forms import Form, FormError, read_form
from waypost.web.admin.pages.security import COOKIE, HEADERS, is_own_form
from waypost.web.admin.pages.visit import SIGN_IN, PagesContext, Visit, redirect

View = Callable[[Visit], Response]
_STATUS: Final[tuple[tuple[type[WaypostError], int], ...]] = (
    # The first class that fits counts.
    (ObjectNotFound, 404),
    (AccessForbidden, 403),
    (VersionConflict, 412),
    (ConfirmationNeeded, 409),
    (StoreReadOnly, 409),
    (ObjectInUse, 409),
    (UndoRefused, 409),
    (InvalidObject, 422),
    (ProblemsError, 422),
    (DomainNotServed, 404),
    (NoUsableService, 404),
    (ServiceNotOffered, 404),
    (StoreUnavailable, 503),
    (StoreError, 503),
)


class Routes:
    """Adds pages to a router."""

    def __init__(self, router: APIRouter) -> None:
        """Initialize with the router."""
        self._router = router

    def get(self, path: str, view: View, *, is_public: bool = False) -> None:
        """Add a page that changes nothing."""
        self._add("GET", path, view, is_public=is_public)

    def post(self, path: str, view: View, *, is_public: bool = False) -> None:
        """Add the receiver of a form."""
        self._add("POST", path, view, is_public=is_public)

    def _add(self, method: str, path: str, view: View, *, is_public: bool) -> None:
        async def handle(request: Request) -> Response:
            context: PagesContext = request.app.state.pages
            visit = Visit(context, request)
            try:
                if method == "POST":
                    visit = Visit(context, request, form=await _read_own_form(request))
                answer = partial(_answer, view, visit, is_public=is_public)
                response = await run_in_threadpool(answer)
            except FormError as error:
                response = visit.render("error.html", error.status, message=str(error), retry=())
            response.headers.update(HEADERS)
            return response

        self._router.add_api_route(
            path, handle, methods=[method], include_in_schema=False, response_class=Response
        )


def _answer(view: View, visit: Visit, *, is_public: bool) -> Response:
    """Find the session, and run the view; in a thread."""
    try:
        session = visit.context.sessions.find(visit.request.cookies.get(COOKIE, ""))
        visit = Visit(visit.context, visit.request, session, visit.form)
        if session is None and not is_public:
            return _signed_out(visit)
        if session is not None and not is_public:
            _check_csrf(visit, session)
        return view(visit)
    except WaypostError as error:
        return error_page(visit, error)


async def _read_own_form(request: Request) -> Form:
    if not is_own_form(request):
        raise FormError(403, "the form is from another site")
    return await read_form(request)


def _check_csrf(visit: Visit, session: AdminSession) -> None:
    if visit.request.method == "POST" and not is_csrf_text(session, visit.form.text("csrf")):
        raise FormError(403, "the form is not from a page of this session; load it again")


def _signed_out(visit: Visit) -> Response:
    if visit.request.method == "GET":
        return redirect(SIGN_IN)
    return visit.render("sign_in.html", 401, link="", problem="ended")


def error_status(error: WaypostError) -> int:
    """Return the status of the answer to an error."""
    return next((number for kind, number in _STATUS if isinstance(error, kind)), 400)


def error_page(visit: Visit, error: WaypostError) -> Response:
    """Return the page about an error. If the database is away, a form can be sent again."""
    status = error_status(error)
    retry = visit.form.pairs if status == 503 else ()
    response = visit.render("error.html", status, message=str(error), retry=retry)
    if status == 503:
        response.headers["retry-after"] = "2"
    return response
