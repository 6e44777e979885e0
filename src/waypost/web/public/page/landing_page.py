"""The setup page for users: what this is, a form for an address, and steps for each device.

The page works without JavaScript, and loads nothing from other servers. languages.py has its texts.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from waypost.core.address import EmailAddress
from waypost.core.errors import (
    AddressError,
    DomainMoved,
    DomainNotServed,
    RequestError,
    UserDeclined,
)
from waypost.core.model import HostEndpoint, Security, Service, ServiceType
from waypost.web.app_context import AccessLogEntry, AppContext
from waypost.web.public.handlers import mobileconfig
from waypost.web.public.page import languages
from waypost.web.public.request import Request
from waypost.web.public.response import HTML, Response

if TYPE_CHECKING:
    import jinja2

SECURITY_HEADERS: Final = (
    (
        "content-security-policy",
        (
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        ),
    ),
    ("x-frame-options", "DENY"),  # for browsers without frame-ancestors, RFC 7034
    ("cross-origin-opener-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "private, no-cache"),
)

# The services that users enter by hand. The texts have a name for each of them.
BY_HAND: Final = (
    *(ServiceType.IMAP, ServiceType.POP3, ServiceType.SMTP),
    *(ServiceType.CALDAV, ServiceType.CARDDAV, ServiceType.ACTIVESYNC, ServiceType.LDAP),
)
_OPTIONAL: Final = (
    *("entered", "problem", "rule", "address", "link", "by_hand", "qr_code", "takes_passwords"),
    "form_path",
)
_PROTECTION: Final = {Security.TLS: "SSL/TLS", Security.STARTTLS: "STARTTLS"}


@dataclass(frozen=True, slots=True)
class _Language:
    """The language of the page.

    Attributes:
        mount: the path of the mount in URLs, which all links begin with.
        chosen: whether the user chose it on the page, which then keeps it.
    """

    tag: str
    mount: str
    chosen: bool = False

    def page(self, status: int, code: str, **values: object) -> Response:
        """Render the page. Parts without a value are left out."""
        body = _template().render(
            {
                **dict.fromkeys(_OPTIONAL),
                **values,
                "tag": self.tag,
                "mount": self.mount,
                "chosen": self.chosen,
                "texts": languages.texts(self.tag),
                "names": [
                    (tag, languages.texts(tag)["name"]) for tag in languages.available_tags()
                ],
            }
        )
        headers = (
            *SECURITY_HEADERS,
            ("content-language", self.tag),  # RFC 9110 s8.5
            ("vary", "accept-language"),  # RFC 9110 s12.5.5
        )
        return Response(status, HTML, body.encode(), headers, code)


@dataclass(frozen=True, slots=True)
class _ManualSettings:
    """One service, to enter by hand.

    Attributes:
        type: the key of its text in `services`.
        fields: key of a text in `fields`, and value.
    """

    type: str
    fields: tuple[tuple[str, str], ...]


def form(request: Request, form_path: str) -> Response:
    """Return the form alone, for another URL than that of the page, such as the one of a profile.

    Raises:
        RequestError: the query cannot be read.
    """
    chosen = languages.matching_tag(request.query().get("lang", ""), languages.available_tags())
    preferred = languages.preferred_tag(_accept_language(request), languages.available_tags())
    language = _Language(chosen or preferred, request.mount.url_path, chosen=chosen is not None)
    return language.page(200, "ok", form_path=form_path)


async def get(context: AppContext, request: Request, log_entry: AccessLogEntry) -> Response:
    """Show the form; with `emailaddress`, also that address's settings and links.

    The page is in the language of `lang`, or in the one that Accept-Language prefers.
    """
    mount = request.mount.url_path
    language = _Language(
        languages.preferred_tag(_accept_language(request), languages.available_tags()), mount
    )
    entered = ""
    try:
        query = request.query()
        chosen = languages.matching_tag(query.get("lang", ""), languages.available_tags())
        if chosen is not None:
            language = _Language(chosen, mount, chosen=True)
        entered = query.get("emailaddress", "").strip()
        if not entered:
            return language.page(200, "ok")
        address = EmailAddress.parse_query(entered)
    except (AddressError, RequestError) as error:
        return _invalid_request_page(language, error, entered)
    log_entry.domain, log_entry.address = address.domain.ascii, address
    try:
        config = await context.lookup.for_address(address)
    except DomainNotServed as error:
        return _not_served_page(language, error, address)
    unprotected = str(languages.texts(language.tag)["unprotected"])
    by_hand = [
        _manual_settings(service, unprotected)
        for service in config.services
        if service.type in BY_HAND
    ]
    link = urlencode({"emailaddress": str(address)})
    return language.page(
        200,
        "ok",
        entered=entered,
        address=str(address),
        link=link,
        by_hand=by_hand,
        qr_code=await _qr_code(context, mount, link),
        takes_passwords=context.takes_passwords and request.origin.scheme == "https",
    )


async def _qr_code(context: AppContext, mount: str, query: str) -> str | None:
    """Draw the URL of the profile, if the configuration has the public URL."""
    if context.public_url is None:
        return None
    return await context.draw_qr_code(f"{context.public_url}{mount}{mobileconfig.PATH}?{query}")


def _invalid_request_page(
    language: _Language, error: AddressError | RequestError, entered: str
) -> Response:
    """Show in the user's language what is wrong, and in English the rule that was broken."""
    kind = "bad_address" if isinstance(error, AddressError) else "bad_request"
    problem = languages.texts(language.tag)["problems"][kind]
    return language.page(400, error.code, entered=entered, problem=problem, rule=str(error))


def _not_served_page(
    language: _Language, error: DomainNotServed, address: EmailAddress
) -> Response:
    """Show that there are no settings here, or the new place of the domain's mail."""
    problems = languages.texts(language.tag)["problems"]
    if isinstance(error, UserDeclined):
        problem = problems["not_known"]
    elif isinstance(error, DomainMoved):
        place = error.url or error.address_domain
        problem = problems["moved"].format(domain=address.domain, place=place)
    else:
        problem = problems["not_served"].format(domain=address.domain)
    return language.page(404, error.code, entered=str(address), problem=problem)


def _accept_language(request: Request) -> str:
    values = (value for name, value in request.headers if name == b"accept-language")
    return b",".join(values).decode("latin-1")


def _manual_settings(service: Service, unprotected: str) -> _ManualSettings:
    """List what a user enters into a program, in the order of the fields in programs."""
    endpoint = service.endpoint
    fields: tuple[tuple[str, str], ...]
    if isinstance(endpoint, HostEndpoint):
        fields = (
            ("server", endpoint.host),
            ("port", str(endpoint.port)),
            ("protection", _PROTECTION.get(endpoint.security, unprotected)),
        )
    else:
        fields = (("url", endpoint.url),)
    if service.login_name:
        fields = (*fields, ("login", service.login_name))
    return _ManualSettings(service.type.value, fields)


@cache
def _template() -> "jinja2.Template":
    """Load the template once; it escapes every value."""
    import jinja2  # noqa: PLC0415 -- only for the page

    source = resources.files(__package__).joinpath("templates/landing_page.html").read_text("utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(source)
