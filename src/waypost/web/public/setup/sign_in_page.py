"""The page where people sign in, and get the settings: with their password, or elsewhere.

openid_page.py has the sign-in at an OpenID provider.

The password comes by POST over https, and is tried at the IMAP server of the domain. Waypost never
stores or logs it. An answer that fails is the same for a wrong password, an unknown person and a
domain that is not served, and is sent at the same time.
"""

from dataclasses import dataclass, field
from time import perf_counter
from typing import Final

from waypost.core.address import EmailAddress
from waypost.core.errors import (
    AddressError,
    DomainNotServed,
    LinkError,
    NoUsableService,
    RequestError,
    SigningUnavailable,
    StoreError,
    StoreUnavailable,
    UserDeclined,
)
from waypost.core.model import (
    ClientConfig,
    HostEndpoint,
    Security,
    ServiceType,
    User,
)
from waypost.formats.password_methods import accepts_password
from waypost.lookup.lookup import client_config
from waypost.setup_links.app_password import AppPasswordError
from waypost.setup_links.link import LinkTarget, checked_password, checked_target
from waypost.sign_in.authenticator import Login, SignInLimited, SignInUnavailable
from waypost.web.app_context import AccessLogEntry, AppContext, SignInOperations
from waypost.web.public.request import Fields, Request
from waypost.web.public.response import RETRY_AFTER_SECONDS, Response, not_found
from waypost.web.public.setup import answers, openid_page, template

PATH: Final = openid_page.SIGN_IN
FORM_MAX_BYTES: Final = 8192
_UNAVAILABLE: Final = (
    *(AppPasswordError, SignInUnavailable, SigningUnavailable, StoreUnavailable, StoreError),
)


@dataclass(frozen=True, slots=True)
class _Try:
    """A try to sign in."""

    page: template.SetupPage
    form: Fields = field(repr=False)
    target: LinkTarget
    password: str = field(repr=False)


async def get(context: AppContext, request: Request, _log_entry: AccessLogEntry) -> Response:
    """Show the form."""
    if context.sign_in is None and context.openid is None:
        return not_found()
    return _form(context, await template.page_of(context, request, PATH))


async def post(context: AppContext, request: Request, log_entry: AccessLogEntry) -> Response:
    """Try a password, and return the profile, or a page with an app password."""
    if context.sign_in is None:
        return not_found()
    start = perf_counter()
    page = await template.page_of(context, request, PATH)
    if request.origin.scheme != "https":
        context.scheme_check.is_plain_http(request)  # logs a warning if something else says https
        return page.problem(403, "needs_https", "link_needs_https")
    if openid_page.is_of_another_site(request):
        # Another site could try passwords by the browsers of its visitors (CSRF).
        return _form(context, page, "sign_in_wrong", status=403, code="other_site")
    try:
        form = await request.form(FORM_MAX_BYTES)
        target, password = _person(form)
        context.sign_in.take(request.origin.peer, target.address)
    except (AddressError, LinkError, RequestError) as error:
        return _form(context, page, "sign_in_invalid", status=400, code=error.code)
    except SignInLimited as error:
        return _too_often(page, error)
    attempt = _Try(page, form, target, password)
    response = await _attempt(context, context.sign_in, log_entry, attempt)
    if response.status != 200:
        # As late as all others: for an unknown domain no server is asked.
        await context.sign_in.pause(start)
    return response


async def _attempt(
    context: AppContext, sign_in: SignInOperations, log_entry: AccessLogEntry, attempt: _Try
) -> Response:
    page = attempt.page
    try:
        if await _is_right(context, sign_in, log_entry, attempt):
            action = attempt.form.get("action", "")
            return await answers.for_signed_in(
                context, page, attempt.target, action, attempt.password
            )
    except SignInLimited as error:
        return _too_often(page, error)
    except NoUsableService as error:
        return page.problem(404, error.code, "link_no_profile", retry=PATH)
    except DomainNotServed as error:
        # The mail server knows the person, but the directory declines the address.
        return page.problem(404, error.code, "not_known", retry=PATH)
    except _UNAVAILABLE as error:
        response = page.problem(503, error.code, "sign_in_unavailable", retry=PATH)
        return response.plus(("retry-after", f"{RETRY_AFTER_SECONDS}"))
    return _form(context, page, "sign_in_wrong", status=403, code="sign_in_refused")


def _too_often(page: template.SetupPage, error: SignInLimited) -> Response:
    response = page.problem(429, error.code, "sign_in_too_often", retry=PATH)
    return response.plus(("retry-after", f"{error.seconds}"))


def _form(
    context: AppContext,
    page: template.SetupPage,
    problem: str | None = None,
    *,
    status: int = 200,
    code: str = "ok",
) -> Response:
    """Render the form, with the text of a problem. It repeats nothing that was typed."""
    openid = context.openid
    start = f"{openid_page.START}{page.query()}"
    return page.render(
        status,
        code,
        state="sign_in",
        takes_password=context.sign_in is not None,
        provider=None if openid is None else openid.host,
        start_url=None if openid is None else openid.own_url(page.mount, start),
        has_password=context.app_passwords is not None,
        problem=None if problem is None else page.language.texts[problem],
    )


def _person(form: Fields) -> tuple[LinkTarget, str]:
    """Read the form.

    Raises:
        AddressError, LinkError: a field breaks a rule. The answer must not repeat any of them.
    """
    address = EmailAddress.parse(form.get("emailaddress", ""))
    target = checked_target(address, form.get("name", ""), (), "")
    return target, checked_password(form.get("password", ""))


async def _is_right(
    context: AppContext,
    sign_in: SignInOperations,
    log_entry: AccessLogEntry,
    attempt: _Try,
) -> bool:
    """Return whether the mail server accepts a password.

    Raises:
        SignInUnavailable, StoreUnavailable, StoreError: this is not known.
    """
    address = attempt.target.address
    try:
        config = await _config(context, address)
    except DomainNotServed:
        return False
    # Only now: the address of a domain that is not served may be a password in the wrong field.
    log_entry.domain, log_entry.address = address.domain.ascii, address
    login = _login(config, attempt.password)
    if login is None:
        raise SignInUnavailable(f"{config.domain} has no IMAP server with TLS and passwords")
    return await sign_in.accepts(login)


async def _config(context: AppContext, address: EmailAddress) -> ClientConfig:
    """Return the configuration, also of a person whom the directory does not know.

    The mail server is asked for such a person as well, so that the time shows nothing.

    Raises:
        DomainNotServed: the domain is not served.
    """
    try:
        return await context.lookup.for_address(address)
    except UserDeclined:
        entry = await context.lookup.entry_for(address.domain)
        return client_config(entry, address.domain, address, User())


def _login(config: ClientConfig, password: str) -> Login | None:
    for service in config.of_type(ServiceType.IMAP):
        endpoint = service.endpoint
        if (
            isinstance(endpoint, HostEndpoint)
            and endpoint.security is not Security.NONE
            and service.login_name
            and accepts_password(service)
        ):
            return Login(endpoint, service.login_name, password)
    return None
