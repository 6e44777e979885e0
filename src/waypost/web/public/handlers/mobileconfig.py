"""Apple configuration profiles over HTTP.

A password is accepted only if the operator permits it, only in the body of a POST and only over
https. The password is only in the reply: never in another text, a log line or a metric. The signer
does not keep a document with a password.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from waypost.core.address import EmailAddress
from waypost.core.errors import (
    AddressError,
    DomainMoved,
    DomainNotServed,
    NoUsableService,
    RequestError,
    RequestTooLarge,
    UserDeclined,
)
from waypost.core.text_rules import is_never_text
from waypost.formats.mobileconfig import profile as mobileconfig
from waypost.formats.mobileconfig.aliases import aliases_of
from waypost.formats.mobileconfig.profile import Password
from waypost.web.app_context import AppContext, RequestLog
from waypost.web.public.hosts import https_base, mail_domain
from waypost.web.public.origin.schemes import https_url
from waypost.web.public.request import Fields, Request
from waypost.web.public.response import Response, redirect, text

PATH: Final = "/mobileconfig"
ADDRESSES: Final = "addresses"
NAME_MAX_CHARS: Final = 128
PASSWORD_MAX_CHARS: Final = 256
FORM_MAX_BYTES: Final = 8192
_LINE_OR_COMMA: Final = re.compile(r"[\r\n,]+")
NEEDS_HTTPS: Final = (
    "a profile is sent over https only: use https:// in the URL. "
    "If you did, the web server in front of Waypost sends a wrong X-Forwarded-Proto"
)
_NO_STORE: Final = ("cache-control", "no-store")  # RFC 9111 s5.2.2.5


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The user of the profile: the main address, the name, and the other addresses."""

    address: EmailAddress
    name: str
    aliases: tuple[EmailAddress, ...]


async def get(context: AppContext, request: Request, noted: RequestLog) -> Response:
    """Answer GET with `emailaddress`, `alias` and `name`. A `password` is not read at all.

    If a trusted proxy says that the request came by plain http, no profile is sent: an attacker on
    the network path could put other servers into it. If no trusted proxy says so, or if something
    else says https, the scheme is not known, and the profile is sent.
    """
    try:
        query = request.query()
        if (refusal := await on_plain_http(context, request, query)) is not None:
            return refusal
        # A link may have the address unencoded; the page's form sends it encoded.
        plain = request.query(raw_plus=True)
        address = EmailAddress.parse_query(given_address(plain))
        aliases = _aliases([*query.every("alias"), _other_addresses(plain)], address)
        wanted = _Wanted(address, _display_name(query.get("name", "")), aliases)
        noted.domain, noted.address = address.domain.ascii, address
    except AddressError as error:
        return text(400, f"emailaddress: {error}", error.code)
    except RequestError as error:
        return text(400, str(error), error.code)
    try:
        reply = await _profile(context, noted, wanted, None)
    except DomainNotServed as error:
        reply = text(404, str(error), error.code)
    return reply.plus(("cache-control", "private, no-cache"))


async def on_plain_http(context: AppContext, request: Request, query: Fields) -> Response | None:
    """Return the answer to a request that is known to come by plain http; None for all others.

    The client is redirected to the same URL on https, or refused if the host of that URL is not
    known. A request with a password is refused as well, so that the password is not sent again.
    """
    if not (request.origin.scheme_is_sent and context.schemes.is_plain_http(request)):
        return None
    base = None if "password" in query else await _served_base(context, request)
    if base is None:
        return text(403, NEEDS_HTTPS, "needs_https")
    return redirect(https_url(base, request))


async def _served_base(context: AppContext, request: Request) -> str | None:
    """Return scheme and host of the same URL on https, if the host is known to be served here."""
    if context.public_url is None:
        domain = await mail_domain(context, request)
        if domain is None:
            return None
        try:
            await context.lookup.for_domain(domain)
        except DomainNotServed:
            return None
    return https_base(context, request)


async def post(context: AppContext, request: Request, noted: RequestLog) -> Response:
    """Answer a form with these fields and `password`; the query is not read at all."""
    reply = await _posted(context, request, noted)
    return reply.plus(_NO_STORE)


