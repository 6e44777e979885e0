"""Read one service of a providers file."""

import re
from collections.abc import Mapping
from typing import Final

from waypost.core.model import (
    ALL_FORMATS,
    CLIENT_IP_ADDRESS,
    DEFAULT_PRIORITY,
    EMAIL_ADDRESS,
    GSSAPI,
    HOST_BASED,
    HTTP_BASIC,
    HTTP_DIGEST,
    NO_AUTHENTICATION,
    NTLM,
    OAUTH2,
    PASSWORD_CLEARTEXT,
    PASSWORD_ENCRYPTED,
    TLS_CLIENT_CERT,
    Authentication,
    AuthenticationSystem,
    DomainPattern,
    HostEndpoint,
    Pop3Options,
    Security,
    Service,
    ServiceType,
    UrlEndpoint,
    default_authentication,
)
from waypost.core.text_rules import invisible_in
from waypost.providers_file.ports import (
    PORT_MAX,
    contradiction,
    default_port,
    default_security,
    oddity,
)
from waypost.providers_file.service_formats import KEY as FORMATS_KEY
from waypost.providers_file.service_formats import read_formats, warn_of_none
from waypost.providers_file.validation import Table, kind, nearest, warn_of_placeholder
from waypost.providers_file.validators import (
    HOST_MAX_CHARS,
    INTEGER_MAX,
    LOGIN_NAME_MAX_CHARS,
    URL_MAX_CHARS,
    RuleBroken,
    check_host,
    check_ldap_url,
    check_url,
)

KEYS: Final = (
    *("type", "host", "port", "security", "url", "authentication", "login_name", "priority"),
    *("domain_required", "domains", "pop3", FORMATS_KEY),
)
POP3_KEYS: Final = (
    *("leave_messages_on_server", "days_to_leave_messages_on_server", "download_on_biff"),
)
POP3_DAYS_MAX: Final = 36500
SERVICE_DEFAULT_KEYS: Final = (
    *("authentication", "login_name", "priority", "domain_required", FORMATS_KEY),
)
"""The keys of `[defaults.service]`; `authentication` applies only to services with a host."""
_HOST_KEYS: Final = ("host", "port", "security")
_TYPES: Final[Mapping[str, ServiceType]] = {
    **{service_type.value: service_type for service_type in ServiceType},
    "pop": ServiceType.POP3,
}
_METHODS: Final[Mapping[str, Authentication]] = {
    "password-cleartext": PASSWORD_CLEARTEXT,
    "password-encrypted": PASSWORD_ENCRYPTED,
    "ntlm": NTLM,
    "gssapi": GSSAPI,
    "tls-client-cert": TLS_CLIENT_CERT,
    "oauth2": OAUTH2,
    "client-ip-address": CLIENT_IP_ADDRESS,
    "none": NO_AUTHENTICATION,
    "http:basic": HTTP_BASIC,
    "http:digest": HTTP_DIGEST,
}
_METHODS_MAX: Final = 16
# RFC 9110 s11.1: a token; RFC 4422 s3.1: 1 to 20 capital letters, digits, hyphens, underscores.
HTTP_SCHEME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,20}")
SASL_MECHANISM: Final = re.compile(r"[A-Z0-9_-]{1,20}")


def read_service(table: Table) -> Service | None:
    """Read a service; report its mistakes, and return None if it cannot be used."""
    table.refuse_unknown(KEYS)
    if (service_type := _type(table)) is None:
        return None
    endpoint = _endpoint(table, service_type)
    on_web = isinstance(endpoint, UrlEndpoint) or "url" in table
    authentication = _authentication(table, default_authentication(service_type, has_url=on_web))
    login_name = _login_name(table)
    priority = read_priority(table, "priority")
    domain_required = table.flag("domain_required") or False
    pop3 = _pop3(table, service_type)
    formats = read_formats(table) or ALL_FORMATS
    warn_of_none(table, service_type, formats)
    if endpoint is None or authentication is None:
        return None
    return Service(
        *(service_type, endpoint, authentication, login_name, priority, domain_required, pop3),
        formats=formats,
    )


def read_service_defaults(table: Table) -> dict[str, object]:
    """Read the keys that services inherit; return the values that have no mistakes, unchanged."""
    found = {key: table.raw(key) for key in SERVICE_DEFAULT_KEYS if key in table}
    if _authentication(table, PASSWORD_CLEARTEXT) is None:
        found.pop("authentication")
    if _login_name(table) is None and table.raw("login_name") != "":
        found.pop("login_name")
    if table.integer("priority", 0, INTEGER_MAX) is None:
        found.pop("priority", None)
    if table.flag("domain_required") is None:
        found.pop("domain_required", None)
    if read_formats(table) is None:
        found.pop(FORMATS_KEY, None)
    return found


def read_priority(table: Table, key: str) -> int | None:
    """Read a priority; the default becomes None, because automx2's column cannot be NULL."""
    priority = table.integer(key, 0, INTEGER_MAX)
    return None if priority == DEFAULT_PRIORITY else priority


def read_patterns(table: Table) -> frozenset[str] | None:
    """Read the domains that have a service, as the texts of patterns; None means all domains."""
    if "domains" not in table:
        return None
    items = table.items("domains")
    if not items and isinstance(table.raw("domains"), list):
        table.problem("domains", "is empty; remove it if the service is for all domains")
    found = set()
    for at, item in items:
        if not isinstance(item, str):
            table.problem(at, f"must be a string, not {kind(item)}")
            continue
        try:
            text = DomainPattern.parse(item).text
        except ValueError as error:
            table.problem(at, str(error))
            continue
        if text in found:
            table.problem(at, "appears twice in this list")
        found.add(text)
    return frozenset(found)


