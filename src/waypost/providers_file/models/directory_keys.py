"""The keys that directories of several kinds have: names, limits, attributes, secrets."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from waypost.core.model import (
    DIRECTORY_NAME,
    LDAPSERVER_PREFIX,
    AttributeRule,
    DirectoryKind,
    DirectoryLimits,
    Secret,
)
from waypost.providers_file.directories.validators import PATTERN_MAX_CHARS, check_pattern
from waypost.providers_file.models.base import TableModel, serialize_keys
from waypost.providers_file.models.rules import (
    Choice,
    Integer,
    KeyRule,
    Number,
    Problem,
    Schema,
    require_list,
    validation_error,
)
from waypost.providers_file.models.texts import CodeText, PlainText
from waypost.providers_file.validators import HOST_MAX_CHARS, LABEL_MAX_CHARS, RuleBroken

_RULES_MAX: Final = 32
_LIMITS: Final = DirectoryLimits()
# A name that can be used in %{...}; RFC 4512 s1.4 allows no other names of attributes.
_ATTRIBUTE_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_;-]{0,63}")


def _label(text: str) -> str:
    if text.startswith(LDAPSERVER_PREFIX):
        message = f"must not begin with {LDAPSERVER_PREFIX}, as [[ldapserver]] uses it"
        raise RuleBroken(message)
    if not DIRECTORY_NAME.fullmatch(text):
        raise RuleBroken("must be lowercase letters, digits, dots, hyphens and underscores")
    return text


class AllowedValues(KeyRule):
    """The values that an attribute may have."""

    def read(self, value: object) -> object:
        """Read the values."""
        items = require_list(value)
        if not items:
            raise RuleBroken("is empty; list the values that may be used")
        rule = f"must be a string of 1 to {HOST_MAX_CHARS} characters"
        problems: list[Problem] = [
            ((index,), rule)
            for index, item in enumerate(items)
            if not isinstance(item, str) or not item.strip() or len(item) > HOST_MAX_CHARS
        ]
        if problems:
            raise validation_error(problems)
        return tuple(items)

    def schema(self) -> Schema:
        """Return the limits of the values."""
        value = {"type": "string", "minLength": 1, "maxLength": HOST_MAX_CHARS}
        return {"type": "array", "items": value, "minItems": 1}


class AttributeRuleTable(TableModel):
    """The rule for an attribute of a user."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["allowed"]}, {"required": ["pattern"]}]}
    )

    allowed: Annotated[tuple[str, ...] | None, AllowedValues()] = Field(
        default=None, description="The values that may be used."
    )
    pattern: Annotated[str | None, CodeText(PATTERN_MAX_CHARS, check_pattern)] = Field(
        default=None, description="A regular expression for a whole value."
    )
    default: Annotated[str | None, PlainText(HOST_MAX_CHARS, min_chars=0)] = Field(
        default=None, description="For users without an allowed value."
    )

    @classmethod
    def key_mistakes(cls, data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield a mistake if not exactly one key limits the values."""
        if "allowed" in data and "pattern" in data:
            yield "pattern", "cannot be combined with allowed; use only one of them"
        elif "allowed" not in data and "pattern" not in data:
            yield "", "must limit the values: set allowed = [...] or pattern = ..."


class AttributeRules:
    """The attributes of users that services may contain as `%{name}`, with their rules."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Let Pydantic read a table of rules, and check the names."""

        def check(value: dict[str, AttributeRuleTable]) -> dict[str, AttributeRuleTable]:
            rule = "is not a name for %{...}: use letters, digits, -, _ and ;"
            wrong = [name for name in value if not _ATTRIBUTE_NAME.fullmatch(name)]
            if wrong:
                raise validation_error([((name,), rule) for name in wrong])
            if len(value) > _RULES_MAX:
                message = f"lists more than {_RULES_MAX} attributes"
                raise RuleBroken(message)
            return value

        return core_schema.no_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: Any) -> Schema:
        """Add the pattern of the names."""
        return {**handler(core), "propertyNames": {"pattern": f"^{_ATTRIBUTE_NAME.pattern}$"}}


class DirectoryNameKeys(TableModel):
    """The keys of each kind of directory that say what it is."""

    name: Annotated[
        str,
        PlainText(LABEL_MAX_CHARS, _label, pattern="^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$"),
    ] = Field(description="Providers and domains refer to this name.")
    kind: Annotated[DirectoryKind, Choice(DirectoryKind)] = Field(description="Kind of directory.")


class DirectoryLimitKeys(TableModel):
    """The limits and the attributes of each kind of directory."""

    time_limit_seconds: Annotated[float, Number(0.05, 60)] = Field(
        default=_LIMITS.time_limit_seconds,
        description="How long a client waits before it gets the domain's general answer.",
    )
    connect_timeout_seconds: Annotated[float, Number(0.05, 60)] = Field(
        default=_LIMITS.connect_timeout_seconds, description="For a connection, TLS and bind."
    )
    max_searches: Annotated[int, Integer(1, 256)] = Field(
        default=_LIMITS.max_searches,
        description="How many searches run at the same time in each worker.",
    )
    ttl_seconds: Annotated[float, Number(0, 86_400)] = Field(
        default=_LIMITS.ttl_seconds,
        description="How long an answer is cached, for known and unknown users.",
    )
    attributes: Annotated[dict[str, AttributeRuleTable], AttributeRules()] = Field(
        default_factory=dict, description="For %{name}."
    )

    def rules(self) -> tuple[AttributeRule, ...]:
        """Return the rules of the attributes."""
        tables = self.attributes.items()
        return tuple(
            AttributeRule(name, table.allowed, table.pattern, table.default)
            for name, table in tables
        )

    def limits(self) -> DirectoryLimits:
        """Return the limits."""
        return DirectoryLimits(**self.values_for(DirectoryLimits))

    @staticmethod
    def serialize_limits(directory: Any) -> dict[str, object]:
        """Return the limits and the attributes as plain data, without defaults."""
        data = serialize_keys(DirectoryLimitKeys, directory.limits)
        if directory.rules:
            data["attributes"] = {
                rule.name: AttributeRuleTable.serialize(rule) for rule in directory.rules
            }
        return data


def secret_of(table: TableModel, key: str) -> Secret:
    """Return a secret that is in a key, in a file or in a variable."""
    value, file, variable = (getattr(table, name) for name in secret_keys(key))
    return Secret(value or None, file, variable)


def secret_keys(key: str) -> tuple[str, str, str]:
    """Return the keys of a secret: the value, a file and a variable."""
    return key, f"{key}_file", f"{key}_env"


def secret_mistakes(key: str, data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield a mistake if a secret has several sources."""
    present = [name for name in secret_keys(key) if name in data]
    if len(present) > 1:
        yield present[1], f"cannot be combined with {present[0]}; use only one of them"


def serialize_secret(key: str, secret: Secret, *, with_secrets: bool) -> dict[str, object]:
    """Return a secret as plain data."""
    if secret.file is not None:
        return {f"{key}_file": secret.file}
    if secret.variable is not None:
        return {f"{key}_env": secret.variable}
    return {key: secret.value} if with_secrets and secret.value is not None else {}


def restrict_kind(schema: Schema, kind: DirectoryKind) -> None:
    """Limit the key `kind` in the JSON Schema of a directory to its own kind."""
    schema["properties"]["kind"]["enum"] = [kind.value]
