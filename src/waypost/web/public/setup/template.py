"""The pages of setup links and of signing in: their language, their brand and their header fields.

Look, texts and brand are those of the setup page, in `page/`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, urlencode

from waypost.core.address import DomainName
from waypost.core.errors import RequestError
from waypost.setup_links.link import LinkTarget
from waypost.web.app_context import AppContext, PageLanguage
from waypost.web.public.page import document
from waypost.web.public.page.brand import Brand, brand_of_domain, brand_of_host
from waypost.web.public.page.devices import Device, device_of
from waypost.web.public.page.languages import accepted_tag, matching_tag
from waypost.web.public.request import Request
from waypost.web.public.response import HTML, NO_STORE, Response

PRIVATE_HEADERS: Final = (
    NO_STORE,
    ("referrer-policy", "no-referrer"),
    ("x-robots-tag", "noindex"),
)
FRAGMENT_MAX_CHARS: Final = 1000
"""A longer token is not repeated for each language."""
_VALUES: Final = (
    *("person", "token", "until", "is_reusable", "has_password"),
    *("login", "password", "problem", "provider", "start_url", "key", "retry"),
    *("takes_password", "other_account_url"),
    *("guide", "guides", "services", "has_dav", "link"),
)


@dataclass(frozen=True, slots=True)
class SetupPage:
    """The page in the language of a person.

    Attributes:
        language: the texts.
        names: pairs of a language tag and its name in this language.
        chosen: the language that the person chose by a link; None if the browser prefers it.
        mount: the path of the mount in URLs.
        device: of the browser, or None if it is not known.
        path: of the links to other languages.
        fragment: of these links; empty if there is none.
        brand: of the provider whose domain the host name has, or None.
    """

    language: PageLanguage
    names: tuple[tuple[str, str], ...]
    chosen: str | None
    mount: str
    device: Device | None
    path: str
    fragment: str = ""
    brand: Brand | None = None

    async def of_domain(self, context: AppContext, domain: DomainName) -> "SetupPage":
        """Return the page with the brand of a domain's provider."""
        brand = await brand_of_domain(context, domain, self.language.tag)
        return replace(self, brand=brand or self.brand)

    def with_token(self, token: str) -> "SetupPage":
        """Return the page whose links to other languages have the token of a setup link."""
        return replace(self, fragment=token if len(token) <= FRAGMENT_MAX_CHARS else "")

    def query(self, **more: str) -> str:
        """Return the query that keeps the chosen language, with more parameters; empty if none."""
        parameters = more if self.chosen is None else {**more, "lang": self.chosen}
        return f"?{urlencode(parameters)}" if parameters else ""

    def render(
        self,
        status: int,
        code: str,
        *,
        state: str,
        target: LinkTarget | None = None,
        has_menu: bool = True,
        **values: object,
    ) -> Response:
        """Render the page.

        Args:
            status: of HTTP.
            code: for the log.
            state: `open`, `link`, `password`, `settings`, `sign_in`, `signed_in` or `problem`.
            target: the person; None on pages that do not name one.
            has_menu: whether the page has links to other languages.
            values: for the template.
        """
        address = None if target is None else str(target.address)
        body, design = document.render_setup(
            None if self.brand is None else self.brand.color,
            {
                **dict.fromkeys(_VALUES),
                **values,
                "state": state,
                "target": target,
                "address": address,
                "page_url": None if address is None else self._page_url(address),
                "takes_profile": self.device is None or self.device.takes_profile,
                "tag": self.language.tag,
                "direction": self.language.direction,
                "t": self.language.texts,
                "mount": self.mount,
                "brand": self.brand,
                "language_query": self.query(),
                "menu": self._menu() if has_menu else (),
            },
        )
        headers = (
            *PRIVATE_HEADERS,
            *design.headers,
            ("content-language", self.language.tag),  # RFC 9110 s8.5
        )
        return Response(status, HTML, body, headers, code)

    def problem(
        self,
        status: int,
        code: str,
        problem: str,
        retry: str | None = None,
        other_account_url: str | None = None,
    ) -> Response:
        """Render a page that says why there are no settings.

        Args:
            status: of HTTP.
            code: for the log.
            problem: the key of the text.
            retry: the path where the person can begin again; None without a link.
            other_account_url: where the person can choose another account; None without a link.
        """
        return self.render(
            status,
            code,
            state="problem",
            problem=self.language.texts[problem],
            retry=None if retry is None else f"{self.mount}{retry}{self.query()}",
            other_account_url=other_account_url,
        )

    def _page_url(self, address: str) -> str:
        """Return the URL of the setup page for an address."""
        return f"{self.mount}/{self.query(emailaddress=address)}"

    def _menu(self) -> tuple[tuple[str, str, str], ...]:
        end = f"#{quote(self.fragment)}" if self.fragment else ""
        return tuple(
            (tag, name, f"{self.mount}{self.path}?{urlencode({'lang': tag})}{end}")
            for tag, name in self.names
        )


async def page_of(
    context: AppContext, request: Request, path: str, chosen: str | None = None
) -> SetupPage:
    """Return the page with the brand of the host name.

    It is in the language of the query (`lang`), or in the one that the browser prefers.

    Args:
        context: the parts of the listener.
        request: the request.
        path: of the links to other languages.
        chosen: a language that the person chose before; the query comes first.
    """
    languages = await context.load_languages()
    tag = matching_tag(query_of(request).get("lang", chosen or ""), languages.tags)
    language = languages.language(tag or accepted_tag(request, languages.tags))
    names = tuple((one, languages.language(one).texts["name"]) for one in languages.tags)
    brand = await brand_of_host(context, request, language.tag)
    device = device_of(request.header(b"user-agent"))
    return SetupPage(language, names, tag, request.mount.url_path, device, path, brand=brand)


def query_of(request: Request) -> Mapping[str, str]:
    """Return the parameters of a request; none if they cannot be read, which is no error here."""
    try:
        return request.query()
    except RequestError:
        return {}
