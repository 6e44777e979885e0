"""LDAP: a `[[directory]]` of this kind, and automx2's `[[ldapserver]]`."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from pydantic import ConfigDict, Field

from waypost.core.model import (
    DirectoryKind,
    LdapBind,
    LdapDirectory,
    LdapScope,
    LdapSecurity,
    LdapServer,
)
from waypost.providers_file.directories.validators import (
    LDAP_URL_MAX_CHARS,
    PATTERN_MAX_CHARS,
    QUERY_MAX_CHARS,
    URI_MAX_CHARS,
    check_filter,
    check_ldap_url,
    check_pattern,
)
from waypost.providers_file.models.base import TableModel, in_key_order, serialize_keys
from waypost.providers_file.models.directory_keys import (
    DirectoryLimitKeys,
    DirectoryNameKeys,
    restrict_kind,
    secret_mistakes,
    secret_of,
    serialize_secret,
)
from waypost.providers_file.models.rules import (
    Choice,
    Integer,
    KeyRule,
    NotNull,
    Problem,
    Schema,
    require_list,
    validation_error,
)
from waypost.providers_file.models.texts import CodeText, FilePath, PlainText
from waypost.providers_file.ports import PORT_MAX
from waypost.providers_file.validators import (
    ATTRIBUTE_MAX_CHARS,
    HOST_MAX_CHARS,
    INTEGER_MAX,
    NAME_MAX_CHARS,
    RuleBroken,
    check_host,
)

URLS_MAX: Final = 16
DN_MAX_CHARS: Final = 1000
_PORT: Final = 636
_FILTER: Final = "(mail={0})"
# RFC 4512 s1.4: the short name of an attribute, or its numeric OID.
_LDAP_ATTRIBUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*|[0-9]+(\.[0-9]+)+")


def _ldap_attribute(text: str) -> str:
    if not _LDAP_ATTRIBUTE.fullmatch(text):
        raise RuleBroken("is not an attribute name (RFC 4512 s1.4)")
    return text


def _address_filter(text: str) -> str:
    if "{0}" not in text:
        raise RuleBroken("must contain {0} where the address goes")
    return text


class LdapUrls(KeyRule):
    """The URLs of LDAP servers with the same entries."""

    def read(self, value: object) -> object:
        """Read the URLs."""
        items = require_list(value)
        if not items:
            raise RuleBroken("is empty; list at least one server")
        if len(items) > URLS_MAX:
            message = f"lists more than {URLS_MAX} servers"
            raise RuleBroken(message)
        problems: list[Problem] = []
        for index, item in enumerate(items):
            if not isinstance(item, str) or len(item) > LDAP_URL_MAX_CHARS:
                rule = f"must be a string of at most {LDAP_URL_MAX_CHARS} characters"
                problems.append(((index,), rule))
                continue
            try:
                check_ldap_url(item)
            except RuleBroken as broken:
                problems.append(((index,), str(broken)))
        if problems:
            raise validation_error(problems)
        return tuple(items)

    def schema(self) -> Schema:
        """Return the schemes and the limits."""
        pattern = "^[Ll][Dd][Aa][Pp][SsIi]?:"
        url = {"type": "string", "maxLength": LDAP_URL_MAX_CHARS, "pattern": pattern}
        return {"type": "array", "items": url, "minItems": 1, "maxItems": URLS_MAX}


class LdapKeys(TableModel):
    """The keys of LDAP alone."""

    urls: Annotated[tuple[str, ...], LdapUrls()] = Field(
        description="The servers, the preferred one first."
    )
    security: Annotated[LdapSecurity, Choice(LdapSecurity)] = Field(
        default=LdapSecurity.STARTTLS, description="For ldap:// URLs only."
    )
    bind: Annotated[LdapBind | None, Choice(LdapBind)] = Field(
        default=None, description="Default: from bind_user."
    )
    bind_user: Annotated[str | None, PlainText(DN_MAX_CHARS, min_chars=0)] = Field(
        default=None, description="The DN of Waypost's bind."
    )
    bind_password: Annotated[str | None, PlainText(URI_MAX_CHARS, min_chars=0)] = Field(
        default=None, repr=False, description="The password; exported only with --with-secrets."
    )
    bind_password_file: Annotated[str | None, FilePath()] = Field(
        default=None, description="The password is the first line of this file."
    )
    bind_password_env: Annotated[str | None, PlainText(NAME_MAX_CHARS)] = Field(
        default=None, description="The password is in this environment variable."
    )
    search_base: Annotated[str, PlainText(DN_MAX_CHARS, min_chars=0)] = Field(
        description="The DN where the search begins."
    )
    search_filter: Annotated[
        str, CodeText(QUERY_MAX_CHARS, check_filter, pattern=r"\{(0|local_part)\}")
    ] = Field(default=_FILTER, description="RFC 4515, with {0} for the address.")
    scope: Annotated[LdapScope, Choice(LdapScope)] = Field(
        default=LdapScope.SUB, description="The scope of the search."
    )
    attr_uid: Annotated[str, PlainText(ATTRIBUTE_MAX_CHARS, _ldap_attribute)] = Field(
        default="uid", description="Attribute with the login name."
    )
    attr_cn: Annotated[str, PlainText(ATTRIBUTE_MAX_CHARS, _ldap_attribute, min_chars=0)] = Field(
        default="cn", description="Attribute with the display name."
    )
    login_pattern: Annotated[str | None, CodeText(PATTERN_MAX_CHARS, check_pattern)] = Field(
        default=None, description="Selects one of several login names."
    )
    ca_file: Annotated[str | None, FilePath()] = Field(
        default=None, description="The trusted certificate authorities."
    )
    tls_verify: Annotated[bool, NotNull()] = Field(
        default=True, description="Whether certificates are checked."
    )
    cert_file: Annotated[str | None, FilePath()] = Field(
        default=None, description="The client certificate."
    )
    key_file: Annotated[str | None, FilePath()] = Field(
        default=None, description="The key of the client certificate."
    )


def _ldap_schema(schema: Schema) -> None:
    restrict_kind(schema, DirectoryKind.LDAP)


class LdapTable(DirectoryLimitKeys, LdapKeys, DirectoryNameKeys):
    """A directory on LDAP servers."""

    model_config = ConfigDict(json_schema_extra=_ldap_schema)

    @classmethod
    def key_mistakes(cls, data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield keys that need or exclude other keys."""
        if ("cert_file" in data) != ("key_file" in data):
            yield "cert_file", "must be set together with key_file"
        yield from secret_mistakes("bind_password", data)

    def value_mistakes(self) -> Iterator[tuple[str, str]]:
        """Yield keys without effect, and a bind without a user."""
        is_plain = any(url.lower().startswith("ldap:") for url in self.urls)
        if "security" in self.model_fields_set and not is_plain:
            yield "security", "is only for ldap:// URLs; remove it for ldaps:// and ldapi://"
        bind = self._bind()
        if bind is LdapBind.SIMPLE and not self.bind_user:
            yield "bind_user", "is missing; bind = simple requires it"
        if bind is not LdapBind.SIMPLE and self.bind_user:
            yield "bind_user", f"has no effect, because bind is {bind}; remove it"

    def value_warnings(self) -> Iterator[tuple[str, str]]:
        """Yield protections that are off."""
        if self.security is LdapSecurity.NONE:
            yield "security", "is none: passwords and addresses can be read on the network"
        if not self.tls_verify:
            yield "tls_verify", "is false: an attacker on the network can impersonate the server"

    def _bind(self) -> LdapBind:
        return self.bind or (LdapBind.SIMPLE if self.bind_user else LdapBind.ANONYMOUS)

    def build(self) -> LdapDirectory:
        """Return the directory."""
        values = self.values_for(LdapDirectory) | {"bind": self._bind()}
        values |= {"attr_cn": self.attr_cn or None, "bind_user": self.bind_user or None}
        values["bind_password"] = secret_of(self, "bind_password")
        return LdapDirectory(self.name, rules=self.rules(), limits=self.limits(), **values)

    @classmethod
    def serialize_directory(
        cls, directory: LdapDirectory, *, with_secrets: bool
    ) -> dict[str, object]:
        """Return the directory as plain data."""
        default_bind = LdapBind.ANONYMOUS if directory.bind_user is None else LdapBind.SIMPLE
        derived_keys = ("bind_password", *(["bind"] if directory.bind is default_bind else []))
        data = serialize_keys(LdapKeys, directory, without=derived_keys)
        data |= serialize_secret(
            "bind_password", directory.bind_password, with_secrets=with_secrets
        )
        return in_key_order(LdapKeys, data)


