"""A provider, a template and the defaults: pages for users, OAuth2, services, domains."""

from functools import cache
from typing import Annotated, Final

from pydantic import Field

from waypost.core.address import SEPARATORS
from waypost.providers_file.models.base import TableModel
from waypost.providers_file.models.domain import DomainsTable, RedirectTable, UsersTable
from waypost.providers_file.models.page import PageTable
from waypost.providers_file.models.pages import (
    ContactUri,
    DocumentationTable,
    LogoTable,
    OAuth2Table,
)
from waypost.providers_file.models.profile import ProfileTable
from waypost.providers_file.models.rules import NotNull
from waypost.providers_file.models.service import ServiceDefaults, ServiceTable
from waypost.providers_file.models.texts import HTTPS_URL, WEB_URL, PlainText
from waypost.providers_file.models.webmail import WebmailKey, WebmailTable
from waypost.providers_file.validators import (
    NAME_MAX_CHARS,
    SHORT_NAME_MAX_CHARS,
    RuleBroken,
)

_SEPARATORS: Final = "".join(f"\\{sign}" if sign in r"^-\]" else sign for sign in SEPARATORS)


def _separators(text: str) -> str:
    # A letter, a digit or a dot as a separator would cut most names in half.
    if not set(text) <= set(SEPARATORS):
        message = f"each character must be one of {SEPARATORS}"
        raise RuleBroken(message)
    return text


@cache
def _no_profile() -> ProfileTable:
    """Return the table of all providers without the key; it never changes."""
    return ProfileTable.model_construct()


@cache
def _no_page() -> PageTable:
    """Return the table of all providers without the key; it never changes."""
    return PageTable.model_construct()


class PagesTable(TableModel):
    """The keys that a provider can inherit as they are."""

    services: list[ServiceTable] = Field(
        default_factory=list, description="For each type, the preferred service first."
    )
    documentation: list[DocumentationTable] = Field(
        default_factory=list, title="documentation", description="Pages for users."
    )
    oauth2: list[OAuth2Table] = Field(
        default_factory=list, title="OAuth2 data", description="Where clients get OAuth2 tokens."
    )
    enable: list[DocumentationTable] = Field(
        default_factory=list,
        title="pages about what users must enable",
        description="Where users must enable something first.",
    )
    webmail: Annotated[WebmailTable | None, WebmailKey()] = Field(
        default=None, title="web mail", description="Where users log in with a browser."
    )
    update_url: Annotated[str | None, WEB_URL] = Field(
        default=None,
        title="update URL",
        description="Where clients later check for a newer configuration.",
    )
    logos: list[LogoTable] = Field(
        default_factory=list, title="logos", description="Pictures, the preferred one first."
    )
    developer_url: Annotated[str | None, HTTPS_URL] = Field(
        default=None, title="developer URL", description="Where authors of clients find help."
    )
    contacts: list[Annotated[str, ContactUri()]] = Field(
        default_factory=list, title="contacts", description="Help for users."
    )
    subaddress_separators: Annotated[
        str, PlainText(len(SEPARATORS), _separators, min_chars=0, pattern=f"^[{_SEPARATORS}]*$")
    ] = Field(
        default="",
        title="sub-address separators",
        description="Characters between user and detail (RFC 5233); login names omit the detail.",
    )
    profile: Annotated[ProfileTable, NotNull()] = Field(
        default_factory=_no_profile,
        title="settings of configuration profiles",
        description="The configuration profiles of the provider.",
    )
    page: Annotated[PageTable, NotNull()] = Field(
        default_factory=_no_page,
        title="settings of the setup page",
        description="How the setup page for users presents the provider.",
    )


class NamedTable(TableModel):
    """The keys of each table that another one can extend."""

    name: Annotated[str, PlainText(NAME_MAX_CHARS)] = Field(
        title="provider", description="The name that users see."
    )
    extends: Annotated[str | None, PlainText(NAME_MAX_CHARS)] = Field(
        default=None, description="A template or provider whose keys are inherited."
    )


class ShortNameTable(TableModel):
    """The short name of a provider."""

    short_name: Annotated[str | None, PlainText(SHORT_NAME_MAX_CHARS)] = Field(
        default=None,
        title="short name",
        description="A short name; default: first word of name.",
    )


class TemplateTable(PagesTable, UsersTable, NamedTable):
    """Keys that providers with `extends` inherit."""


class DefaultsTable(PagesTable, UsersTable):
    """Keys that all providers inherit."""

    service: Annotated[ServiceDefaults, NotNull()] = Field(
        default_factory=ServiceDefaults, description="Defaults for all services."
    )


class ProviderTable(
    PagesTable, DomainsTable, RedirectTable, UsersTable, ShortNameTable, NamedTable
):
    """A provider of mail services, with its domains."""
