"""Single objects, as administrators send them: a domain, a provider, a directory.

Their keys are those of a providers file, by the same models and the same rules.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from pydantic import Field

from waypost.providers_file.models.base import TableModel
from waypost.providers_file.models.directory import FileTable, SqlTable
from waypost.providers_file.models.domain import RedirectTable, UsersTable, check_domain
from waypost.providers_file.models.file import without_extras
from waypost.providers_file.models.ldap import LdapServerTable, LdapTable
from waypost.providers_file.models.provider import PagesTable, ShortNameTable
from waypost.providers_file.models.rules import NotNull, Schema
from waypost.providers_file.models.service import ServiceTable
from waypost.providers_file.models.texts import PlainText
from waypost.providers_file.validators import DOMAIN_MAX_CHARS, NAME_MAX_CHARS

_OF_OTHER_DOMAIN: Final = "cannot be combined with alias_of; the other domain has this key"


class DomainUsersTable(UsersTable):
    """How the users of a domain are looked up."""

    @classmethod
    def key_mistakes(cls, data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield a missing directory, because the other keys have no effect without it."""
        if data and "directory" not in data and "ldapserver" not in data:
            yield "directory", "is missing"
        yield from super().key_mistakes(data)


class DomainObject(RedirectTable):
    """A domain, with its services."""

    name: Annotated[str | None, PlainText(DOMAIN_MAX_CHARS)] = Field(
        default=None, description="example.com, *.example.com, or * for all others."
    )
    provider: Annotated[str | None, PlainText(NAME_MAX_CHARS)] = Field(
        default=None, description="The name of its provider."
    )
    services: Annotated[list[ServiceTable] | None, NotNull()] = Field(
        default=None,
        description="For each type, the preferred service first. If it is absent, the domain gets "
        "the services of the provider's other domains.",
    )
    users: Annotated[DomainUsersTable | None, NotNull()] = Field(
        default=None, description="How its users are looked up."
    )
    alias_of: Annotated[str | None, PlainText(DOMAIN_MAX_CHARS, check_domain)] = Field(
        default=None,
        description="Another domain; users have the same mailboxes at this other name.",
    )

    @classmethod
    def key_mistakes(cls, data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield the keys that an alias cannot have, and a missing provider."""
        if "alias_of" in data:
            for key in ("services", "users", *RedirectTable.model_fields):
                if key in data:
                    yield key, _OF_OTHER_DOMAIN
        elif "provider" not in data:
            yield "provider", "is missing"
        yield from super().key_mistakes(data)

    def value_mistakes(self) -> Iterator[tuple[str, str]]:
        """Yield services that are limited to some domains: here there is only one."""
        for index, service in enumerate(self.services or ()):
            if service.domains is not None:
                yield f"services[{index}].domains", "cannot be used here; remove it"
        yield from super().value_mistakes()


class ServicesObject(TableModel):
    """The services of all domains of a provider."""

    services: list[ServiceTable] = Field(description="For each type, the preferred service first.")

    def value_mistakes(self) -> Iterator[tuple[str, str]]:
        """Yield services that are limited to some domains."""
        for index, service in enumerate(self.services):
            if service.domains is not None:
                yield f"services[{index}].domains", "cannot be used here; remove it"


class ProviderObject(PagesTable, ShortNameTable):
    """A provider, without its domains."""

    name: Annotated[str | None, PlainText(NAME_MAX_CHARS)] = Field(
        default=None, title="provider", description="The name that users see."
    )

    @classmethod
    def key_mistakes(cls, data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield the services, which belong to domains."""
        if "services" in data:
            yield "services", "belong to domains; change those of all domains of the provider"
        yield from super().key_mistakes(data)


def object_schemas() -> dict[str, Schema]:
    """Return the JSON Schema (draft 2020-12) of each kind of object."""
    provider = without_extras(ProviderObject.model_json_schema())
    del provider["properties"]["services"]
    return {
        "domain": without_extras(DomainObject.model_json_schema()),
        "provider": provider,
        "ldap_directory": without_extras(LdapTable.model_json_schema()),
        "sql_directory": without_extras(SqlTable.model_json_schema()),
        "file_directory": without_extras(FileTable.model_json_schema()),
        "ldapserver": without_extras(LdapServerTable.model_json_schema()),
    }
