"""The cookies of a sign-in: only over https, only for this host, and not for scripts.

RFC 6265 s4.1 and s5.4; the prefix `__Host-` is that of draft-ietf-httpbis-rfc6265bis s4.1.3.2: no
other host of the domain can set such a cookie.
"""

from typing import Final

from waypost.web.public.request import Request

_ATTRIBUTES: Final = "Path=/; Secure; HttpOnly; SameSite=Lax"
"""Lax: a provider sends the browser back from another site. Forms of other sites send no cookie."""


def read_cookie(request: Request, name: str) -> str:
    """Return the value of a cookie; empty without one."""
    for header, value in request.headers:
        if header != b"cookie":
            continue
        for pair in value.decode("latin-1").split(";"):
            found, _, text = pair.strip().partition("=")
            if found == name:
                return text
    return ""


def set_cookie(name: str, value: str, seconds: int) -> tuple[str, str]:
    """Return the header that sets a cookie.

    Args:
        name: with the prefix `__Host-`.
        value: ASCII without spaces, quotation marks, commas, semicolons and backslashes.
        seconds: after which the browser forgets it.
    """
    return "set-cookie", f"{name}={value}; Max-Age={seconds}; {_ATTRIBUTES}"


def delete_cookie(name: str) -> tuple[str, str]:
    """Return the header that deletes a cookie."""
    return set_cookie(name, "", 0)
