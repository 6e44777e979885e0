"""The setup page for users: a form for an address, and what the user's device needs.

The first device is the one of the browser, or the one of a link (`?device=`). languages.py has the
texts, devices.py the steps, brand.py what a provider adds, and document.py the HTML.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from waypost.core.address import EmailAddress
from waypost.core.errors import (
    AddressError,
    DomainMoved,
    DomainNotServed,
    RequestError,
    UserDeclined,
)
from waypost.core.model import ClientConfig
from waypost.formats import thunderbird_qr
from waypost.web.app_context import AccessLogEntry, AppContext, PageLanguage, PageLanguages
from waypost.web.public.handlers import mobileconfig
from waypost.web.public.page import document
from waypost.web.public.page.brand import Brand, brand_of, brand_of_host
from waypost.web.public.page.devices import GUIDES, Device, chosen_device, device_of, guide_for
from waypost.web.public.page.languages import accepted_tag, matching_tag
from waypost.web.public.page.services import has_dav, list_services
from waypost.web.public.request import Request
from waypost.web.public.response import HTML, Response

AUTOCONFIG_PATH: Final = "/mail/config-v1.1.xml"
# What only a page with settings, or with a problem, has.
_OPTIONAL: Final = (
    *("entered", "problem", "rule", "address", "link", "services", "qr_apple", "qr_android"),
    *("has_dav", "takes_passwords"),
)


@dataclass(frozen=True, slots=True)
class _View:
    """How the page is shown.

    Attributes:
        mount: the path of the mount in URLs, which all links begin with.
        names: pairs of a language tag and its name in this language.
        device: the first one, or None if it is not known.
        kept: the parameters that the user chose by links, `lang` and `device`, which stay.
        form_path: where the form is sent to.
    """

    mount: str
    language: PageLanguage
    names: tuple[tuple[str, str], ...]
    device: Device | None
    kept: Mapping[str, str]
    form_path: str = "/"

    def page(self, status: int, code: str, brand: Brand | None, **values: object) -> Response:
        """Render the page. Parts without a value are left out."""
        body, design = document.render(
            None if brand is None else brand.color,
            {
                **dict.fromkeys(_OPTIONAL),
                **values,
                "tag": self.language.tag,
                "direction": self.language.direction,
                "t": self.language.texts,
                "names": self.names,
                "mount": self.mount,
                "form_path": self.form_path,
                "autoconfig_path": AUTOCONFIG_PATH,
                "brand": brand,
                "guide": None if self.device is None else guide_for(self.device),
                "guides": GUIDES,
                "is_phone": self.device is not None and self.device.is_phone,
                "kept": self.kept,
                "page_url": self._url,
            },
        )
        headers = (
            *design.headers,
            ("referrer-policy", "no-referrer"),
            ("cache-control", "private, no-cache"),
            ("content-language", self.language.tag),  # RFC 9110 s8.5
            ("vary", "accept-language, user-agent"),  # RFC 9110 s12.5.5
        )
        return Response(status, HTML, body, headers, code)

    def _url(self, address: str | None, **changed: str) -> str:
        """Return a URL of the page with the same choices, except those that change."""
        parameters = {**self.kept, **changed}
        if address:
            parameters["emailaddress"] = address
        query = urlencode(parameters)
        return f"{self.mount}{self.form_path}{'?' if query else ''}{query}"


async def form(context: AppContext, request: Request, form_path: str) -> Response:
    """Return the form alone, for another URL than that of the page, such as the one of a profile.

    Raises:
        RequestError: the query cannot be read.
    """
    view = _view(await context.load_languages(), request, request.query(), form_path)
    return view.page(200, "ok", await brand_of_host(context, request, view.language.tag))


async def get(context: AppContext, request: Request, log_entry: AccessLogEntry) -> Response:
    """Show the form; with `emailaddress`, also what that address needs.

    The page is in the language of `lang`, or in the one that Accept-Language prefers. The first
    device is the one of `device`, or the one of User-Agent.
    """
    languages = await context.load_languages()
    view = _view(languages, request, {})
    entered = ""
    try:
        query = request.query()
        view = _view(languages, request, query)
        entered = query.get("emailaddress", "").strip()
        if not entered:
            return view.page(200, "ok", await brand_of_host(context, request, view.language.tag))
        address = EmailAddress.parse_query(entered)
    except (AddressError, RequestError) as error:
        brand = await brand_of_host(context, request, view.language.tag)
        return _invalid_request_page(view, brand, error, entered)
    log_entry.domain, log_entry.address = address.domain.ascii, address
    try:
        config = await context.lookup.for_address(address)
    except DomainNotServed as error:
        brand = await brand_of_host(context, request, view.language.tag)
        return _not_served_page(view, brand, error, address)
    link = urlencode({"emailaddress": str(address)})
    return view.page(
        200,
        "ok",
        brand_of(config, view.language.tag),
        entered=entered,
        address=str(address),
        link=link,
        services=list_services(config, view.language.texts["unprotected"]),
        has_dav=has_dav(config),
        takes_passwords=context.takes_passwords and request.origin.scheme == "https",
        **await _qr_codes(context, view, config, link),
    )


def _view(
    languages: PageLanguages, request: Request, query: Mapping[str, str], form_path: str = "/"
) -> _View:
    """Return the language and the device of a request."""
    tags, kept = languages.tags, {}
    tag = matching_tag(query.get("lang", ""), tags)
    if tag is not None:
        kept["lang"] = tag
    device = chosen_device(query.get("device", ""))
    if device is not None:
        kept["device"] = device.value
    language = languages.language(tag or accepted_tag(request, tags))
    return _View(
        mount=request.mount.url_path,
        language=language,
        names=tuple((one, languages.language(one).texts["name"]) for one in tags),
        device=device or device_of(request.header(b"user-agent")),
        kept=kept,
        form_path=form_path,
    )


async def _qr_codes(
    context: AppContext, view: _View, config: ClientConfig, link: str
) -> dict[str, str | None]:
    """Draw the codes for phones: the URL of the profile, and the settings for Thunderbird.

    A phone cannot read a code from its own screen, so it gets none. The URL of the profile is
    known only if the configuration has the public URL.
    """
    if view.device is not None and view.device.is_phone:
        return {}
    codes: dict[str, str | None] = {}
    if context.public_url is not None:
        url = f"{context.public_url}{view.mount}{mobileconfig.PATH}?{link}"
        codes["qr_apple"] = await context.draw_qr_code(url)
    if (text := thunderbird_qr.qr_text(config)) is not None:
        codes["qr_android"] = await context.draw_qr_code(text)
    return codes


def _invalid_request_page(
    view: _View, brand: Brand | None, error: AddressError | RequestError, entered: str
) -> Response:
    """Show in the user's language what is wrong, and in English the rule that was broken."""
    kind = "bad_address" if isinstance(error, AddressError) else "bad_request"
    problem = view.language.texts[kind]
    return view.page(400, error.code, brand, entered=entered, problem=problem, rule=str(error))


def _not_served_page(
    view: _View, brand: Brand | None, error: DomainNotServed, address: EmailAddress
) -> Response:
    """Show that there are no settings here, or the new place of the domain's mail."""
    texts = view.language.texts
    if isinstance(error, UserDeclined):
        problem = texts["not_known"]
    elif isinstance(error, DomainMoved):
        place = error.url or error.address_domain
        problem = texts["moved"].format(domain=address.domain, place=place)
    else:
        problem = texts["not_served"].format(domain=address.domain)
    return view.page(404, error.code, brand, entered=str(address), problem=problem)
