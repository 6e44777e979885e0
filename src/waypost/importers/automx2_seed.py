"""Read automx2's JSON seeds: version 1 (up to release 2026.0) and version 2 (since 2026.1).

The sources for the meaning of the keys are automx2's manual, its sample seeds and its behaviour:
one provider, all servers for all domains, login name `%EMAILADDRESS%`, TLS on the ports 465, 993
and 995 and STARTTLS on all others.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from waypost.core.model import (
    DEFAULT_PRIORITY,
    HTTP_BASIC,
    PASSWORD_CLEARTEXT,
    Catalog,
    DirectoryPolicy,
    Domain,
    DomainPattern,
    HostEndpoint,
    LdapServer,
    Provider,
    Security,
    Service,
    ServiceType,
    UrlEndpoint,
)
from waypost.importers.seed_table import SeedTable
from waypost.providers_file.catalog import (
    default_short_name,
    read_catalog,
    warn_of_unusable_domains,
)
from waypost.providers_file.document import decode, guess_format, parse, read_bytes
from waypost.providers_file.domains import register_domain
from waypost.providers_file.load import read_providers
from waypost.providers_file.models.base import read_table
from waypost.providers_file.models.ldap import LdapServerTable
from waypost.providers_file.models.rules import FileContext
from waypost.providers_file.ports import PORT_MAX
from waypost.providers_file.validation import Mistakes, ReadResult, did_you_mean, type_name
from waypost.providers_file.validators import (
    DOMAIN_MAX_CHARS,
    HOST_MAX_CHARS,
    INTEGER_MAX,
    NAME_MAX_CHARS,
    URL_MAX_CHARS,
    check_host,
    check_url,
)

_TOP_KEYS: Final = ("version", "provider", "domains", "servers", "ldapservers")
_SERVER_KEYS: Final = ("type", "name", "port", "prio")
_DAV_KEYS: Final = ("type", "url", "port")
_DOMAIN_KEYS: Final = ("name", "ldapserver_id")
_HOST_TYPES: Final = {
    "imap": (ServiceType.IMAP, 993),
    "pop": (ServiceType.POP3, 995),
    "smtp": (ServiceType.SMTP, 465),
}
_URL_TYPES: Final = {"caldav": ServiceType.CALDAV, "carddav": ServiceType.CARDDAV}
_TLS_PORTS: Final = frozenset({465, 993, 995})
_YES: Final = frozenset({"1", "t", "true", "y", "yes", "on"})
_NO: Final = frozenset({"", "0", "f", "false", "n", "no", "off"})


def read_seed(seed: str | bytes | dict[str, object], *, name: str) -> ReadResult:
    """Read a seed.

    Args:
        seed: JSON as a string or as bytes (UTF-8), or the parsed data.
        name: the name of the seed in messages, usually its path.

    Raises:
        ProvidersError: all mistakes at once, each `NAME: path: rule`.
    """
    if isinstance(seed, bytes):
        seed = decode(seed, name)
    data = parse(seed, name, "json") if isinstance(seed, str) else seed
    report = Mistakes(name)
    return report.result(_catalog(SeedTable(report, "", data)))


def read_any(path: Path) -> ReadResult:
    """Read a file that is either a providers file or a seed.

    Raises:
        ProvidersError: the file cannot be read, is not UTF-8, or has mistakes; all mistakes at
            once.
    """
    name = str(path)
    text = decode(read_bytes(path), name)
    if guess_format(path, text) == "toml":
        return read_providers(text, name=name, format="toml", folder=path.parent)
    data = parse(text, name, "json")
    if is_seed(data):
        return read_seed(data, name=name)
    report = Mistakes(name)
    return report.result(read_catalog(report, data, path.parent))


def is_seed(data: dict[str, object]) -> bool:
    """Return whether data are a seed, not a providers file, where `provider` is a list."""
    if isinstance(data.get("provider"), list):
        return False
    return any(key in data for key in ("version", "servers", "domains", "ldapservers")) or (
        isinstance(data.get("provider"), str)
    )


def _catalog(top: SeedTable) -> Catalog:
    _warn_of_unknown(top, _TOP_KEYS)
    version = top.integer("version", 1, INTEGER_MAX) if "version" in top else 1
    if version is not None and version not in {1, 2}:
        top.problem("version", "must be 2; remove it for the form of automx2 2026.0 and older")
    top.require("provider", "domains", "servers")
    name = top.text("provider", NAME_MAX_CHARS)
    ldapservers = _ldapservers(top)
    services = _services(top)
    patterns = _domains(top, ldapservers)
    if name is None:
        return Catalog()
    provider = Provider(name, default_short_name(name))
    known = {number: server for number, server in ldapservers.items() if server is not None}
    users = {number: DirectoryPolicy(server) for number, server in known.items()}
    domains = tuple(
        Domain(pattern, provider, services, None if number is None else users.get(number))
        for pattern, number in patterns
    )
    if len(services) == len(top.items("servers")):
        warn_of_unusable_domains(top.report, "", domains)
    return Catalog(domains, tuple(known.values()))


def _warn_of_unknown(table: SeedTable, known: Sequence[str]) -> None:
    # automx2 ignores unknown keys. Keys such as `_comment` are unknown on purpose.
    for key, text in table.unknown(known):
        if not key.startswith("_"):
            table.warn("", f"{key!r}: {text}; automx2 and Waypost ignore this key")


def _domains(
    top: SeedTable, ldapservers: Mapping[int, LdapServer | None]
) -> list[tuple[DomainPattern, int | None]]:
    patterns = []
    paths: dict[str, str] = {}
    items = top.items("domains")
    if not items and isinstance(top.raw("domains"), list):
        top.problem("domains", "is empty; a seed has at least one domain")
    for item_path, item in items:
        number: int | None = None
        if isinstance(item, str):
            text: str | None = item
        elif isinstance(item, dict):
            entry = SeedTable(top.report, top.path_of(item_path), item)
            _warn_of_unknown(entry, _DOMAIN_KEYS)
            number = _reference(entry, ldapservers)
            text = entry.text("name", DOMAIN_MAX_CHARS) if entry.require("name") else None
        else:
            rule = f"must be a string (version 1) or a table (version 2), not {type_name(item)}"
            top.problem(item_path, rule)
            continue
        pattern = _pattern(top, item_path, text, paths) if text is not None else None
        if pattern is not None:
            patterns.append((pattern, number))
    return patterns


def _pattern(
    top: SeedTable, item_path: str, text: str, paths: dict[str, str]
) -> DomainPattern | None:
    try:
        pattern = DomainPattern.parse(text)
    except ValueError as error:
        top.problem(item_path, str(error))
        return None
    if len(pattern.text) > DOMAIN_MAX_CHARS:
        top.problem(item_path, f"is longer than {DOMAIN_MAX_CHARS} characters")
    return pattern if register_domain(top.report, top.path_of(item_path), pattern, paths) else None


def _reference(entry: SeedTable, known: Mapping[int, LdapServer | None]) -> int | None:
    if entry.raw("ldapserver_id") in (None, "", 0):
        return None  # For automx2 these values mean "none".
    number = entry.integer("ldapserver_id", 0, INTEGER_MAX)
    if number is not None and number not in known:
        entry.problem("ldapserver_id", f"there is no LDAP server with id {number} in `ldapservers`")
    return number


def _services(top: SeedTable) -> tuple[Service, ...]:
    services = []
    has_mail = False
    for table in top.tables("servers"):
        if not table.require("type"):
            continue
        text = table.text("type", 32)
        if text in _URL_TYPES:
            service = _dav_service(table, _URL_TYPES[text])
        elif text in _HOST_TYPES:
            has_mail = True
            service = _host_service(table, *_HOST_TYPES[text])
        else:
            if text is not None:
                known = (*_HOST_TYPES, *_URL_TYPES)
                table.problem("type", f"unknown server type{did_you_mean(text, known)}")
            has_mail = True
            continue
        if service is not None:
            services.append(service)
    if not has_mail and isinstance(top.raw("servers"), list):
        top.problem("servers", "must have at least one of type imap, pop or smtp")
    return tuple(services)


def _host_service(table: SeedTable, service_type: ServiceType, default_port: int) -> Service | None:
    _warn_of_unknown(table, _SERVER_KEYS)
    host = table.text("name", HOST_MAX_CHARS, check_host) if table.require("name") else None
    port = table.integer("port", 1, PORT_MAX) if "port" in table else default_port
    priority = table.integer("prio", 0, INTEGER_MAX)
    if host is None or port is None:
        return None
    security = Security.TLS if port in _TLS_PORTS else Security.STARTTLS
    endpoint = HostEndpoint(host, port, security)
    # automx2's column cannot be NULL, so its default means that no priority is set.
    priority = None if priority == DEFAULT_PRIORITY else priority
    return Service(service_type, endpoint, (PASSWORD_CLEARTEXT,), priority=priority)


def _dav_service(table: SeedTable, service_type: ServiceType) -> Service | None:
    _warn_of_unknown(table, _DAV_KEYS)
    port = table.integer("port", 0, PORT_MAX)
    url = table.text("url", URL_MAX_CHARS, check_url) if table.require("url") else None
    if url is None:
        return None
    parts = urlsplit(url)
    port_of_url = parts.port or (443 if parts.scheme.lower() == "https" else 80)
    if port and port != port_of_url:
        table.warn("port", f"is {port}, but the URL has {port_of_url}; Waypost uses the URL")
    if parts.scheme.lower() == "http":
        table.warn("url", "is not encrypted; passwords can be read on the network")
    endpoint = UrlEndpoint(url)
    return Service(service_type, endpoint, (HTTP_BASIC,), domain_required=True)


def _ldapservers(top: SeedTable) -> dict[int, LdapServer | None]:
    """Return the directory servers by number; a server with mistakes is None."""
    servers: dict[int, LdapServer | None] = {}
    keys = LdapServerTable.model_fields
    for table in top.tables("ldapservers"):
        _warn_of_unknown(table, tuple(keys))
        table.require("id", "search_base", "bind_user", "bind_password")
        data = {key: table.raw(key) for key in keys if key in table}
        number = data.get("id")
        if isinstance(number, int) and number in servers:
            table.problem("id", f"{number} appears twice; ids must be unique")
        if "use_ssl" in data:
            data["use_ssl"] = _truthy(table, "use_ssl") or False
        server = read_table(LdapServerTable, data, top.report, table.path, FileContext())
        if isinstance(number, int):
            servers[number] = None if server is None else server.build()
    return servers


def _truthy(table: SeedTable, key: str) -> bool | None:
    if key not in table:
        return None
    word = str(table.raw(key)).lower()
    if word in _YES | _NO:
        return word in _YES
    table.problem(key, 'must be true or false (or "yes", "no", 1, 0)')
    return None
