"""The sign-in of people at an OpenID provider, and the page where they get the settings.

The start sends the browser to the provider, and the callback gets it back, with a proof who the
person is in a cookie. Only a button uses the proof, by POST, and only once in this browser: no GET
makes an app password. URLs contain no secret except the code of the provider, which works once and
only together with the cookie of this browser.
"""

import hmac
from collections.abc import Mapping
from time import perf_counter
from typing import Final

from waypost.core.errors import (
    DomainNotServed,
    NoUsableService,
    RequestError,
    SigningUnavailable,
    StoreError,
    StoreUnavailable,
    WaypostError,
)
from waypost.setup_links.app_password import AppPasswordError
from waypost.sign_in.authenticator import CALLBACK_PATH, Refusal, SignInLimited, SignInRefused
from waypost.sign_in.proof import PROOF_SECONDS, form_key
from waypost.web.app_context import AccessLogEntry, AppContext, OpenIdOperations
from waypost.web.public.request import Request
from waypost.web.public.response import RETRY_AFTER_SECONDS, TEXT, Response, not_found
from waypost.web.public.setup import answers, template
from waypost.web.public.setup.cookies import delete_cookie, read_cookie, set_cookie

SIGN_IN: Final = "/sign-in"
START: Final = "/sign-in/oidc"
CALLBACK: Final = CALLBACK_PATH
SETTINGS: Final = "/sign-in/oidc/settings"
LOGIN_COOKIE: Final = "__Host-waypost-sign-in"
PROOF_COOKIE: Final = "__Host-waypost-person"
LOGIN_SECONDS: Final = 600
OTHER_ACCOUNT: Final = "other"
"""The value of `account` in the query of a start that makes the provider ask for an account."""
FORM_MAX_BYTES: Final = 1024
_LANGUAGE_SEPARATOR: Final = "~"
# Fetch Metadata Request Headers s2.2: who has begun a request. Chrome 76, Firefox 90, Safari 16.4.
_OTHER_SITES: Final = frozenset({"cross-site", "same-site"})
# The text for each refusal, and its status.
_REFUSALS: Final[Mapping[Refusal, tuple[str, int]]] = {
    Refusal.ENDED: ("sign_in_ended", 400),
    Refusal.DENIED: ("sign_in_denied", 403),
    Refusal.NO_ADDRESS: ("sign_in_no_address", 403),
    Refusal.UNAVAILABLE: ("sign_in_unavailable", 503),
}
_ABOUT_ACCOUNT: Final = frozenset({"sign_in_denied", "sign_in_no_address", "not_known"})
"""The texts that another account of the person can help against."""
_FAILURES: Final = (
    *(AppPasswordError, DomainNotServed, NoUsableService, RequestError, SignInLimited),
    *(SignInRefused, SigningUnavailable, StoreError, StoreUnavailable),
)


def is_of_another_site(request: Request) -> bool:
    """Return whether a page of another site has begun a request, as far as browsers say it."""
    return request.header(b"sec-fetch-site") in _OTHER_SITES


async def start(context: AppContext, request: Request, _log_entry: AccessLogEntry) -> Response:
    """Send the person to the provider. Another sign-in of this browser is replaced."""
    openid = context.openid
    if openid is None:
        return not_found()
    page = await template.page_of(context, request, SIGN_IN)
    if (refusal := _plain_http(context, request, page)) is not None:
        return refusal
    try:
        asks = template.query_of(request).get("account") == OTHER_ACCOUNT
        url, secrets = await openid.begin(request.origin.peer, page.mount, asks_for_account=asks)
    except (SignInLimited, SignInRefused) as error:
        return _failure(page, error)
    value = f"{secrets}{_LANGUAGE_SEPARATOR}{page.chosen or ''}"
    return _see_other(url, set_cookie(LOGIN_COOKIE, value, LOGIN_SECONDS))


async def callback(context: AppContext, request: Request, log_entry: AccessLogEntry) -> Response:
    """Send the person whom the provider has sent back to the page with the buttons."""
    openid = context.openid
    if openid is None:
        return not_found()
    begin = perf_counter()
    cookie = read_cookie(request, LOGIN_COOKIE)
    secrets, _, chosen = cookie.partition(_LANGUAGE_SEPARATOR)
    page = await template.page_of(context, request, SIGN_IN, chosen)
    if (refusal := _plain_http(context, request, page)) is not None:
        return refusal
    query = template.query_of(request)
    if not openid.is_answer(query, secrets):
        # Any site can send browsers here. So the sign-in of this browser goes on, nothing is
        # counted or logged, and the answer does not wait: it could keep all connections busy.
        refused = SignInRefused(Refusal.ENDED, "wrong_state", "callback: another state")
        return _failure(page, refused)
    try:
        person = await openid.finish(request.origin.peer, query, secrets, page.mount)
        await context.lookup.for_address(person.address)
    except _FAILURES as error:
        response = _failure(page, error, _other_account_url(openid, page))
        # At the same time for each reason that says something about a person, as for a password
        # that is wrong.
        if not isinstance(error, SignInLimited):
            await openid.pause(begin)
    else:
        log_entry.domain, log_entry.address = person.address.domain.ascii, person.address
        proof = set_cookie(PROOF_COOKIE, openid.write_proof(person), PROOF_SECONDS)
        response = _see_other(f"{page.mount}{SETTINGS}{page.query()}", proof)
    return response.plus(delete_cookie(LOGIN_COOKIE))