class LdapServerTable(TableModel):
    """One of automx2's directory servers."""

    id: Annotated[int, Integer(0, INTEGER_MAX)] = Field(description="Domains refer to this id.")
    name: Annotated[str, PlainText(HOST_MAX_CHARS, check_host)] = Field(description="Host name.")
    port: Annotated[int, Integer(1, PORT_MAX)] = Field(default=_PORT, description="636 by default.")
    use_ssl: Annotated[bool | None, NotNull()] = Field(
        default=None, description="TLS from the first byte; the default on port 636."
    )
    search_base: Annotated[str, PlainText(NAME_MAX_CHARS, min_chars=0)] = Field(
        description="The DN where the search begins."
    )
    search_filter: Annotated[str, PlainText(NAME_MAX_CHARS, _address_filter, pattern=r"\{0\}")] = (
        Field(default=_FILTER, description="RFC 4515, with {0} for the address.")
    )
    attr_uid: Annotated[str, PlainText(ATTRIBUTE_MAX_CHARS, _ldap_attribute)] = Field(
        default="uid", description="Attribute with the login name."
    )
    attr_cn: Annotated[str, PlainText(ATTRIBUTE_MAX_CHARS, _ldap_attribute, min_chars=0)] = Field(
        default="cn", description="Attribute with the display name."
    )
    bind_user: Annotated[str | None, PlainText(NAME_MAX_CHARS, min_chars=0)] = Field(
        default=None, description="The DN of Waypost's bind."
    )
    bind_password: Annotated[str | None, PlainText(NAME_MAX_CHARS, min_chars=0)] = Field(
        default=None, repr=False, description="Exported only with --with-secrets."
    )

    def build(self) -> LdapServer:
        """Return the server."""
        values = self.values_for(LdapServer)
        if self.use_ssl is None:
            values["use_ssl"] = self.port == _PORT
        for key in ("attr_cn", "bind_user", "bind_password"):
            values[key] = values[key] or None
        return LdapServer(**values)

    @classmethod
    def serialize_directory(cls, server: LdapServer, *, with_secrets: bool) -> dict[str, object]:
        """Return the server as plain data."""
        derived_keys = [] if with_secrets else ["bind_password"]
        if server.use_ssl == (server.port == _PORT):
            derived_keys.append("use_ssl")
        return serialize_keys(cls, server, without=derived_keys)
