"""The page of one-time links: it shows whom a link is for, and a button uses the link.

The token is in the fragment of the URL, which no browser sends to a server. A script of the page
puts it into the form; without scripts, the person pastes the link. So no GET knows the token:
programs that open the links of mails use nothing up, and no log of any web server has a token.

The token is also what protects the forms against other sites (CSRF): who knows it may use the link.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from waypost.core.errors import (
    DomainNotServed,
    LinkBusy,
    LinkError,
    LinkInvalid,
    NoUsableService,
    RequestError,
    SigningUnavailable,
    StoreError,
    StoreUnavailable,
    WaypostError,
)
from waypost.setup_links.app_password import AppPasswordError
from waypost.setup_links.link import LEASE_SECONDS, OpenedLink
from waypost.setup_links.token import token_of
from waypost.web.app_context import AccessLogEntry, AppContext, SetupLinkOperations
from waypost.web.public.request import Request
from waypost.web.public.response import RETRY_AFTER_SECONDS, Response, not_found
from waypost.web.public.setup import answers, path, template

PATH: Final = path.PATH
_PAGE: Final = f"{PATH}/"
is_below = path.is_below
FORM_MAX_BYTES: Final = 8192
# The text for each error, its status, and after how many seconds another try can help.
_FAILURES: Final[Mapping[type[WaypostError], tuple[str, int, int | None]]] = {
    LinkInvalid: ("link_invalid", 404, None),
    LinkBusy: ("link_busy", 409, LEASE_SECONDS),
    DomainNotServed: ("link_not_served", 404, None),
    NoUsableService: ("link_no_profile", 404, None),
    RequestError: ("link_bad_request", 400, None),
    AppPasswordError: ("link_unavailable", 503, RETRY_AFTER_SECONDS),
    LinkError: ("link_unavailable", 503, RETRY_AFTER_SECONDS),
    SigningUnavailable: ("link_unavailable", 503, RETRY_AFTER_SECONDS),
    StoreUnavailable: ("link_unavailable", 503, RETRY_AFTER_SECONDS),
    StoreError: ("link_unavailable", 503, RETRY_AFTER_SECONDS),
}


@dataclass(frozen=True, slots=True)
class _LinkRequest:
    """A request with a link: the form, and the language and mount of its page."""

    token: str
    action: str
    page: template.SetupPage


async def get(context: AppContext, request: Request, _log_entry: AccessLogEntry) -> Response:
    """Show the page that reads the fragment of its URL. It is the same for all links."""
    if context.setup_links is None:
        return not_found()
    return (await template.page_of(context, request, _PAGE)).render(200, "ok", state="open")


async def post(context: AppContext, request: Request, log_entry: AccessLogEntry) -> Response:
    """Show whom a link is for; with a button's `action`, use the link."""
    if context.setup_links is None:
        return not_found()
    page = await template.page_of(context, request, _PAGE)
    if request.origin.scheme != "https":
        context.scheme_check.is_plain_http(request)  # logs a warning if something else says https
        return page.problem(403, "needs_https", "link_needs_https")
    try:
        form = await request.form(FORM_MAX_BYTES)
        link = _LinkRequest(token_of(form.get("token", "")), form.get("action", ""), page)
        return await _answer(context, context.setup_links, link, log_entry)
    except tuple(_FAILURES) as error:
        return _failure(page, error)


def _failure(page: template.SetupPage, error: WaypostError) -> Response:
    problem, status, seconds = next(
        value for kind, value in _FAILURES.items() if isinstance(error, kind)
    )
    response = page.problem(status, error.code, problem)
    return response if seconds is None else response.plus(("retry-after", f"{seconds}"))


async def _answer(
    context: AppContext,
    links: SetupLinkOperations,
    link: _LinkRequest,
    log_entry: AccessLogEntry,
) -> Response:
    opened = await links.open(link.token)
    address = opened.target.address
    log_entry.domain, log_entry.address = address.domain.ascii, address
    has_password = opened.has_password or (links.makes_passwords and not opened.is_reusable)
    page = await link.page.of_domain(context, address.domain)
    if link.action == answers.PROFILE:
        return await links.use(link.token, partial(answers.profile, context))
    if link.action == answers.PASSWORD and has_password:
        return await links.use(link.token, partial(answers.password_page, context, page))
    return _link_page(page, link.token, opened, has_password=has_password)


def _link_page(
    page: template.SetupPage, token: str, opened: OpenedLink, *, has_password: bool
) -> Response:
    """Show whom a link is for. Nothing is used up."""
    until = datetime.fromtimestamp(opened.expires_at, UTC)
    target = opened.target
    name = target.display_name
    # Only here: a link that cannot be used gets the same answer whatever its token is.
    return page.with_token(token).render(
        200,
        "ok",
        state="link",
        token=token,
        target=target,
        person=f"{name} ({target.address})" if name else f"{target.address}",
        until=f"{until:%Y-%m-%d %H:%M} UTC",
        is_reusable=opened.is_reusable,
        has_password=has_password,
    )
