"""The pages of setup links and of signing in: their language, their brand and their header fields.

Look, texts and brand are those of the setup page, in `page/`.
"""

from dataclasses import dataclass, replace
from typing import Final

from waypost.core.address import DomainName
from waypost.web.app_context import AppContext, PageLanguage
from waypost.web.public.page import document
from waypost.web.public.page.brand import Brand, brand_of_domain, brand_of_host
from waypost.web.public.page.languages import accepted_tag
from waypost.web.public.request import Request
from waypost.web.public.response import HTML, NO_STORE, Response

PRIVATE_HEADERS: Final = (
    NO_STORE,
    ("referrer-policy", "no-referrer"),
    ("x-robots-tag", "noindex"),
)
_VALUES: Final = (
    *("target", "person", "token", "until", "is_reusable", "has_password"),
    *("login", "password", "address", "problem"),
)


@dataclass(frozen=True, slots=True)
class SetupPage:
    """The page in the language of a person.

    Attributes:
        language: the texts.
        mount: the path of the mount in URLs.
        brand: of the provider whose domain the host name has, or None.
    """

    language: PageLanguage
    mount: str
    brand: Brand | None = None

    async def of_domain(self, context: AppContext, domain: DomainName) -> "SetupPage":
        """Return the page with the brand of a domain's provider."""
        brand = await brand_of_domain(context, domain, self.language.tag)
        return replace(self, brand=brand or self.brand)

    def render(self, status: int, code: str, *, state: str, **values: object) -> Response:
        """Render the page in a state: `open`, `link`, `password`, `sign_in` or `problem`."""
        body, design = document.render_setup(
            None if self.brand is None else self.brand.color,
            {
                **dict.fromkeys(_VALUES),
                **values,
                "state": state,
                "tag": self.language.tag,
                "direction": self.language.direction,
                "t": self.language.texts,
                "mount": self.mount,
                "brand": self.brand,
            },
        )
        headers = (
            *PRIVATE_HEADERS,
            *design.headers,
            ("content-language", self.language.tag),  # RFC 9110 s8.5
        )
        return Response(status, HTML, body, headers, code)

    def problem(self, status: int, code: str, problem: str) -> Response:
        """Render a page that says why a link cannot be used.

        Args:
            status: of HTTP.
            code: for the log.
            problem: the key of the text.
        """
        text = self.language.texts[problem]
        return self.render(status, code, state="problem", problem=text)


async def page_of(context: AppContext, request: Request) -> SetupPage:
    """Return the page in the language that a browser prefers, with the brand of the host name."""
    languages = await context.load_languages()
    language = languages.language(accepted_tag(request, languages.tags))
    brand = await brand_of_host(context, request, language.tag)
    return SetupPage(language, request.mount.url_path, brand)
