"""Sign in at an OpenID provider: the start, and the callback."""

from typing import Final

import structlog
from fastapi import Response

from waypost.oidc.failure import FailureCode, OidcFailure
from waypost.web.admin.pages.oidc import CALLBACK, START, NoRole, OidcSignIn
from waypost.web.admin.pages.routes import Routes
from waypost.web.admin.pages.security import set_cookie
from waypost.web.admin.pages.views.access import end_earlier_session
from waypost.web.admin.pages.visit import HOME, Visit, redirect

COOKIE: Final = "__Host-waypost-oidc"
COOKIE_SECONDS: Final = 600
_STATUS: Final = {
    FailureCode.DENIED: 403,
    FailureCode.NO_ROLE: 403,
    FailureCode.WRONG_STATE: 400,
    FailureCode.CODE_REFUSED: 400,
    FailureCode.BUSY: 503,
    FailureCode.UNREACHABLE: 503,
    FailureCode.TOO_MANY: 429,
}


def add_oidc(routes: Routes, oidc: OidcSignIn) -> None:
    """Add the start and the callback of a sign-in."""

    def start(visit: Visit) -> Response:
        """Send the person to the provider. Another sign-in of this browser is replaced."""
        try:
            url, login = oidc.begin(visit.remote)
        except OidcFailure as failure:
            return _failed(visit, failure)
        response = Response(None, 303, {"location": url})
        # Lax: the provider sends the browser back from another site.
        response.set_cookie(
            COOKIE,
            login.text(),
            COOKIE_SECONDS,
            path="/",
            secure=True,
            httponly=True,
            samesite="lax",
        )
        return response

    def callback(visit: Visit) -> Response:
        """Begin a session. Another session of this browser ends."""
        query, cookie = visit.request.query_params, visit.request.cookies.get(COOKIE, "")
        try:
            name, scope = oidc.finish(query, cookie, visit.remote)
        except NoRole as failure:
            visit.context.sessions.note_refusal(failure.name, visit.remote, failure.code.value)
            response = _failed(visit, failure)
        except OidcFailure as failure:
            response = _failed(visit, failure)
        else:
            secret = visit.context.sessions.sign_in(name, scope, visit.remote)
            end_earlier_session(visit)
            response = redirect(HOME)
            set_cookie(response, secret)
        if oidc.is_answer(query, cookie):
            # A forged callback must not end the sign-in of this browser; the right one ends it.
            response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
        return response

    routes.get(START, start, is_public=True)
    routes.get(CALLBACK, callback, is_public=True)


def _failed(visit: Visit, failure: OidcFailure) -> Response:
    """Return the page about a failure, and log it without any secret."""
    structlog.get_logger(__name__).warning(
        "sign-in at the OpenID provider failed", code=failure.code.value, reason=str(failure)
    )
    status = _STATUS.get(failure.code, 502)
    response = visit.render("oidc_failed.html", status, code=failure.code.value)
    if status in {429, 503}:
        response.headers["retry-after"] = "5"
    return response
