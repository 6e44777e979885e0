"""Convert rows of the tables `ldapserver` and `directory` to values, and back."""

import enum
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from waypost.core.model import (
    AttributeRule,
    DirectoryKind,
    DirectoryLimits,
    FileDirectory,
    LdapBind,
    LdapDirectory,
    LdapScope,
    LdapSecurity,
    LdapServer,
    Secret,
    SqlDirectory,
)
from waypost.store.sql.rows.services import Row, RowError

WaypostDirectory = LdapDirectory | SqlDirectory | FileDirectory
"""A directory in Waypost's own table, unknown to automx2."""

_CLASSES: Final[Mapping[str, type[WaypostDirectory]]] = {
    DirectoryKind.LDAP: LdapDirectory,
    DirectoryKind.SQL: SqlDirectory,
    DirectoryKind.FILE: FileDirectory,
}
# The secret of each kind is in a separate column.
_SECRETS: Final = {DirectoryKind.LDAP: "bind_password", DirectoryKind.SQL: "uri"}
_ENUMS: Final[Mapping[str, type[enum.StrEnum]]] = {
    "scope": LdapScope,
    "security": LdapSecurity,
    "bind": LdapBind,
}
# Rows that were written before 0.1.0 may contain it; `ttl_seconds` is for all users.
_DROPPED_LIMITS: Final = frozenset({"negative_ttl_seconds"})


def ldapserver_from_row(row: Row, prefix: str = "") -> LdapServer:
    """Return the LDAP server of a row of `ldapserver`, whose columns may have a prefix."""
    return LdapServer(**{name: row[f"{prefix}{name}"] for name in LdapServer.__slots__})


def ldapserver_row(ldapserver: LdapServer) -> dict[str, Any]:
    """Return a row for an LDAP server with its id, and without a password that is not known."""
    row = {name: getattr(ldapserver, name) for name in LdapServer.__slots__}
    if row["bind_password"] is None:
        del row["bind_password"]
    return row


def directory_from_row(row: Row, prefix: str = "") -> WaypostDirectory:
    """Return the directory of a row of `directory`, whose columns may have a prefix.

    Raises:
        RowError: the row has values that Waypost does not write.
    """
    kind, secret = row[f"{prefix}kind"], row[f"{prefix}secret"]
    if kind not in _CLASSES:
        raise RowError(f"kind {kind!r} is not known")
    try:
        options = json.loads(row[f"{prefix}options"])
        values: dict[str, Any] = {name: _from_json(name, item) for name, item in options.items()}
        if (name := _SECRETS.get(DirectoryKind(kind))) is not None:
            values[name] = Secret(secret, **options.get(name, {}))
        return _CLASSES[kind](label=row[f"{prefix}label"], **values)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise RowError("options are not in Waypost's format") from error


def directory_row(directory: WaypostDirectory) -> dict[str, Any]:
    """Return a row for a directory, without its id, and without a secret that is not known."""
    options: dict[str, Any] = {}
    row: dict[str, Any] = {"label": directory.label, "kind": directory.kind.value}
    for field in fields(directory):
        value = getattr(directory, field.name)
        if field.name == "label" or value == field.default:
            continue
        if isinstance(value, Secret) and value.value is not None:
            row["secret"] = value.value
        elif isinstance(value, Secret):
            # The secret is in a file or a variable now, so a stored text must not be used any more.
            row |= {} if not value else {"secret": None}
        if (json_value := _to_json(value)) != {}:
            options[field.name] = json_value
    return {**row, "options": json.dumps(options, ensure_ascii=False)}


def _to_json(value: object) -> object:
    """Convert a value to JSON's types; a secret without its text."""
    if isinstance(value, Secret):
        source = {"file": value.file, "variable": value.variable}
        return {key: text for key, text in source.items() if text is not None}
    if isinstance(value, AttributeRule):
        rule = {name: getattr(value, name) for name in AttributeRule.__slots__}
        return {key: part for key, part in rule.items() if part is not None}
    if isinstance(value, DirectoryLimits):
        return {name: getattr(value, name) for name in DirectoryLimits.__slots__}
    if isinstance(value, tuple):
        return [_to_json(item) for item in value]
    return value


def _from_json(name: str, json_value: Any) -> object:  # noqa: ANN401 -- from JSON
    if name == "rules":
        return tuple(
            AttributeRule(**{key: _tuple(part) for key, part in r.items()}) for r in json_value
        )
    if name == "limits":
        return DirectoryLimits(
            **{key: item for key, item in json_value.items() if key not in _DROPPED_LIMITS}
        )
    if name in _ENUMS:
        return _ENUMS[name](json_value)
    return _tuple(json_value)


def _tuple(json_value: Any) -> Any:  # noqa: ANN401 -- from JSON
    return tuple(json_value) if isinstance(json_value, list) else json_value
