"""The JSON Schema of `[[directory]]`, `[[ldapserver]]`, and the keys that refer to them."""

import enum
from collections.abc import Sequence
from typing import Final

from waypost.core.model import DirectoryKind, LdapBind, LdapScope, LdapSecurity, UnknownUser
from waypost.providers_file.directories.directories import (
    COMMON_KEYS,
    FILE_KEYS,
    LABEL_MAX_CHARS,
    SQL_KEYS,
)
from waypost.providers_file.directories.ldap import DN_MAX_CHARS, LDAP_KEYS, URLS_MAX
from waypost.providers_file.directories.parts import ATTRIBUTE_NAME, LIMITS, RULE_KEYS
from waypost.providers_file.directories.validators import (
    LDAP_URL_MAX_CHARS,
    PATH_MAX_CHARS,
    PATTERN_MAX_CHARS,
    QUERY_MAX_CHARS,
    URI_MAX_CHARS,
)
from waypost.providers_file.json_schema_parts import (
    Schema,
    flag,
    integer,
    number,
    object_schema,
    text,
)
from waypost.providers_file.ports import PORT_MAX
from waypost.providers_file.validators import (
    ATTRIBUTE_MAX_CHARS,
    HOST_MAX_CHARS,
    INTEGER_MAX,
    NAME_MAX_CHARS,
)

_LABEL_PATTERN: Final = "^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$"
_LIMITS_ABOUT: Final = {
    "time_limit_seconds": "How long a client waits before it gets the domain's general answer.",
    "connect_timeout_seconds": "For a connection, TLS and bind.",
    "max_searches": "How many searches run at the same time in each worker.",
    "ttl_seconds": "How long an answer is cached, for known and unknown users.",
}


def users() -> Schema:
    """Return the keys of a provider or a domain about its users."""
    return {
        "directory": text(LABEL_MAX_CHARS, "The name of a [[directory]]; empty for none.", least=0),
        "ldapserver": integer(0, INTEGER_MAX, "The id of an [[ldapserver]]."),
        "unknown_user": _choice(UnknownUser, "The answer for an unknown user."),
        "show_display_name": flag("Whether clients receive the names of users."),
    }


def ldapserver() -> Schema:
    """Return the keys of `[[ldapserver]]`."""
    return {
        "id": integer(0, INTEGER_MAX, "Domains refer to this id."),
        "name": text(HOST_MAX_CHARS, "Host name."),
        "port": integer(1, PORT_MAX, "636 by default."),
        "use_ssl": flag("TLS from the first byte; the default on port 636."),
        "search_base": text(NAME_MAX_CHARS, "The DN where the search begins.", least=0),
        "search_filter": {
            **text(NAME_MAX_CHARS, "RFC 4515, with {0} for the address."),
            "pattern": r"\{0\}",
        },
        "attr_uid": text(ATTRIBUTE_MAX_CHARS, "Attribute with the login name."),
        "attr_cn": text(ATTRIBUTE_MAX_CHARS, "Attribute with the display name.", least=0),
        "bind_user": text(NAME_MAX_CHARS, "The DN of Waypost's bind.", least=0),
        "bind_password": text(NAME_MAX_CHARS, "Exported only with --with-secrets.", least=0),
    }


def directory() -> Schema:
    """Return the schema of `[[directory]]`: each kind has its own keys."""
    kinds: Sequence[tuple[DirectoryKind, Sequence[str], Schema, list[str]]] = (
        (DirectoryKind.LDAP, LDAP_KEYS, _ldap(), ["urls", "search_base"]),
        (DirectoryKind.SQL, SQL_KEYS, _sql(), []),
        (DirectoryKind.FILE, FILE_KEYS, _file(), ["path"]),
    )
    described = [_kind(*each) for each in kinds]
    return {"anyOf": described, "description": "Where Waypost finds users."}


def _kind(kind: DirectoryKind, keys: Sequence[str], about: Schema, needed: list[str]) -> Schema:
    common = {**_common(), "kind": {"enum": [kind.value], "description": "Kind of directory."}}
    found = object_schema((*COMMON_KEYS, *keys), {**common, **about}, ["name", "kind", *needed])
    if kind is DirectoryKind.SQL:
        return {**found, "anyOf": [{"required": ["query"]}, {"required": ["domains_query"]}]}
    return found


