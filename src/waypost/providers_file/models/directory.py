"""The table `[[directory]]`: LDAP, SQL or a file."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, ValidationInfo

from waypost.core.model import (
    Directory,
    DirectoryKind,
    FileDirectory,
    LdapServer,
    SqlDirectory,
)
from waypost.providers_file.directories.queries import check_domains_query, check_query
from waypost.providers_file.directories.validators import QUERY_MAX_CHARS, URI_MAX_CHARS
from waypost.providers_file.models.base import TableModel, in_key_order, serialize_keys
from waypost.providers_file.models.directory_keys import (
    DirectoryLimitKeys,
    DirectoryNameKeys,
    restrict_kind,
    secret_mistakes,
    secret_of,
    serialize_secret,
)
from waypost.providers_file.models.ldap import LdapServerTable, LdapTable
from waypost.providers_file.models.rules import Schema, context_of, require_string
from waypost.providers_file.models.texts import CodeText, FilePath, PlainText, absolute
from waypost.providers_file.validators import NAME_MAX_CHARS

# Three slashes and a relative path, perhaps with SQLite's `file:`; one in memory has no path.
_SQLITE_FILE: Final = re.compile(
    r"(sqlite(?:\+\w+)?:///(?:file:)?)(?!file:)([^/:?][^?]*)(.*)", re.DOTALL
)


class DatabaseUri(PlainText):
    """The URI of a database; the path of a SQLite file in it is read like all other paths.

    If the URI is in another file or in a variable, only Waypost itself reads it. A relative path
    in it is then relative to Waypost's working directory.
    """

    def read_with_context(self, value: object, info: ValidationInfo) -> object:
        """Read the URI."""
        uri = self.check_string(require_string(value))
        if (match := _SQLITE_FILE.fullmatch(uri)) is None:
            return uri
        before, path, after = match.groups()
        return f"{before}{absolute(path, context_of(info).folder)}{after}"


class SqlKeys(TableModel):
    """The keys of SQL alone."""

    uri: Annotated[str | None, DatabaseUri(URI_MAX_CHARS, min_chars=0)] = Field(
        default=None, repr=False, description="The database URI; exported only with --with-secrets."
    )
    uri_file: Annotated[str | None, FilePath()] = Field(
        default=None, description="The database URI is the first line of this file."
    )
    uri_env: Annotated[str | None, PlainText(NAME_MAX_CHARS)] = Field(
        default=None, description="The database URI is in this environment variable."
    )
    query: Annotated[str | None, CodeText(QUERY_MAX_CHARS, check_query)] = Field(
        default=None, description="A SELECT of login and display_name by :address."
    )
    domains_query: Annotated[str | None, CodeText(QUERY_MAX_CHARS, check_domains_query)] = Field(
        default=None, description="A SELECT that finds known domains by :domain."
    )


def _sql_schema(schema: Schema) -> None:
    restrict_kind(schema, DirectoryKind.SQL)
    schema["anyOf"] = [{"required": ["query"]}, {"required": ["domains_query"]}]


class SqlTable(DirectoryLimitKeys, SqlKeys, DirectoryNameKeys):
    """A directory in a database."""

    model_config = ConfigDict(json_schema_extra=_sql_schema)

    @classmethod
    def key_mistakes(cls, data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield two sources of the URI, and a missing query."""
        yield from secret_mistakes("uri", data)
        if "query" not in data and "domains_query" not in data:
            yield "", "has neither query nor domains_query; set at least one"

    def value_warnings(self) -> Iterator[tuple[str, str]]:
        """Yield a missing URI."""
        if not secret_of(self, "uri"):
            yield "", "has no uri; Waypost keeps a uri that is stored in the database"

    def build(self) -> SqlDirectory:
        """Return the directory."""
        values = self.values_for(SqlDirectory) | {"uri": secret_of(self, "uri")}
        return SqlDirectory(self.name, rules=self.rules(), limits=self.limits(), **values)

    @classmethod
    def serialize_directory(
        cls, directory: SqlDirectory, *, with_secrets: bool
    ) -> dict[str, object]:
        """Return the directory as plain data."""
        data = serialize_keys(SqlKeys, directory, without=["uri"])
        data |= serialize_secret("uri", directory.uri, with_secrets=with_secrets)
        return in_key_order(SqlKeys, data)


class FileKeys(TableModel):
    """The keys of files alone."""

    path: Annotated[str, FilePath((".csv", ".toml"))] = Field(description="A .csv or .toml file.")


def _file_schema(schema: Schema) -> None:
    restrict_kind(schema, DirectoryKind.FILE)


class FileTable(DirectoryLimitKeys, FileKeys, DirectoryNameKeys):
    """A directory in a file."""

    model_config = ConfigDict(json_schema_extra=_file_schema)

    def build(self) -> FileDirectory:
        """Return the directory."""
        return FileDirectory(self.name, self.path, rules=self.rules(), limits=self.limits())

    @classmethod
    def serialize_directory(
        cls, directory: FileDirectory, *, with_secrets: bool
    ) -> dict[str, object]:
        """Return the directory as plain data; it has no secrets."""
        del with_secrets
        return serialize_keys(FileKeys, directory)


_TABLES: Final[Mapping[str, Any]] = {
    DirectoryKind.LDAP.value: LdapTable,
    DirectoryKind.SQL.value: SqlTable,
    DirectoryKind.FILE.value: FileTable,
}


def table_of_kind(kind: object) -> type[DirectoryNameKeys]:
    """Return the table of a kind of directory; for an unknown kind, one that has only the kind."""
    return _TABLES.get(kind, UnknownKindTable) if isinstance(kind, str) else UnknownKindTable


class UnknownKindTable(DirectoryNameKeys):
    """A directory whose kind is missing or unknown; its other keys have no meaning."""

    model_config = ConfigDict(extra="ignore")


def directories_data(
    directories: Sequence[Directory], *, with_secrets: bool
) -> dict[str, list[object]]:
    """Return the lists `ldapserver` and `directory`, without empty lists."""
    ldapservers: list[object] = []
    others: list[object] = []
    for directory in directories:
        if isinstance(directory, LdapServer):
            ldapservers.append(
                LdapServerTable.serialize_directory(directory, with_secrets=with_secrets)
            )
        else:
            keys = _TABLES[directory.kind.value].serialize_directory(
                directory, with_secrets=with_secrets
            )
            head = {"name": directory.label, "kind": directory.kind.value}
            others.append({**head, **keys, **DirectoryLimitKeys.serialize_limits(directory)})
    lists = {"ldapserver": ldapservers, "directory": others}
    return {key: tables for key, tables in lists.items() if tables}
