"""The whole providers file, and its JSON Schema (draft 2020-12) for editors.

A schema cannot express some rules: a port that contradicts its protection, a domain that appears
twice, an invalid host name. Only the reader checks these. The reader accepts names in any case;
the schema knows only the usual case.
"""

from typing import Annotated, Any, Final

from pydantic import Field

from waypost.providers_file.models.base import TableModel
from waypost.providers_file.models.directory import FileTable, SqlTable
from waypost.providers_file.models.ldap import LdapServerTable, LdapTable
from waypost.providers_file.models.provider import DefaultsTable, ProviderTable, TemplateTable
from waypost.providers_file.models.rules import NotNull, Schema

# What Pydantic adds, and what no editor needs.
_EXTRA: Final = ("title", "default")


class FileModel(TableModel):
    """The mail services of domains."""

    provider: list[ProviderTable] = Field(
        default_factory=list, description="Providers of mail services, with their domains."
    )
    ldapserver: list[LdapServerTable] = Field(
        default_factory=list, description="automx2's directory servers."
    )
    directory: list[LdapTable | SqlTable | FileTable] = Field(
        default_factory=list, description="Directories with the users of domains."
    )
    template: list[TemplateTable] = Field(
        default_factory=list, description="Keys that providers with `extends` inherit."
    )
    defaults: Annotated[DefaultsTable | None, NotNull()] = Field(
        default=None, description="What providers inherit that do not set it themselves."
    )


TOP_KEYS: Final = tuple(FileModel.model_fields)


def json_schema() -> Schema:
    """Return the JSON Schema as plain data."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Waypost providers file",
        **without_extras(FileModel.model_json_schema()),
        "minProperties": 1,
    }


def without_extras(schema: Any) -> Any:
    """Return a schema without the keywords that Pydantic adds."""
    if isinstance(schema, list):
        return [without_extras(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {}
    for keyword, value in schema.items():
        if keyword in {"properties", "$defs"}:  # Names of keys are no keywords.
            result[keyword] = {name: without_extras(item) for name, item in value.items()}
        elif keyword not in _EXTRA:
            result[keyword] = without_extras(value)
    return result
