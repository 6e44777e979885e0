"""The JSON Schema of providers files (draft 2020-12), for editors that check while the user types.

It has the keys of the reader, from the same tables. A schema cannot express some rules: a port
that contradicts its protection, a domain that appears twice, an invalid host name. Only the reader
checks these. The reader accepts names in any case; the schema knows only the usual case.
"""

from typing import Final

from waypost.core.address import SEPARATORS
from waypost.core.model import HOST_BASED, Security, ServiceType
from waypost.providers_file.catalog import PROVIDER_KEYS, TOP_KEYS
from waypost.providers_file.directories.json_schema import directory, ldapserver, users
from waypost.providers_file.directories.ldapserver import KEYS as LDAPSERVER_KEYS
from waypost.providers_file.domains import DOMAIN_KEYS
from waypost.providers_file.inherit import DEFAULTS_KEYS, TEMPLATE_KEYS
from waypost.providers_file.json_schema_parts import (
    Schema,
    flag,
    integer,
    list_of,
    object_schema,
    reference,
    text,
    web_url,
)
from waypost.providers_file.ports import PORT_MAX
from waypost.providers_file.profile import profile_schema
from waypost.providers_file.provider import (
    CONTACT,
    DOCUMENTATION_KEYS,
    IMAGE_TYPE,
    LOGO_KEYS,
    LOGO_MAX_PIXELS,
    LONG_TEXT_MAX_CHARS,
    OAUTH2_KEYS,
)
from waypost.providers_file.redirects import redirect_schema
from waypost.providers_file.service_formats import formats_schema
from waypost.providers_file.services import KEYS as SERVICE_KEYS
from waypost.providers_file.services import POP3_DAYS_MAX, POP3_KEYS, SERVICE_DEFAULT_KEYS
from waypost.providers_file.validators import (
    DOMAIN_MAX_CHARS,
    HOST_MAX_CHARS,
    INTEGER_MAX,
    LOGIN_NAME_MAX_CHARS,
    NAME_MAX_CHARS,
    SHORT_NAME_MAX_CHARS,
    URL_MAX_CHARS,
)
from waypost.providers_file.webmail import webmail_schema

_METHODS: Final = (
    *("password-cleartext", "password-encrypted", "NTLM", "GSSAPI", "TLS-client-cert", "OAuth2"),
    *("client-IP-address", "none", "plain"),
)
_URL_PATTERN: Final = "^([Hh][Tt][Tt][Pp][Ss]?)://"
_LDAP_PATTERN: Final = "^([Ll][Dd][Aa][Pp][Ss]?)://"


def json_schema() -> Schema:
    """Return the schema as plain data."""
    top = {
        "provider": list_of("provider", "Providers of mail services, with their domains."),
        "ldapserver": list_of("ldapserver", "automx2's directory servers."),
        "directory": list_of("directory", "Directories with the users of domains."),
        "template": list_of("template", "Keys that providers with `extends` inherit."),
        "defaults": reference("defaults"),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Waypost providers file",
        "description": "The mail services of domains.",
        **object_schema(TOP_KEYS, top),
        "minProperties": 1,
        "$defs": {
            "provider": object_schema(PROVIDER_KEYS, _provider(), ["name"]),
            "template": object_schema(TEMPLATE_KEYS, _provider(), ["name"]),
            "defaults": object_schema(DEFAULTS_KEYS, _defaults()),
            "domain": _domain(),
            "service": _service(),
            "authentication": _authentication(),
            "documentation": object_schema(DOCUMENTATION_KEYS, _documentation(), ["url"]),
            "logo": object_schema(LOGO_KEYS, _logo(), ["url", "content_type"]),
            "oauth2": {**object_schema(OAUTH2_KEYS, _oauth2()), "minProperties": 1},
            "ldapserver": object_schema(
                LDAPSERVER_KEYS, ldapserver(), ["id", "name", "search_base"]
            ),
            "directory": directory(),
            "profile": profile_schema(),
        },
    }


def _provider() -> Schema:
    return {
        "name": text(NAME_MAX_CHARS, "The name that users see."),
        "short_name": text(SHORT_NAME_MAX_CHARS, "A short name; default: first word of name."),
        "domains": list_of("domain", "The domains of the provider."),
        "domains_file": text(1024, "A file with one domain on each line, in the same folder."),
        "domains_from": text(64, "A [[directory]] whose domains_query finds more domains."),
        "extends": text(NAME_MAX_CHARS, "A template or provider whose keys are inherited."),
        **redirect_schema(),
        **_inherited(),
    }


def _inherited() -> Schema:
    return {
        "services": list_of("service", "For each type, the preferred service first."),
        "documentation": list_of("documentation", "Pages for users."),
        "oauth2": list_of("oauth2", "Where clients get OAuth2 tokens."),
        "enable": list_of("documentation", "Where users must enable something first."),
        "webmail": webmail_schema(),
        "update_url": _web_url("Where clients later check for a newer configuration."),
        "logos": list_of("logo", "Pictures, the preferred one first."),
        "developer_url": _https_url("Where authors of clients find help."),
        "contacts": {"type": "array", "items": _contact(), "description": "Help for users."},
        "profile": reference("profile"),
        "subaddress_separators": _separators(),
        **users(),
    }


def _defaults() -> Schema:
    service = {key: _service_properties()[key] for key in SERVICE_DEFAULT_KEYS}
    about = {"description": "Defaults for all services."}
    return {**_inherited(), "service": {**object_schema(SERVICE_DEFAULT_KEYS, service), **about}}


