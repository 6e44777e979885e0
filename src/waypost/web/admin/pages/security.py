"""The security headers of all pages, the session cookie, and the origin of a form."""

from typing import Final

from fastapi import Request, Response

from waypost.admin.access.sessions import ABSOLUTE_SECONDS

COOKIE: Final = "__Host-waypost-session"
"""Browsers accept this prefix only with Secure, with Path=/ and without Domain (RFC 6265bis)."""
HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # With no-referrer, browsers send `Origin: null` with a form (Fetch, "append a request Origin").
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}


def is_own_form(request: Request) -> bool:
    """Return whether a form was sent by a page of this site, as far as its headers show it."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("origin")
    return origin is None or origin == f"{request.url.scheme}://{request.headers.get('host', '')}"


def set_cookie(response: Response, secret: str) -> None:
    """Give a browser the secret of its session.

    `Lax`: a link in a mail or a ticket opens the page of a person who is signed in. No GET changes
    anything.
    """
    response.set_cookie(
        COOKIE, secret, ABSOLUTE_SECONDS, path="/", secure=True, httponly=True, samesite="lax"
    )


def delete_cookie(response: Response) -> None:
    """Let a browser forget its session."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