def _common() -> Schema:
    name = text(LABEL_MAX_CHARS, "Providers and domains refer to this name.")
    rules = {"type": "object", "additionalProperties": _rule(), "description": "For %{name}."}
    limits = {
        key: integer(int(low), int(high), _LIMITS_ABOUT[key])
        if key == "max_searches"
        else number(low, high, _LIMITS_ABOUT[key])
        for key, (low, high) in LIMITS.items()
    }
    names = {"propertyNames": {"pattern": f"^{ATTRIBUTE_NAME.pattern}$"}}
    return {"name": {**name, "pattern": _LABEL_PATTERN}, "attributes": {**rules, **names}, **limits}


def _rule() -> Schema:
    value = {"type": "string", "minLength": 1, "maxLength": HOST_MAX_CHARS}
    allowed = {"type": "array", "items": value, "minItems": 1}
    about = {
        "allowed": {**allowed, "description": "The values that may be used."},
        "pattern": text(PATTERN_MAX_CHARS, "A regular expression for a whole value."),
        "default": text(HOST_MAX_CHARS, "For users without an allowed value.", least=0),
    }
    found = object_schema(RULE_KEYS, about)
    return {**found, "anyOf": [{"required": ["allowed"]}, {"required": ["pattern"]}]}


def _ldap() -> Schema:
    url = {
        "type": "string",
        "maxLength": LDAP_URL_MAX_CHARS,
        "pattern": "^[Ll][Dd][Aa][Pp][SsIi]?:",
    }
    urls = {"type": "array", "items": url, "minItems": 1, "maxItems": URLS_MAX}
    return {
        "urls": {**urls, "description": "The servers, the preferred one first."},
        "security": _choice(LdapSecurity, "For ldap:// URLs only."),
        "bind": _choice(LdapBind, "Default: from bind_user."),
        "bind_user": text(DN_MAX_CHARS, "The DN of Waypost's bind.", least=0),
        **_secret("bind_password", "The password"),
        "search_base": text(DN_MAX_CHARS, "The DN where the search begins.", least=0),
        "search_filter": {
            **text(QUERY_MAX_CHARS, "RFC 4515, with {0} for the address."),
            "pattern": r"\{(0|local_part)\}",
        },
        "scope": _choice(LdapScope, "The scope of the search."),
        "attr_uid": text(ATTRIBUTE_MAX_CHARS, "Attribute with the login name."),
        "attr_cn": text(ATTRIBUTE_MAX_CHARS, "Attribute with the display name.", least=0),
        "login_pattern": text(PATTERN_MAX_CHARS, "Selects one of several login names."),
        "ca_file": text(PATH_MAX_CHARS, "The trusted certificate authorities."),
        "tls_verify": flag("Whether certificates are checked."),
        "cert_file": text(PATH_MAX_CHARS, "The client certificate."),
        "key_file": text(PATH_MAX_CHARS, "The key of the client certificate."),
    }


def _sql() -> Schema:
    return {
        **_secret("uri", "The database URI"),
        "query": text(QUERY_MAX_CHARS, "A SELECT of login and display_name by :address."),
        "domains_query": text(QUERY_MAX_CHARS, "A SELECT that finds known domains by :domain."),
    }


def _file() -> Schema:
    path = text(PATH_MAX_CHARS, "A .csv or .toml file.")
    return {"path": {**path, "pattern": r"\.([Cc][Ss][Vv]|[Tt][Oo][Mm][Ll])$"}}


def _secret(key: str, what: str) -> Schema:
    return {
        key: text(URI_MAX_CHARS, f"{what}; exported only with --with-secrets.", least=0),
        f"{key}_file": text(PATH_MAX_CHARS, f"{what} is the first line of this file."),
        f"{key}_env": text(NAME_MAX_CHARS, f"{what} is in this environment variable."),
    }


def _choice(choices: type[enum.StrEnum], about: str) -> Schema:
    return {"enum": [one.value for one in choices], "description": about}