def _pop3(table: Table, service_type: ServiceType) -> Pop3Options | None:
    options = table.table("pop3")
    if options is None:
        return None
    if service_type is not ServiceType.POP3:
        table.problem("pop3", f"a service of type {service_type} cannot have POP3 options")
    options.refuse_unknown(POP3_KEYS)
    if not any(key in options for key in POP3_KEYS):
        options.problem("", f"is empty; known keys are {', '.join(POP3_KEYS)}")
    return Pop3Options(
        options.flag("leave_messages_on_server"),
        options.integer("days_to_leave_messages_on_server", 0, POP3_DAYS_MAX),
        options.flag("download_on_biff"),
    )


def _type(table: Table) -> ServiceType | None:
    if not table.require("type"):
        return None
    text = table.text("type", 32)
    if text is None:
        return None
    service_type = _TYPES.get(text.lower())
    if service_type is None:
        names = [service_type.value for service_type in ServiceType]
        table.problem("type", f"unknown service type{nearest(text.lower(), names)}")
    return service_type


def _endpoint(table: Table, service_type: ServiceType) -> HostEndpoint | UrlEndpoint | None:
    if service_type in HOST_BASED and not (service_type is ServiceType.XMPP and "url" in table):
        if "url" in table:
            table.problem("url", f"a service of type {service_type} has a host, not a URL")
        return _host_endpoint(table, service_type)
    for key in _HOST_KEYS:
        if key in table:
            table.problem(key, f"a service of type {service_type} has only a URL; remove {key}")
    if not table.require("url"):
        return None
    text = table.text("url", URL_MAX_CHARS)
    if text is None:
        return None
    is_ldap = service_type is ServiceType.LDAP
    try:
        url = check_ldap_url(text) if is_ldap else check_url(text)
    except RuleBroken as broken:
        table.problem("url", str(broken))
        return None
    warn_of_placeholder(table, "url", url)
    if url.lower().startswith(("http:", "ldap:")):
        table.warn("url", "is not encrypted; passwords can be read on the network")
    return UrlEndpoint(url)


def _host_endpoint(table: Table, service_type: ServiceType) -> HostEndpoint | None:
    host = read_host(table, "host")
    port = table.integer("port", 1, PORT_MAX)
    security = _security(table)
    if (port is None and "port" in table) or (security is None and "security" in table):
        return None
    if security is None:
        security = default_security(service_type, port)
    if security is None:
        table.problem("security", f"is missing; port {port} does not imply tls, starttls or none")
        return None
    if port is None:
        port = default_port(service_type, security)
    if reason := contradiction(port, security):
        table.problem("port" if "port" in table else "security", reason)
    elif reason := oddity(port, security):
        table.warn("security" if "security" in table else "port", reason)
    if security is Security.NONE:
        table.warn("security", "is none: passwords and mail can be read on the network")
    return HostEndpoint(host, port, security) if host is not None else None


def read_host(table: Table, key: str) -> str | None:
    """Read a host name, an IP address or a template."""
    if not table.require(key):
        return None
    text = table.text(key, HOST_MAX_CHARS)
    if text is None:
        return None
    try:
        return check_host(text)
    except RuleBroken as broken:
        table.problem(key, str(broken))
        return None


def _security(table: Table) -> Security | None:
    text = table.text("security", 32)
    if text is None:
        return None
    names = [security.value for security in Security]
    if text.lower() not in names:
        table.problem("security", f"unknown security{nearest(text.lower(), names)}")
        return None
    return Security(text.lower())


def _login_name(table: Table) -> str | None:
    if "login_name" not in table:
        return EMAIL_ADDRESS
    text = table.text("login_name", LOGIN_NAME_MAX_CHARS, may_be_empty=True)
    if invisible := invisible_in(text or ""):
        table.problem("login_name", f"contains the invisible character {invisible}")
    warn_of_placeholder(table, "login_name", text or "")
    return text or None


def _authentication(table: Table, default: Authentication) -> tuple[Authentication, ...] | None:
    if "authentication" not in table:
        return (default,)
    if isinstance(table.raw("authentication"), str):
        methods = [_method(table, "authentication", table.raw("authentication"))]
    else:
        items = table.items("authentication")
        if not items and isinstance(table.raw("authentication"), list):
            table.problem("authentication", "is empty; remove it to use the default")
        methods = [_method(table, at, item) for at, item in items]
    found = tuple(method for method in methods if method is not None)
    if len(found) < len(methods) or not found:
        return None
    if len(found) > _METHODS_MAX:
        table.problem("authentication", f"lists more than {_METHODS_MAX} methods")
        return None
    if len(set(found)) < len(found):
        table.problem("authentication", "lists a method twice")
        return None
    return found


def _method(table: Table, at: str, value: object) -> Authentication | None:
    if not isinstance(value, str):
        table.problem(at, f"must be a string, not {kind(value)}")
        return None
    if value.lower() == "plain":
        table.warn(at, "plain is read as password-cleartext")
        return PASSWORD_CLEARTEXT
    if (method := _METHODS.get(value.lower())) is not None:
        return method
    system, colon, name = value.partition(":")
    if colon and system.lower() == "http" and HTTP_SCHEME.fullmatch(name):
        return Authentication(name, AuthenticationSystem.HTTP)
    if colon and system.lower() == "sasl" and SASL_MECHANISM.fullmatch(name.upper()):
        return Authentication(name.upper(), AuthenticationSystem.SASL)
    known = [*(str(method) for method in _METHODS.values()), "http:...", "sasl:..."]
    table.problem(at, f"unknown authentication method{nearest(value, known)}")
    return None
