"""Apple configuration profiles over HTTP.

A password is taken only where the operator permits it, only in the body of a POST and only over
https. It goes into the reply and nowhere else: no text, log line or metric is made of it, and the
signer does not keep what holds it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from waypost.address import EmailAddress
from waypost.characters import is_never_text
from waypost.errors import (
    AddressError,
    DomainMoved,
    DomainNotServed,
    NoUsableService,
    RequestError,
    RequestTooLarge,
    UserDeclined,
)
from waypost.formats import mobileconfig
from waypost.formats.mobileconfig import Password
from waypost.formats.profile_addresses import aliases_of
from waypost.web.public.context import Context, Noted
from waypost.web.public.hosts import https_base, mail_domain
from waypost.web.public.reply import Reply, redirect, text
from waypost.web.public.request import Fields, Request
from waypost.web.public.schemes import https_url

PATH: Final = "/mobileconfig"
ADDRESSES: Final = "addresses"
NAME_MAX_CHARS: Final = 128
PASSWORD_MAX_CHARS: Final = 256
FORM_MAX_BYTES: Final = 8192
_LINE_OR_COMMA: Final = re.compile(r"[\r\n,]+")
NEEDS_HTTPS: Final = (
    "a profile is given over https only: ask again with https:// before the host. "
    "If you did, the web server in front of Waypost sends a wrong X-Forwarded-Proto"
)
_NO_STORE: Final = ("cache-control", "no-store")  # RFC 9111 s5.2.2.5


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Whose profile it shall be: the main address, the user's name, and her other addresses."""

    address: EmailAddress
    name: str
    aliases: tuple[EmailAddress, ...]


async def get(context: Context, request: Request, noted: Noted) -> Reply:
    """Answer GET with `emailaddress`, `alias` and `name`. A `password` is not read at all.

    If a trusted proxy says that the request came by plain http, no profile goes out: whoever is on
    the way could put other servers into it. If it does not say so, or if something else says https,
    the scheme is not known, and the profile goes out.
    """
    try:
        query = request.query()
        if (refusal := await on_plain_http(context, request, query)) is not None:
            return refusal
        # A link may hold the address as it is; the page's form sends it encoded.
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


async def on_plain_http(context: Context, request: Request, query: Fields) -> Reply | None:
    """Return what a client gets that asks for a profile by plain http; None if it is not known to.

    It is redirected to the same URL on https, or refused if the host of that is not known. What
    came with a password is refused as well, so that the password is not sent again.
    """
    if not (request.origin.scheme_is_told and context.schemes.is_plain_http(request)):
        return None
    base = None if "password" in query else await _served_base(context, request)
    if base is None:
        return text(403, NEEDS_HTTPS, "needs_https")
    return redirect(https_url(base, request))


async def _served_base(context: Context, request: Request) -> str | None:
    """Return scheme and host of the same URL on https, if the host is known to be here."""
    if context.public_url is None:
        domain = await mail_domain(context, request)
        if domain is None:
            return None
        try:
            await context.lookup.for_domain(domain)
        except DomainNotServed:
            return None
    return https_base(context, request)


async def post(context: Context, request: Request, noted: Noted) -> Reply:
    """Answer a form with these and `password`; the query is not read at all."""
    reply = await _posted(context, request, noted)
    return reply.plus(_NO_STORE)


async def _posted(context: Context, request: Request, noted: Noted) -> Reply:
    if not context.takes_passwords:
        line = "passwords are not taken here; ask by GET with emailaddress and name"
        return text(405, line, "method_not_allowed").plus(("allow", "GET, HEAD"))
    if request.origin.scheme != "https":
        context.schemes.is_plain_http(request)  # It warns if something else says https.
        return text(403, "a password is taken over https only; none was read", "needs_https")
    try:
        form = await request.form(FORM_MAX_BYTES)
        address = EmailAddress.parse(form.get("emailaddress", ""))
        aliases = _aliases(form.every("alias"), address)
        wanted = _Wanted(address, _display_name(form.get("name", "")), aliases)
        password = _password(form.get("password", ""))
    except AddressError as error:
        # What was typed into the wrong field shall not come back.
        return text(400, "emailaddress: is no email address", error.code)
    except RequestTooLarge as error:
        return text(413, str(error), error.code)
    except RequestError as error:
        return text(400, str(error), error.code)
    return await _discreet(context, noted, wanted, password)


async def _discreet(
    context: Context, noted: Noted, wanted: _Wanted, password: Password | None
) -> Reply:
    """Return the profile; of an address whose domain is not served nothing is said or logged.

    It may be a password in the wrong field.
    """
    try:
        return await _profile(context, noted, wanted, password)
    except (DomainMoved, UserDeclined) as error:
        noted.domain, noted.address = wanted.address.domain.ascii, wanted.address
        return text(404, str(error), error.code)
    except DomainNotServed as error:
        return text(404, "emailaddress: its domain is not served here", error.code)


async def _profile(
    context: Context, noted: Noted, wanted: _Wanted, password: Password | None
) -> Reply:
    """Return the profile. What was asked for is logged once it is known that it is served.

    Raises:
        DomainNotServed: it is not.
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
    return Reply(200, mobileconfig.CONTENT_TYPE, body, (("content-disposition", disposition),))


def given_address(fields: Fields) -> str:
    """Return the address whose profile is asked for; an empty text if there is none.

    The name of the parameter is `emailaddress`, `email` (Monogramm, smartlyway, Tiliq), or, with
    other addresses of the mailbox behind a comma, `addresses` (mox).
    """
    return (_main_address(fields) or fields.get(ADDRESSES, "").partition(",")[0]).strip()


def _main_address(fields: Fields) -> str:
    return fields.get("emailaddress") or fields.get("email", "")


def _other_addresses(fields: Fields) -> str:
    return "" if _main_address(fields) else fields.get(ADDRESSES, "").partition(",")[2]


def _aliases(given: Sequence[str], address: EmailAddress) -> tuple[EmailAddress, ...]:
    """Read the other addresses of the mailbox. They are text: nobody is asked about them.

    One field may hold several, in lines as the page's form sends them, or with commas in between.

    Raises:
        RequestError: one of them is no address, or there are too many.
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
    """Take a password, if there is one.

    Raises:
        RequestError: it is too long or holds a character that no document can carry.
    """
    if len(given) > PASSWORD_MAX_CHARS:
        raise RequestError(f"password: longer than {PASSWORD_MAX_CHARS} characters")
    if any(is_never_text(char) for char in given):
        raise RequestError("password: holds a control character")
    return Password(given) if given else None


def _display_name(name: str) -> str:
    """Check what a user calls herself.

    Raises:
        RequestError: it is too long or holds a character that no document can carry.
    """
    stripped = name.strip()
    if len(stripped) > NAME_MAX_CHARS:
        raise RequestError(f"name: longer than {NAME_MAX_CHARS} characters")
    if any(is_never_text(char) for char in stripped):
        raise RequestError("name: holds a control character")
    return stripped
