"""The JSON Schema of providers files (draft 2020-12), for editors that check while one types.

It has the keys that the reader has, from the same tables. What a schema cannot say (a port that
contradicts its protection, a domain that stands twice, a host that is none) the reader says; and
the reader takes names in any case where the schema knows only the usual one.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from waypost.model import HOST_BASED, Security, ServiceType
from waypost.transfer.directory_servers import KEYS as LDAPSERVER_KEYS
from waypost.transfer.inheritance import DEFAULTS_KEYS, TEMPLATE_KEYS
from waypost.transfer.ports import PORT_MAX
from waypost.transfer.provider_domains import DOMAIN_KEYS
from waypost.transfer.provider_parts import DOCUMENTATION_KEYS, LONG_TEXT_MAX_CHARS, OAUTH2_KEYS
from waypost.transfer.providers_schema import PROVIDER_KEYS, TOP_KEYS
from waypost.transfer.rules import (
    ATTRIBUTE_MAX_CHARS,
    DOMAIN_MAX_CHARS,
    HOST_MAX_CHARS,
    INTEGER_MAX,
    LOGIN_NAME_MAX_CHARS,
    NAME_MAX_CHARS,
    SHORT_NAME_MAX_CHARS,
    URL_MAX_CHARS,
)
from waypost.transfer.services import KEYS as SERVICE_KEYS
from waypost.transfer.services import POP3_DAYS_MAX, POP3_KEYS, SERVICE_DEFAULT_KEYS

Schema = dict[str, Any]
_METHODS: Final = (
    *("password-cleartext", "password-encrypted", "NTLM", "GSSAPI", "TLS-client-cert", "OAuth2"),
    *("client-IP-address", "none", "plain"),
)
_URL_PATTERN: Final = "^([Hh][Tt][Tt][Pp][Ss]?)://"


def json_schema() -> Schema:
    """Give the schema as plain data."""
    top = {
        "provider": _list("provider", "Who runs mail services, and for which domains."),
        "ldapserver": _list("ldapserver", "Directory servers that know the users of domains."),
        "template": _list("template", "What providers with `extends` take over."),
        "defaults": _ref("defaults"),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Waypost providers file",
        "description": "Which mail services which domains have.",
        **_object(TOP_KEYS, top),
        "minProperties": 1,
        "$defs": {
            "provider": _object(PROVIDER_KEYS, _provider(), ["name"]),
            "template": _object(TEMPLATE_KEYS, _provider(), ["name"]),
            "defaults": _object(DEFAULTS_KEYS, _defaults()),
            "domain": _domain(),
            "service": _service(),
            "authentication": _authentication(),
            "documentation": _object(DOCUMENTATION_KEYS, _documentation(), ["url"]),
            "oauth2": {**_object(OAUTH2_KEYS, _oauth2()), "minProperties": 1},
            "ldapserver": _object(LDAPSERVER_KEYS, _ldapserver(), ["id", "name", "search_base"]),
        },
    }


def _provider() -> Schema:
    return {
        "name": _text(NAME_MAX_CHARS, "Name for people."),
        "short_name": _text(SHORT_NAME_MAX_CHARS, "For narrow places; else the name's first word."),
        "domains": _list("domain", "Its domains."),
        "domains_file": _text(1024, "A file with a domain a line, beside this one."),
        "domains_from": _text(64, "A [[directory]] whose domains_query knows more of them."),
        "extends": _text(NAME_MAX_CHARS, "A template or provider to take what is not said here."),
        **_inherited(),
    }


def _inherited() -> Schema:
    return {
        "services": _list("service", "The preferred one of each type first."),
        "documentation": _list("documentation", "Pages for people."),
        "oauth2": _list("oauth2", "Where clients get OAuth2 tokens."),
        "ldapserver": _integer(0, INTEGER_MAX, "The directory server for all domains."),
    }


def _defaults() -> Schema:
    service = {key: _service_properties()[key] for key in SERVICE_DEFAULT_KEYS}
    about = {"description": "For each service that does not say otherwise."}
    return {**_inherited(), "service": {**_object(SERVICE_DEFAULT_KEYS, service), **about}}


def _domain() -> Schema:
    name = _text(DOMAIN_MAX_CHARS, "example.com, *.example.com, or * for all others.")
    number = _integer(0, INTEGER_MAX, "The id of an [[ldapserver]].")
    # A U-label is longer as an A-label, so that the length of a text says nothing sure.
    text = {"type": "string", "minLength": 1}
    entry = _object(DOMAIN_KEYS, {"name": name, "ldapserver": number}, ["name"])
    return {"anyOf": [text, entry]}


def _service() -> Schema:
    hosts = sorted([*HOST_BASED, "pop"])
    urls = sorted(set(ServiceType) - HOST_BASED | {ServiceType.XMPP})
    with_host = {"required": ["host"], "properties": {"type": {"enum": hosts}, "url": False}}
    none: Schema = dict.fromkeys(("host", "port", "security"), False)
    with_url = {"required": ["url"], "properties": {"type": {"enum": urls}, **none}}
    service = _object(SERVICE_KEYS, _service_properties(), ["type"])
    return {**service, "anyOf": [with_host, with_url]}


def _service_properties() -> Schema:
    names = {"type": "string", "minLength": 1}
    domains = {"type": "array", "items": names, "minItems": 1, "uniqueItems": True}
    protections = {"enum": [one.value for one in Security]}
    return {
        "type": {
            "enum": [*(one.value for one in ServiceType), "pop"],
            "description": "What it is.",
        },
        "host": _text(HOST_MAX_CHARS, "Host name; may hold %EMAILDOMAIN%."),
        "port": _integer(1, PORT_MAX, "Follows from type and security."),
        "security": {**protections, "description": "Follows from the port."},
        "url": {**_text(URL_MAX_CHARS, "Whole URL."), "pattern": _URL_PATTERN},
        "authentication": {**_ref("authentication"), "description": "The preferred one first."},
        "login_name": _text(LOGIN_NAME_MAX_CHARS, "Empty: the client asks.", least=0),
        "priority": _integer(0, INTEGER_MAX, "Smaller is preferred."),
        "domain_required": _flag("The login name must carry the domain."),
        "domains": {**domains, "description": "Only these of the provider's domains."},
        "pop3": {**_object(POP3_KEYS, _pop3()), "minProperties": 1},
    }


def _pop3() -> Schema:
    days = _integer(0, POP3_DAYS_MAX, "For how many days it stays there.")
    return {
        "leave_messages_on_server": _flag("Fetched mail stays on the server."),
        "days_to_leave_messages_on_server": days,
        "download_on_biff": _flag("Fetch mail when looking for it."),
    }


def _authentication() -> Schema:
    method = {"anyOf": [{"enum": list(_METHODS)}, {"type": "string", "pattern": "^(http|sasl):."}]}
    several = {"type": "array", "items": method, "minItems": 1, "maxItems": 16, "uniqueItems": True}
    return {"anyOf": [method, several]}


def _documentation() -> Schema:
    texts = {"type": "object", "additionalProperties": _text(LONG_TEXT_MAX_CHARS, "A text.")}
    names = {"propertyNames": {"pattern": "^$|^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$"}}
    about = {"description": "By language (RFC 5646); an empty key is no language."}
    return {"url": _web_url("Address of the page."), "descriptions": {**texts, **names, **about}}


def _oauth2() -> Schema:
    return {
        "issuer": _web_url("Issuer."),
        "auth_url": _web_url("Authorization endpoint."),
        "token_url": _web_url("Token endpoint."),
        "scope": _text(LONG_TEXT_MAX_CHARS, "Scopes, separated by blanks."),
        "client_id": _text(LONG_TEXT_MAX_CHARS, "The client's id."),
        "client_secret": _text(LONG_TEXT_MAX_CHARS, "The client's secret, which is public."),
    }


def _ldapserver() -> Schema:
    return {
        "id": _integer(0, INTEGER_MAX, "Domains name it."),
        "name": _text(HOST_MAX_CHARS, "Host name."),
        "port": _integer(1, PORT_MAX, "636 by default."),
        "use_ssl": _flag("TLS from the first octet; the default on port 636."),
        "search_base": _text(NAME_MAX_CHARS, "Where the search begins.", least=0),
        "search_filter": {
            **_text(NAME_MAX_CHARS, "RFC 4515, with {0} for the address."),
            "pattern": r"\{0\}",
        },
        "attr_uid": _text(ATTRIBUTE_MAX_CHARS, "Attribute with the login name."),
        "attr_cn": _text(ATTRIBUTE_MAX_CHARS, "Attribute with the name for people.", least=0),
        "bind_user": _text(NAME_MAX_CHARS, "Who asks.", least=0),
        "bind_password": _text(NAME_MAX_CHARS, "Exported only where that is asked for.", least=0),
    }


def _object(keys: Sequence[str], about: Mapping[str, Any], required: Sequence[str] = ()) -> Schema:
    """Describe a table with exactly these keys; one without a description is an error."""
    properties = {key: about[key] for key in keys}
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": list(required)} if required else found


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _list(name: str, about: str) -> Schema:
    return {"type": "array", "items": _ref(name), "description": about}


def _text(max_chars: int, about: str, *, least: int = 1) -> Schema:
    return {"type": "string", "minLength": least, "maxLength": max_chars, "description": about}


def _integer(low: int, high: int, about: str) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high, "description": about}


def _flag(about: str) -> Schema:
    return {"type": "boolean", "description": about}


def _web_url(about: str) -> Schema:
    return {**_text(LONG_TEXT_MAX_CHARS, about), "pattern": _URL_PATTERN}