def _domain() -> Schema:
    name = text(DOMAIN_MAX_CHARS, "example.com, *.example.com, or * for all others.")
    # A U-label is longer as an A-label, so the length of the string is not a safe limit.
    plain = {"type": "string", "minLength": 1}
    entry = object_schema(DOMAIN_KEYS, {"name": name, **users(), **redirect_schema()}, ["name"])
    return {"anyOf": [plain, entry]}


def _service() -> Schema:
    hosts = sorted([*HOST_BASED, "pop"])
    urls = sorted(set(ServiceType) - HOST_BASED - {ServiceType.LDAP} | {ServiceType.XMPP})
    with_host = {"required": ["host"], "properties": {"type": {"enum": hosts}, "url": False}}
    none: Schema = dict.fromkeys(("host", "port", "security"), False)
    with_url, with_ldap = (
        {
            "required": ["url"],
            "properties": {"type": {"enum": types}, "url": {"pattern": pattern}, **none},
        }
        for types, pattern in ((urls, _URL_PATTERN), ([ServiceType.LDAP.value], _LDAP_PATTERN))
    )
    service = object_schema(SERVICE_KEYS, _service_properties(), ["type"])
    return {**service, "anyOf": [with_host, with_url, with_ldap]}


def _service_properties() -> Schema:
    names = {"type": "string", "minLength": 1}
    domains = {"type": "array", "items": names, "minItems": 1, "uniqueItems": True}
    protections = {"enum": [one.value for one in Security]}
    return {
        "type": {
            "enum": [*(one.value for one in ServiceType), "pop"],
            "description": "The type of the service.",
        },
        "host": text(HOST_MAX_CHARS, "Host name; may contain %EMAILDOMAIN%."),
        "port": integer(1, PORT_MAX, "Default: from type and security."),
        "security": {**protections, "description": "Default: from the port."},
        "url": text(URL_MAX_CHARS, "Absolute URL; ldaps://host/base??sub for LDAP."),
        "authentication": {
            **reference("authentication"),
            "description": "The preferred method first.",
        },
        "login_name": text(LOGIN_NAME_MAX_CHARS, "Empty: the client asks the user.", least=0),
        "priority": integer(0, INTEGER_MAX, "Clients prefer smaller numbers."),
        "domain_required": flag("The login name must contain the domain."),
        "domains": {**domains, "description": "Only for these domains of the provider."},
        "pop3": {**object_schema(POP3_KEYS, _pop3()), "minProperties": 1},
        "formats": formats_schema(),
    }


def _pop3() -> Schema:
    days = integer(0, POP3_DAYS_MAX, "How many days fetched mail stays on the server.")
    return {
        "leave_messages_on_server": flag("Fetched mail stays on the server."),
        "days_to_leave_messages_on_server": days,
        "download_on_biff": flag("Fetch mail when the client checks for new mail."),
    }


def _authentication() -> Schema:
    method = {"anyOf": [{"enum": list(_METHODS)}, {"type": "string", "pattern": "^(http|sasl):."}]}
    several = {"type": "array", "items": method, "minItems": 1, "maxItems": 16, "uniqueItems": True}
    return {"anyOf": [method, several]}


def _documentation() -> Schema:
    texts = {"type": "object", "additionalProperties": text(LONG_TEXT_MAX_CHARS, "A text.")}
    names = {"propertyNames": {"pattern": "^$|^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$"}}
    about = {"description": "By language (RFC 5646); an empty key means no language."}
    return {"url": _web_url("Address of the page."), "descriptions": {**texts, **names, **about}}


def _separators() -> Schema:
    about = "Characters between user and detail (RFC 5233); login names omit the detail."
    signs = "".join(f"\\{sign}" if sign in r"^-\]" else sign for sign in SEPARATORS)
    return {**text(len(SEPARATORS), about, least=0), "pattern": f"^[{signs}]*$"}


def _logo() -> Schema:
    about = "Media type, such as image/png."
    kind = {**text(LONG_TEXT_MAX_CHARS, about), "pattern": f"^{IMAGE_TYPE.pattern}$"}
    return {
        "url": _https_url("Address of the picture."),
        "content_type": kind,
        "width": integer(1, LOGO_MAX_PIXELS, "In pixels."),
        "height": integer(1, LOGO_MAX_PIXELS, "In pixels."),
    }


def _contact() -> Schema:
    pattern = f"^({CONTACT.pattern}|[Hh][Tt][Tt][Pp][Ss]://.+)$"
    return {**text(LONG_TEXT_MAX_CHARS, "mailto:, tel:+ or https://."), "pattern": pattern}


def _https_url(about: str) -> Schema:
    return {**text(LONG_TEXT_MAX_CHARS, about), "pattern": "^[Hh][Tt][Tt][Pp][Ss]://"}


def _oauth2() -> Schema:
    return {
        "issuer": _web_url("Issuer."),
        "auth_url": _web_url("Authorization endpoint."),
        "token_url": _web_url("Token endpoint."),
        "scope": text(LONG_TEXT_MAX_CHARS, "Scopes, separated by spaces."),
        "client_id": text(LONG_TEXT_MAX_CHARS, "The client's id."),
        "client_secret": text(LONG_TEXT_MAX_CHARS, "The client's secret, which is public."),
    }


def _web_url(about: str) -> Schema:
    return web_url(LONG_TEXT_MAX_CHARS, about)
