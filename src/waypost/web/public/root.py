"""The page for people: what this is, and a form for an address. Works without JavaScript."""

from functools import cache
from importlib import resources
from typing import Final
from urllib.parse import urlencode

import jinja2

from waypost.address import EmailAddress
from waypost.errors import AddressError, DomainNotServed, RequestError
from waypost.model import HostEndpoint, Security, Service, ServiceType
from waypost.web.public.context import Context, Noted
from waypost.web.public.reply import HTML, Reply
from waypost.web.public.request import Request

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

_NAMES: Final = {
    ServiceType.IMAP: "Receive mail (IMAP)",
    ServiceType.POP3: "Receive mail (POP3)",
    ServiceType.SMTP: "Send mail (SMTP)",
    ServiceType.CALDAV: "Calendar (CalDAV)",
    ServiceType.CARDDAV: "Address book (CardDAV)",
    ServiceType.ACTIVESYNC: "Exchange ActiveSync",
    ServiceType.LDAP: "Address book (LDAP)",
}
_PROTECTION: Final = {
    Security.TLS: "SSL/TLS",
    Security.STARTTLS: "STARTTLS",
    Security.NONE: "none",
}


async def get(context: Context, request: Request, noted: Noted) -> Reply:
    """Show the form; with `emailaddress`, also that address's settings and the links to them."""
    given = ""
    try:
        given = request.query().get("emailaddress", "").strip()
        if not given:
            return _page(200, "ok")
        address = EmailAddress.parse_query(given)
    except (AddressError, RequestError) as error:
        return _page(400, error.code, given=given, problem=str(error))
    noted.domain, noted.address = address.domain.ascii, address
    try:
        config = await context.lookup.for_address(address)
    except DomainNotServed as error:
        return _page(404, error.code, given=given, problem=str(error))
    query = urlencode({"emailaddress": str(address)})
    shown: dict[str, object] = {"given": given, "address": str(address), "query": query}
    shown["lines"] = [line for service in config.services if (line := _line(service)) is not None]
    if context.takes_passwords and request.origin.scheme == "https":
        shown["takes_passwords"] = "yes"
    return _page(200, "ok", **shown)


def _line(service: Service) -> tuple[str, ...] | None:
    """Give what a user types in by hand: what for, place, port, protection and login name.

    Returns:
        None where that is not done by hand.
    """
    name = _NAMES.get(service.type)
    if name is None:
        return None
    endpoint, login = service.endpoint, service.login_name or ""
    if isinstance(endpoint, HostEndpoint):
        return name, endpoint.host, str(endpoint.port), _PROTECTION[endpoint.security], login
    return name, endpoint.url, "", "", login


def _page(status: int, code: str, **values: object) -> Reply:
    body = _template().render(**values).encode()
    return Reply(status, HTML, body, SECURITY_HEADERS, code)


@cache
def _template() -> jinja2.Template:
    """Read the page once, and escape every value that goes into it."""
    source = resources.files(__package__).joinpath("templates/root.html").read_text("utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.ChainableUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(source)