async def _posted(context: AppContext, request: Request, noted: RequestLog) -> Response:
    if not context.takes_passwords:
        line = "passwords are not accepted here; use GET with emailaddress and name"
        return text(405, line, "method_not_allowed").plus(("allow", "GET, HEAD"))
    if request.origin.scheme != "https":
        context.schemes.is_plain_http(request)  # logs a warning if something else says https
        return text(403, "a password is accepted over https only; none was read", "needs_https")
    try:
        form = await request.form(FORM_MAX_BYTES)
        address = EmailAddress.parse(form.get("emailaddress", ""))
        aliases = _aliases(form.every("alias"), address)
        wanted = _Wanted(address, _display_name(form.get("name", "")), aliases)
        password = _password(form.get("password", ""))
    except AddressError as error:
        # The answer must not repeat what was typed into the wrong field.
        return text(400, "emailaddress: is not an email address", error.code)
    except RequestTooLarge as error:
        return text(413, str(error), error.code)
    except RequestError as error:
        return text(400, str(error), error.code)
    return await _discreet(context, noted, wanted, password)


async def _discreet(
    context: AppContext, noted: RequestLog, wanted: _Wanted, password: Password | None
) -> Response:
    """Return the profile; if the domain is not served, show and log nothing of the address.

    The address may be a password in the wrong field.
    """
    try:
        return await _profile(context, noted, wanted, password)
    except (DomainMoved, UserDeclined) as error:
        noted.domain, noted.address = wanted.address.domain.ascii, wanted.address
        return text(404, str(error), error.code)
    except DomainNotServed as error:
        return text(404, "emailaddress: its domain is not served here", error.code)


async def _profile(
    context: AppContext, noted: RequestLog, wanted: _Wanted, password: Password | None
) -> Response:
    """Return the profile. The address is logged only after its domain is known to be served.

    Raises:
        DomainNotServed: its domain is not served.
    """
    address = wanted.address
    config = (await context.lookup.for_address(address)).named(wanted.name)
    noted.domain, noted.address = address.domain.ascii, address
    try:
        body = mobileconfig.render(config, context.profiles, password, wanted.aliases)
    except NoUsableService as error:
        return text(404, str(error), error.code)
    if context.signer is not None:
        body = await context.signer.sign(body, config.provider, keep=password is None)
    # RFC 6266 s4: the name is made of a domain, so it is ASCII and needs no escapes.
    disposition = f'attachment; filename="{mobileconfig.file_name(config)}"'
    return Response(200, mobileconfig.CONTENT_TYPE, body, (("content-disposition", disposition),))


def given_address(fields: Fields) -> str:
    """Return the address of the requested profile; an empty text if there is none.

    The name of the parameter is `emailaddress`, `email` (Monogramm, smartlyway, Tiliq), or, with
    other addresses of the mailbox after a comma, `addresses` (mox).
    """
    return (_main_address(fields) or fields.get(ADDRESSES, "").partition(",")[0]).strip()


def _main_address(fields: Fields) -> str:
    return fields.get("emailaddress") or fields.get("email", "")


def _other_addresses(fields: Fields) -> str:
    return "" if _main_address(fields) else fields.get(ADDRESSES, "").partition(",")[2]


def _aliases(given: Sequence[str], address: EmailAddress) -> tuple[EmailAddress, ...]:
    """Parse the other addresses of the mailbox. They are only text: no directory is asked.

    One field may have several: one a line, as the page's form sends them, or separated by commas.

    Raises:
        RequestError: one of them is not an address, or there are too many.
    """
    divided = (
        one
        for field in given
        for one in (field.splitlines() if '"' in field else _LINE_OR_COMMA.split(field))
    )
    present = (one for one in divided if one.strip())
    try:
        return aliases_of(address, [EmailAddress.parse(one) for one in present])
    except AddressError as error:
        raise RequestError(f"alias: {error}") from error


def _password(given: str) -> Password | None:
    """Return the password, if there is one.

    Raises:
        RequestError: it is too long or has a character that no document can contain.
    """
    if len(given) > PASSWORD_MAX_CHARS:
        raise RequestError(f"password: longer than {PASSWORD_MAX_CHARS} characters")
    if any(is_never_text(char) for char in given):
        raise RequestError("password: contains a control character")
    return Password(given) if given else None


def _display_name(name: str) -> str:
    """Check the user's own name.

    Raises:
        RequestError: it is too long or has a character that no document can contain.
    """
    stripped = name.strip()
    if len(stripped) > NAME_MAX_CHARS:
        raise RequestError(f"name: longer than {NAME_MAX_CHARS} characters")
    if any(is_never_text(char) for char in stripped):
        raise RequestError("name: contains a control character")
    return stripped
