"""Mozilla Autoconfig over HTTP: draft-ietf-mailmaint-autoconfig-06, and the ISPDB's form of it."""

from typing import Final
from urllib.parse import urlencode

from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import (
    AddressError,
    DomainError,
    DomainMoved,
    DomainNotServed,
    DomainUnknown,
    NoUsableService,
    RequestError,
)
from waypost.formats import autoconfig
from waypost.web.app_context import AccessLogEntry, AppContext
from waypost.web.public.hosts import mail_domain
from waypost.web.public.request import Request
from waypost.web.public.response import (
    Response,
    conditional,
    document,
    redirect,
    text,
    unknown_domain,
)

# Earlier revisions of the draft had this path, and SnappyMail uses it (read in
# the-djmaze/snappymail ba49691).
FOR_WHOLE_DOMAIN: Final = "/.well-known/mail-v1.xml"
PATHS: Final = (
    "/mail/config-v1.1.xml",
    "/.well-known/autoconfig/mail/config-v1.1.xml",
    # Nine uses this path.
    "/v1.1/mail/config-v1.1.xml",
)
ISPDB_PREFIX: Final = "/v1.1/"


def is_ispdb(path: str) -> bool:
    """Return whether a path has the form `/v1.1/DOMAIN`, with a domain in any script."""
    return path.lower().startswith(ISPDB_PREFIX) and path.rstrip("/").count("/") == 2


async def by_address(context: AppContext, request: Request, log_entry: AccessLogEntry) -> Response:
    """Answer GET with `emailaddress`; without it, for the domain that Host names."""
    return await _by_address(context, request, log_entry, keep_placeholders=False)


async def for_whole_domain(
    context: AppContext, request: Request, log_entry: AccessLogEntry
) -> Response:
    """Answer as `by_address` does, but keep the placeholders of login names.

    SnappyMail sends `test@D`, or the first user who logs in, and keeps the answer for the whole
    domain. It uses the full address as the login name of every user only if it reads
    `%EMAILADDRESS%`, and the local part otherwise.
    """
    return await _by_address(context, request, log_entry, keep_placeholders=True)


async def _by_address(
    context: AppContext, request: Request, log_entry: AccessLogEntry, *, keep_placeholders: bool
) -> Response:
    try:
        parameter = request.query(raw_plus=True).get("emailaddress", "").strip()
        address = EmailAddress.parse_query(parameter) if parameter else None
    except (AddressError, RequestError) as error:
        return text(400, f"emailaddress: {error}", error.code)
    if address is None:
        # Thunderbird for Android, KMail and Delta Chat send no address here, on purpose.
        domain = await mail_domain(context, request)
        if domain is None:
            line = "emailaddress is missing, and Host is not a host name of a mail domain"
            return text(404, line, DomainNotServed.code)
        return await _answer(context, request, log_entry, domain, None)
    keep = keep_placeholders or _is_filled_in(request, address)
    domain = address.domain
    return await _answer(context, request, log_entry, domain, address, keep_placeholders=keep)


async def by_domain(context: AppContext, request: Request, log_entry: AccessLogEntry) -> Response:
    """Answer GET `/v1.1/DOMAIN`, so that a client can use Waypost as its ISP database."""
    try:
        domain = DomainName.parse(request.path[len(ISPDB_PREFIX) :].rstrip("/"))
    except DomainError as error:
        return text(404, str(error), error.code)
    return await _answer(context, request, log_entry, domain, None)


async def _answer(
    context: AppContext,
    request: Request,
    log_entry: AccessLogEntry,
    domain: DomainName,
    address: EmailAddress | None,
    *,
    keep_placeholders: bool = False,
) -> Response:
    log_entry.domain, log_entry.address = domain.ascii, address
    try:
        if address is None or keep_placeholders:
            result = await context.lookup.find_by_domain(domain)
        else:
            result = await context.lookup.find_by_address(address)
        rendered = context.documents.render(autoconfig.render, result)
    except DomainMoved as moved:
        return _for_one_user(address, _redirect_moved(address, moved))
    except DomainUnknown as error:
        return _for_one_user(address, unknown_domain(domain, error))
    except (DomainNotServed, NoUsableService) as error:
        # Delta Chat and Thunderbird stop at any 2xx: only a 404 sends them to their next source.
        return _for_one_user(address, text(404, str(error), error.code))
    # RFC 9111 s5.2.2.7: an answer with an address is for one user; no shared cache may keep it.
    scope = "public" if address is None else "private"
    response = document(autoconfig.CONTENT_TYPE, rendered, result.entry)
    cache_control = f"{scope}, max-age={context.max_age_seconds}"
    return conditional(request, response, rendered.etag, cache_control)


def _for_one_user(address: EmailAddress | None, response: Response) -> Response:
    """Keep an error out of shared caches if it may depend on the user.

    RFC 9110 s15.1: a cache may keep a 404 without Cache-Control by its own rules.
    """
    return response if address is None else response.plus(("cache-control", "private, no-cache"))


def _is_filled_in(request: Request, address: EmailAddress) -> bool:
    """Return whether the client replaces placeholders with the true address, as Evolution does.

    If Evolution asks about the domain of the user's name server, only Evolution has the user's
    domain (seen with Evolution 3.46.4). After a redirect from Waypost there is no `emailmd5`: the
    addresses of the new domain count. Evolution makes no A-label, so Waypost writes out an
    internationalised domain.
    """
    is_international = "xn--" in address.domain.ascii
    return address.is_anonymous and "emailmd5" in request.query() and not is_international


def _redirect_moved(address: EmailAddress | None, moved: DomainMoved) -> Response:
    """Redirect a client to the Autoconfig of the domain that has the addresses now.

    The client cannot use a URL of Autodiscover: a 404 sends it to its next source.
    """
    if moved.address_domain is None:
        return text(404, str(moved), moved.code)
    url = f"https://autoconfig.{moved.address_domain}{PATHS[0]}"
    if address is None:
        return redirect(url, moved.code)
    email = f"{address.local_part}@{moved.address_domain}"
    return redirect(f"{url}?{urlencode({'emailaddress': email})}", moved.code)
