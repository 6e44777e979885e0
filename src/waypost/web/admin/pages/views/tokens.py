"""Tokens of the API: create one, see its secret once, and revoke it."""

from typing import Any, Final

from fastapi import Response
from pydantic import ValidationError

from waypost.admin.access.duration import parse_duration
from waypost.core.errors import InvalidObject, ObjectNotFound
from waypost.web.admin.api.tokens import NewToken, token_mistakes
from waypost.web.admin.pages.changes import Failure
from waypost.web.admin.pages.routes import Routes
from waypost.web.admin.pages.visit import Visit, redirect

LIST: Final = "/admin/tokens"


def add_tokens(routes: Routes) -> None:
    """Add the pages."""
    routes.get(LIST, show_tokens)
    routes.post(LIST, create)
    routes.post(f"{LIST}/revoke", revoke)


def show_tokens(visit: Visit, secret: str = "", failure: Failure | None = None) -> Response:
    """Show all tokens, and the secret of a new one once."""
    visit.principal.check_everything("list tokens")
    return visit.render(
        "tokens.html",
        200 if failure is None else failure.status,
        tokens=visit.context.tokens.list(),
        secret=secret,
        failure=failure,
        problems={} if failure is None else failure.problems,
        form=visit.form,
    )


def create(visit: Visit) -> Response:
    """Create a token."""
    visit.principal.check_everything("create tokens")
    form = visit.form
    wish: dict[str, Any] = {"name": form.text("name"), "role": form.text("role")}
    if domains := form.text("domains").replace(",", " ").split():
        wish["domains"] = domains
    for key in ("provider", "expires"):
        if form.text(key):
            wish[key] = form.text(key)
    try:
        token = NewToken.model_validate(wish)
    except ValidationError as error:
        mistakes = [(path.partition(".")[0], rule) for path, rule in token_mistakes(error)]
        return show_tokens(visit, failure=Failure(InvalidObject(mistakes), 422))
    seconds = None if token.expires is None else parse_duration(token.expires)
    secret, _ = visit.context.tokens.create(
        token.name, token.scope(), by=visit.principal, expires_seconds=seconds
    )
    return show_tokens(visit, secret)


def revoke(visit: Visit) -> Response:
    """Revoke a token at once."""
    visit.principal.check_everything("revoke tokens")
    if not visit.context.tokens.revoke(visit.form.text("id"), by=visit.principal):
        raise ObjectNotFound("there is no valid token with this id")
    return redirect(LIST, done="revoked")
