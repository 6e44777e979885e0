"""The provider in a PACC document (draft-ietf-mailmaint-pacc-02, s"info")."""

from typing import Final

from waypost.core.model import ClientConfig, Logo
from waypost.core.placeholders import expand_pages, has_placeholder

# s"info": longer names are not allowed.
NAME_MAX_CHARS: Final = 60
SHORT_NAME_MAX_CHARS: Final = 20


def info(config: ClientConfig) -> dict[str, object]:
    """Return the member `info`: the provider's names and logos, and its help pages."""
    provider = config.provider
    names = (provider.name, provider.short_name, config.domain.ascii)
    # One document for all users: it cannot contain a name that differs from user to user.
    usable_names = (
        name for name in names[:2] if not has_placeholder(name) and len(name) <= NAME_MAX_CHARS
    )
    members: dict[str, object] = {"name": next(usable_names, names[-1])}
    is_short = len(provider.short_name) <= SHORT_NAME_MAX_CHARS
    if is_short and not has_placeholder(provider.short_name):
        members["shortName"] = provider.short_name
    if provider.logos:
        members["logo"] = [_logo(logo) for logo in provider.logos]
    helps: dict[str, object] = {}
    # One document for all users: it cannot contain a page that differs from user to user.
    pages = expand_pages(provider.documentation, config.domain, None)
    page = next((page.url for page in pages if not has_placeholder(page.url)), None)
    if page is not None:
        helps["documentation"] = page
    if provider.developer_url is not None:
        helps["developer"] = provider.developer_url
    if provider.contacts:
        helps["contact"] = list(provider.contacts)
    return {"provider": members, "help": helps} if helps else {"provider": members}


def _logo(logo: Logo) -> dict[str, object]:
    members = {"url": logo.url, "content-type": logo.content_type}
    sizes = {"width": logo.width, "height": logo.height}
    return members | {name: size for name, size in sizes.items() if size is not None}
