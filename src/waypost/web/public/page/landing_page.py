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
from waypost.web.app_context import AppContext, RequestLog
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
    ("referrer-policy", "no-referrer"),
    ("cache-control", "private, no-cache"),
)

# The services that users enter by hand. The texts have a name for each of them.
BY_HAND: Final = (
    *(ServiceType.IMAP, ServiceType.POP3, ServiceType.SMTP),
    *(ServiceType.CALDAV, ServiceType.CARDDAV, ServiceType.ACTIVESYNC, ServiceType.LDAP),
)
_OPTIONAL: Final = (
    *("given", "problem", "rule", "address", "link", "by_hand", "qr_code", "takes_passwords"),
    "place",
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
                "names": [(tag, languages.texts(tag)["name"]) for tag in languages.known()],
            }
        )
        headers = (
            *SECURITY_HEADERS,
            ("content-language", self.tag),  # RFC 9110 s8.5
            ("vary", "accept-language"),  # RFC 9110 s12.5.5
        )
        return Response(status, HTML, body.encode(), headers, code)


@dataclass(frozen=True, slots=True)
class _ByHand:
    """One service, to enter by hand.

    Attributes:
        type: the key of its text in `services`.
        fields: key of a text in `fields`, and value.
    """

    type: str
    fields: tuple[tuple[str, str], ...]


def form(request: Request, place: str) -> Response:
    """Return the form alone, for another URL than that of the page, such as the one of a profile.

    Raises:
        RequestError: the query cannot be read.
    """
    wanted = languages.named(request.query().get("lang", ""), languages.known())
    preferred = languages.accepted(_accept_language(request), languages.known())
    language = _Language(wanted or preferred, request.mount.url_path, chosen=wanted is not None)
    return language.page(200, "ok", place=place)


async def get(context: AppContext, request: Request, noted: RequestLog) -> Response:
    """Show the form; with `emailaddress`, also that address's settings and links.

    The page is in the language of `lang`, or in the one that Accept-Language prefers.
    """
    mount = request.mount.url_path
    language = _Language(languages.accepted(_accept_language(request), languages.known()), mount)
    given = ""
    try:
        query = request.query()
        chosen = languages.named(query.get("lang", ""), languages.known())
        if chosen is not None:
            language = _Language(chosen, mount, chosen=True)
        given = query.get("emailaddress", "").strip()
        if not given:
            return language.page(200, "ok")
        address = EmailAddress.parse_query(given)
    except (AddressError, RequestError) as error:
        return _not_understood(language, error, given)
    noted.domain, noted.address = address.domain.ascii, address
    try:
        config = await context.lookup.for_address(address)
    except DomainNotServed as error:
        return _not_served(language, error, address)
    unprotected = str(languages.texts(language.tag)["unprotected"])
    by_hand = [_by_hand(one, unprotected) for one in config.services if one.type in BY_HAND]
    link = urlencode({"emailaddress": str(address)})
    return language.page(
        200,
        "ok",
        given=given,
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
    return await context.draw_code(f"{context.public_url}{mount}{mobileconfig.PATH}?{query}")


def _not_understood(
    language: _Language, error: AddressError | RequestError, given: str
) -> Response:
    """Show in the user's language what is wrong, and in English the rule that was broken."""
    kind = "bad_address" if isinstance(error, AddressError) else "bad_request"
    problem = languages.texts(language.tag)["problems"][kind]
    return language.page(400, error.code, given=given, problem=problem, rule=str(error))


def _not_served(language: _Language, error: DomainNotServed, address: EmailAddress) -> Response:
    """Show that there are no settings here, or the new place of the domain's mail."""
    problems = languages.texts(language.tag)["problems"]
    if isinstance(error, UserDeclined):
        problem = problems["not_known"]
    elif isinstance(error, DomainMoved):
        place = error.url or error.address_domain
        problem = problems["moved"].format(domain=address.domain, place=place)
    else:
        problem = problems["not_served"].format(domain=address.domain)
    return language.page(404, error.code, given=str(address), problem=problem)


def _accept_language(request: Request) -> str:
    values = (value for name, value in request.headers if name == b"accept-language")
    return b",".join(values).decode("latin-1")


def _by_hand(service: Service, unprotected: str) -> _ByHand:
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
    return _ByHand(service.type.value, fields)


@cache
def _template() -> "jinja2.Template":
    """Load the template once; it escapes every value."""
    import jinja2  # noqa: PLC0415 -- only for the page

    source = resources.files(__package__).joinpath("templates/landing_page.html").read_text("utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(source)