async def get(context: AppContext, request: Request, log_entry: AccessLogEntry) -> Response:
    """Show who has signed in, and the buttons. Nothing is used up."""
    openid = context.openid
    if openid is None:
        return not_found()
    page = await template.page_of(context, request, SETTINGS)
    proof = read_cookie(request, PROOF_COOKIE)
    person = openid.read_proof(proof)
    if person is None:
        return _failure(page, _no_proof())
    log_entry.domain, log_entry.address = person.address.domain.ascii, person.address
    page = await page.of_domain(context, person.address.domain)
    name = person.display_name
    return page.render(
        200,
        "ok",
        state="signed_in",
        target=person,
        person=f"{name} ({person.address})" if name else f"{person.address}",
        key=form_key(proof),
        has_password=context.app_passwords is not None,
        other_account_url=_other_account_url(openid, page),
    )


async def post(context: AppContext, request: Request, log_entry: AccessLogEntry) -> Response:
    """Return the profile, or a page with an app password, and end the sign-in of this browser."""
    openid = context.openid
    if openid is None:
        return not_found()
    page = await template.page_of(context, request, SIGN_IN)
    if (refusal := _plain_http(context, request, page)) is not None:
        return refusal
    try:
        response = await _use(context, openid, request, log_entry, page)
    except _FAILURES as error:
        return _failure(page, error, _other_account_url(openid, page))
    return response.plus(delete_cookie(PROOF_COOKIE))


async def _use(
    context: AppContext,
    openid: OpenIdOperations,
    request: Request,
    log_entry: AccessLogEntry,
    page: template.SetupPage,
) -> Response:
    form = await request.form(FORM_MAX_BYTES)
    proof = read_cookie(request, PROOF_COOKIE)
    person = openid.read_proof(proof)
    is_own = hmac.compare_digest(form.get("key", "").encode(), form_key(proof).encode())
    if person is None or not is_own or is_of_another_site(request):
        raise _no_proof()
    log_entry.domain, log_entry.address = person.address.domain.ascii, person.address
    openid.take(request.origin.peer, person.address)
    page = await page.of_domain(context, person.address.domain)
    return await answers.for_signed_in(context, page, person, form.get("action", ""))


def _plain_http(context: AppContext, request: Request, page: template.SetupPage) -> Response | None:
    """Return the refusal of a request over plain http."""
    if request.origin.scheme == "https":
        return None
    context.scheme_check.is_plain_http(request)  # logs a warning if something else says https
    return page.problem(403, "needs_https", "link_needs_https")


def _no_proof() -> SignInRefused:
    return SignInRefused(Refusal.ENDED, "no_proof", "there is no proof")


def _other_account_url(openid: OpenIdOperations, page: template.SetupPage) -> str:
    """Return the URL where the provider asks which account to use."""
    return openid.own_url(page.mount, f"{START}{page.query(account=OTHER_ACCOUNT)}")


def _failure(
    page: template.SetupPage, error: WaypostError, other_account_url: str | None = None
) -> Response:
    """Return the page that says what the person can do.

    Args:
        page: the page.
        error: the reason.
        other_account_url: where the person can choose another account, if the account is wrong.
    """
    seconds: int | None = None
    match error:
        case SignInRefused():
            problem, status = _REFUSALS[error.refusal]
        case SignInLimited():
            problem, status, seconds = "sign_in_too_often", 429, error.seconds
        case NoUsableService():
            problem, status = "link_no_profile", 404
        case DomainNotServed():
            # The same for a domain that is not served and a person whom the directory declines.
            problem, status = "not_known", 404
        case RequestError():
            problem, status = "sign_in_ended", 400
        case _:
            problem, status = "sign_in_unavailable", 503
    is_about_account = problem in _ABOUT_ACCOUNT
    response = page.problem(
        status,
        error.code,
        problem,
        retry=SIGN_IN,
        other_account_url=other_account_url if is_about_account else None,
    )
    if status == 503:
        seconds = RETRY_AFTER_SECONDS
    return response if seconds is None else response.plus(("retry-after", f"{seconds}"))


def _see_other(location: str, *headers: tuple[str, str]) -> Response:
    """Answer 303: the browser continues with a GET (RFC 9110 s15.4.4)."""
    more = (("location", location), *template.PRIVATE_HEADERS, *headers)
    return Response(303, TEXT, b"", more)
