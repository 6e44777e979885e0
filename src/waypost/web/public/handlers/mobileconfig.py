"""Apple configuration profiles over HTTP.

A password is accepted only if the operator permits it, only in the body of a POST and only over
https. The password is only in the reply: never in another text, a log line or a metric. The signer
does not keep a document with a password.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from waypost.core.address import EmailAddress
from waypost.core.document_template import RenderedDocument
from waypost.core.errors import (
    AddressError,
    DomainMoved,
    DomainNotServed,
    DomainUnknown,
    NoUsableService,
    RequestError,
    RequestTooLarge,
    UserDeclined,
)
from waypost.core.model import Provider
from waypost.core.text_rules import is_never_text
from waypost.formats.mobileconfig import profile as mobileconfig
from waypost.formats.mobileconfig.aliases import aliases_of
from waypost.formats.mobileconfig.profile import Password
from waypost.web.app_context import AccessLogEntry, AppContext, Signing
from waypost.web.public.hosts import https_base, mail_domain
from waypost.web.public.origin.schemes import https_url
from waypost.web.public.request import Fields, Request
from waypost.web.public.response import (
    Response,
    document,
    redirect,
    signed_document,
    text,
    unknown_domain,
)

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
class _ProfileRequest:
    """The user of the profile: the main address, the name, and the other addresses."""

    address: EmailAddress
    name: str
    aliases: tuple[EmailAddress, ...]


async def get(context: AppContext, request: Request, log_entry: AccessLogEntry) -> Response:
    """Answer GET with `emailaddress`, `alias` and `name`. A `password` is not read at all.

    If a trusted proxy says that the request came by plain http, no profile is sent: an attacker on
    the network path could put other servers into it. If no trusted proxy says so, or if something
    else says https, the scheme is not known, and the profile is sent.
    """
    try:
        query = request.query()
        if (refusal := await response_on_plain_http(context, request, query)) is not None:
            return refusal
        # A link may have the address unencoded; the page's form sends it encoded.
        fields = request.query(raw_plus=True)
        address = EmailAddress.parse_query(requested_address(fields))
        aliases = _aliases([*query.get_all("alias"), _other_addresses(fields)], address)
        profile_request = _ProfileRequest(address, _display_name(query.get("name", "")), aliases)
        log_entry.domain, log_entry.address = address.domain.ascii, address
    except AddressError as error:
        return text(400, f"emailaddress: {error}", error.code)
    except RequestError as error:
        return text(400, str(error), error.code)
    try:
        response = await _profile(context, log_entry, profile_request, None)
    except DomainUnknown as error:
        response = unknown_domain(address.domain, error)
    except DomainNotServed as error:
        response = text(404, str(error), error.code)
    return response.plus(("cache-control", "private, no-cache"))


async def response_on_plain_http(
    context: AppContext, request: Request, query: Fields
) -> Response | None:
    """Return the answer to a request that is known to come by plain http; None for all others.

    The client is redirected to the same URL on https, or refused if the host of that URL is not
    known. A request with a password is refused as well, so that the password is not sent again.
    """
    if not (request.origin.is_scheme_from_proxy and context.scheme_check.is_plain_http(request)):
        return None
    base = None if "password" in query else await _https_base_of_served_domain(context, request)
    if base is None:
        return text(403, NEEDS_HTTPS, "needs_https")
    return redirect(https_url(base, request))


async def _https_base_of_served_domain(context: AppContext, request: Request) -> str | None:
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


async def post(context: AppContext, request: Request, log_entry: AccessLogEntry) -> Response:
    """Answer a form with these fields and `password`; the query is not read at all."""
    response = await _post_response(context, request, log_entry)
    return response.plus(_NO_STORE)


async def _post_response(
    context: AppContext, request: Request, log_entry: AccessLogEntry
) -> Response:
    if not context.takes_passwords:
        line = "passwords are not accepted here; use GET with emailaddress and name"
        return text(405, line, "method_not_allowed").plus(("allow", "GET, HEAD"))
    if request.origin.scheme != "https":
        context.scheme_check.is_plain_http(request)  # logs a warning if something else says https
        return text(403, "a password is accepted over https only; none was read", "needs_https")
    try:
        form = await request.form(FORM_MAX_BYTES)
        address = EmailAddress.parse(form.get("emailaddress", ""))
        aliases = _aliases(form.get_all("alias"), address)
        profile_request = _ProfileRequest(address, _display_name(form.get("name", "")), aliases)
        password = _password(form.get("password", ""))
    except AddressError as error:
        # The answer must not repeat what was typed into the wrong field.
        return text(400, "emailaddress: is not an email address", error.code)
    except RequestTooLarge as error:
        return text(413, str(error), error.code)
    except RequestError as error:
        return text(400, str(error), error.code)
    return await _profile_hiding_address(context, log_entry, profile_request, password)


async def _profile_hiding_address(
    context: AppContext,
    log_entry: AccessLogEntry,
    profile_request: _ProfileRequest,
    password: Password | None,
) -> Response:
    """Return the profile; if the domain is not served, show and log nothing of the address.

    The address may be a password in the wrong field.
    """
    try:
        return await _profile(context, log_entry, profile_request, password)
    except (DomainMoved, UserDeclined) as error:
        log_entry.domain, log_entry.address = (
            profile_request.address.domain.ascii,
            profile_request.address,
        )
        return text(404, str(error), error.code)
    except DomainNotServed as error:
        return text(404, "emailaddress: its domain is not served here", error.code)


async def _profile(
    context: AppContext,
    log_entry: AccessLogEntry,
    profile_request: _ProfileRequest,
    password: Password | None,
) -> Response:
    """Return the profile. The address is logged only after its domain is known to be served.

    Raises:
        DomainNotServed: its domain is not served.
    """
    address, profiles = profile_request.address, context.profiles
    result = await context.lookup.find_by_address(address)
    log_entry.domain, log_entry.address = address.domain.ascii, address
    is_for_all = not (profile_request.name or profile_request.aliases or password is not None)
    try:
        if is_for_all:
            rendered = context.documents.render(
                mobileconfig.render, result, profiles, template=mobileconfig.template
            )
        else:
            config = result.config().with_display_name(profile_request.name)
            body = mobileconfig.render(config, profiles, password, profile_request.aliases)
            rendered = RenderedDocument.of(body)
    except NoUsableService as error:
        return text(404, str(error), error.code)
    # RFC 6266 s4: the name is made of a domain, so it is ASCII and needs no escapes.
    disposition = f'attachment; filename="{mobileconfig.file_name(result.domain)}"'
    headers = (("content-disposition", disposition),)
    response = document(mobileconfig.CONTENT_TYPE, rendered, result.entry, *headers)
    if context.signer is None:
        return response
    provider = result.entry.provider
    signed = await context.signer.sign(rendered.body, provider, may_cache=password is None)
    return signed_document(response, signed, partial(_sign, context.signer, provider))


def _sign(signer: Signing, provider: Provider, profile: bytes) -> bytes | None:
    return signer.sign_at_once(profile, provider)


def requested_address(fields: Fields) -> str:
    """Return the address of the requested profile; an empty text if there is none.

    The name of the parameter is `emailaddress`, `email` (Monogramm, smartlyway, Tiliq), or, with
    other addresses of the mailbox after a comma, `addresses` (mox).
    """
    return (_main_address(fields) or fields.get(ADDRESSES, "").partition(",")[0]).strip()


def _main_address(fields: Fields) -> str:
    return fields.get("emailaddress") or fields.get("email", "")


def _other_addresses(fields: Fields) -> str:
    return "" if _main_address(fields) else fields.get(ADDRESSES, "").partition(",")[2]


def _aliases(values: Sequence[str], address: EmailAddress) -> tuple[EmailAddress, ...]:
    """Parse the other addresses of the mailbox. They are only text: no directory is asked.

    One field may have several: one a line, as the page's form sends them, or separated by commas.

    Raises:
        RequestError: one of them is not an address, or there are too many.
    """
    parts = (
        part
        for value in values
        for part in (value.splitlines() if '"' in value else _LINE_OR_COMMA.split(value))
    )
    addresses = (part for part in parts if part.strip())
    try:
        return aliases_of(address, [EmailAddress.parse(part) for part in addresses])
    except AddressError as error:
        raise RequestError(f"alias: {error}") from error


def _password(text: str) -> Password | None:
    """Return the password, if there is one.

    Raises:
        RequestError: it is too long or has a character that no document can contain.
    """
    if len(text) > PASSWORD_MAX_CHARS:
        raise RequestError(f"password: longer than {PASSWORD_MAX_CHARS} characters")
    if any(is_never_text(char) for char in text):
        raise RequestError("password: contains a control character")
    return Password(text) if text else None


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
