"""The provider of the setup page: its name, picture, colors, texts, and where users find help."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from waypost.core.address import DomainName
from waypost.core.errors import StoreError, StoreUnavailable
from waypost.core.model import ClientConfig, Documentation
from waypost.core.model.page import LocalTexts
from waypost.core.placeholders import expand_pages, expand_url, has_placeholder
from waypost.web.app_context import AppContext
from waypost.web.public.page.languages import matching_tag
from waypost.web.public.request import Request


@dataclass(frozen=True, slots=True)
class LocalText:
    """A text with its language, or None."""

    text: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A link.

    Attributes:
        label: None if the page has a text for it.
    """

    url: str
    label: LocalText | None = None


@dataclass(frozen=True, slots=True)
class Brand:
    """What the page shows of a provider.

    Attributes:
        logo: a `data:` URL, or None.
        color: as `#rrggbb`, or None.
        contacts: mail addresses, phone numbers and pages.
        instructions: pages of the provider.
        enable: pages where users must permit something first.
    """

    name: str
    logo: str | None
    color: str | None
    welcome: LocalText | None
    help: LocalText | None
    web_mail: str | None
    contacts: tuple[Link, ...]
    instructions: tuple[Link, ...]
    enable: tuple[Link, ...]

    @property
    def has_help(self) -> bool:
        """Whether there is anything for users who need help."""
        return bool(self.help or self.web_mail or self.contacts or self.instructions)


def brand_of(config: ClientConfig, tag: str) -> Brand:
    """Return what the page shows of a provider, in the language of the page."""
    provider = config.provider
    page, web_mail = provider.page, None
    if provider.webmail is not None:
        web_mail = expand_url(provider.webmail.url, config.domain, config.address)
    return Brand(
        name=provider.name,
        logo=page.logo,
        color=page.color,
        welcome=local_text(page.welcome, tag),
        help=local_text(page.help, tag),
        web_mail=web_mail if web_mail is not None and _is_web(web_mail) else None,
        contacts=tuple(_contact(uri) for uri in provider.contacts if _is_contact(uri)),
        instructions=_links(provider.documentation, config, tag),
        enable=_links(provider.enable, config, tag),
    )


async def brand_of_host(context: AppContext, request: Request, tag: str) -> Brand | None:
    """Return the brand of the provider whose domain the host name of a request has, or None.

    The host is `autoconfig.DOMAIN`, `setup.DOMAIN` or the domain itself.
    """
    domain = request.host_domain()
    if domain is None:
        return None
    parents = [parent for parent in domain.parents() if "." in parent.ascii]
    return await brand_of_domain(context, domain, tag, *parents[:1])


async def brand_of_domain(
    context: AppContext, domain: DomainName, tag: str, *others: DomainName
) -> Brand | None:
    """Return the brand of the provider of a domain, or of the first of others, or None.

    A page is useful without a brand, so an unavailable database is no error here.
    """
    try:
        for candidate in (domain, *others):
            entry = await context.lookup.entry_for(candidate)
            if entry is not None and entry.redirect is None:
                return brand_of(ClientConfig(candidate, None, entry.provider, ()), tag)
    except (StoreUnavailable, StoreError):
        return None
    return None


def local_text(texts: LocalTexts, tag: str) -> LocalText | None:
    """Return the text for a language: its own, that for all others, or the first; None if empty."""
    by_language = {language: text for language, text in texts if language is not None}
    match = matching_tag(tag, tuple(by_language))
    if match is not None:
        return LocalText(by_language[match], match)
    general = next((text for language, text in texts if language is None), None)
    if general is not None:
        return LocalText(general)
    language = "en" if "en" in by_language else next(iter(by_language), None)
    return None if language is None else LocalText(by_language[language], language)


def _links(pages: tuple[Documentation, ...], config: ClientConfig, tag: str) -> tuple[Link, ...]:
    expanded = expand_pages(pages, config.domain, config.address)
    return tuple(
        Link(page.url, local_text(page.descriptions, tag)) for page in expanded if _is_web(page.url)
    )


def _is_web(url: str) -> bool:
    """Return whether a link can be shown: it may come from SQL, or name a user who is not known."""
    return url.lower().startswith(("https://", "http://")) and not has_placeholder(url)


def _is_contact(uri: str) -> bool:
    return uri.lower().startswith(("mailto:", "tel:", "https://"))


def _contact(uri: str) -> Link:
    """Return a link with the address, the number or the host and path that users read."""
    scheme, _, rest = uri.partition(":")
    if scheme.lower() in {"mailto", "tel"}:
        return Link(uri, LocalText(rest))
    parts = urlsplit(uri)
    return Link(uri, LocalText(f"{parts.netloc}{parts.path}".rstrip("/")))
