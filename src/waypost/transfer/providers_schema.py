"""What a providers file means: from plain data to a catalog, with every mistake noted."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from waypost.model import (
    Catalog,
    Documentation,
    Domain,
    DomainPattern,
    LdapServer,
    OAuth2,
    Provider,
    Service,
    ServiceType,
)
from waypost.preference import INCOMING
from waypost.transfer.directory_servers import KEYS as LDAPSERVER_KEYS
from waypost.transfer.directory_servers import read_ldapserver
from waypost.transfer.rules import (
    DOMAIN_MAX_CHARS,
    INTEGER_MAX,
    NAME_MAX_CHARS,
    SHORT_NAME_MAX_CHARS,
    RuleBroken,
    check_web_url,
)
from waypost.transfer.services import read_patterns, read_service
from waypost.transfer.tables import Report, Table, kind

TOP_KEYS: Final = ("provider", "ldapserver")
PROVIDER_KEYS: Final = ("name", "short_name", "domains", "services", "documentation", "oauth2")
DOMAIN_KEYS: Final = ("name", "ldapserver")
DOCUMENTATION_KEYS: Final = ("url", "descriptions")
OAUTH2_KEYS: Final = ("issuer", "auth_url", "token_url", "scope", "client_id", "client_secret")
OAUTH2_URLS: Final = frozenset({"issuer", "auth_url", "token_url"})
LONG_TEXT_MAX_CHARS: Final = 2000
# RFC 5646 s2.1: sub-tags of letters and digits.
_LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")


@dataclass(slots=True)
class _Seen:
    """What was met so far: where each domain stands, and the directory servers that exist."""

    domains: dict[str, str] = field(default_factory=dict)
    ldapservers: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class _Named:
    pattern: DomainPattern
    ldapserver_id: int | None


def read_catalog(top: Table) -> Catalog:
    """Read the outermost table; what is returned has holes where mistakes were noted."""
    top.refuse_unknown(TOP_KEYS)
    if not any(key in top for key in TOP_KEYS):
        rule = "there is no provider; begin with [[provider]], name, domains and services"
        top.problem("", rule)
    ldapservers = _ldapservers(top)
    seen = _Seen(ldapservers=_ids(top))
    domains: list[Domain] = []
    idle: list[Provider] = []
    for table in top.tables("provider"):
        provider, found = _provider(table, seen)
        domains += found
        if provider is not None and not table.items("domains"):
            idle.append(provider)
    return Catalog(tuple(domains), ldapservers, tuple(idle))


def default_short_name(name: str) -> str:
    """Give the first word of a name, as far as it fits."""
    return name.split(maxsplit=1)[0][:SHORT_NAME_MAX_CHARS]


def note_domain(table: Table, at: str, text: str, places: dict[str, str]) -> DomainPattern | None:
    """Read a domain or a pattern, and note it where it has a mistake or was met before."""
    try:
        pattern = DomainPattern.parse(text)
    except ValueError as error:
        table.problem(at, str(error))
        return None
    if len(pattern.text) > DOMAIN_MAX_CHARS:
        table.problem(at, f"is longer than {DOMAIN_MAX_CHARS} characters")
    if (earlier := places.get(pattern.text)) is not None:
        table.problem(at, f"{pattern} stands at {earlier} as well; a domain has one entry")
        return None
    places[pattern.text] = table.at(at)
    return pattern


def warn_of_unusable(table: Table, domains: Sequence[Domain]) -> None:
    """Warn where mail cannot be both received and sent."""
    lacking = []
    for domain in domains:
        types = {service.type for service in domain.services}
        if not types & INCOMING or ServiceType.SMTP not in types:
            lacking.append(str(domain.pattern))
    if lacking:
        more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
        table.warn("", f"no incoming and outgoing mail service for {', '.join(lacking[:3])}{more}")


def _provider(table: Table, seen: _Seen) -> tuple[Provider | None, list[Domain]]:
    table.refuse_unknown(PROVIDER_KEYS)
    table.require("name")
    name = table.text("name", NAME_MAX_CHARS)
    short_name = table.text("short_name", SHORT_NAME_MAX_CHARS)
    documentation = [_documentation(part) for part in table.tables("documentation")]
    oauth2 = [_oauth2(part) for part in table.tables("oauth2")]
    named, all_read = _domains(table, seen)
    services = _services(table, named if all_read else None)
    if name is None:
        return None, []
    provider = Provider(
        name,
        short_name if short_name is not None else default_short_name(name),
        tuple(part for part in documentation if part is not None),
        tuple(part for part in oauth2 if part is not None),
    )
    domains = [_domain(provider, one, services) for one in named]
    if all_read and len(services) == len(table.items("services")):
        warn_of_unusable(table, domains)
    return provider, domains


def _domain(
    provider: Provider, named: _Named, services: Sequence[tuple[Service, frozenset[str] | None]]
) -> Domain:
    own = tuple(service for service, only in services if only is None or named.pattern.text in only)
    return Domain(named.pattern, provider, own, named.ldapserver_id)


def _domains(table: Table, seen: _Seen) -> tuple[list[_Named], bool]:
    """Read the domains, and tell whether none of them has a mistake."""
    found = []
    items = table.items("domains")
    for at, item in items:
        ldapserver_id: int | None = None
        text = item
        if isinstance(item, dict):
            entry = Table(table.report, table.at(at), item)
            entry.refuse_unknown(DOMAIN_KEYS)
            ldapserver_id = _reference(entry, seen.ldapservers)
            text = entry.text("name", DOMAIN_MAX_CHARS) if entry.require("name") else None
            if text is None:
                continue
        if not isinstance(text, str):
            table.problem(at, f"must be a text or a table with a name, not {kind(item)}")
            continue
        if (pattern := note_domain(table, at, text, seen.domains)) is not None:
            found.append(_Named(pattern, ldapserver_id))
    whole = isinstance(table.raw("domains"), list) or "domains" not in table
    return found, whole and len(found) == len(items)


def _reference(entry: Table, known: frozenset[int]) -> int | None:
    number = entry.integer("ldapserver", 0, INTEGER_MAX)
    if number is not None and number not in known:
        entry.problem("ldapserver", f"there is no [[ldapserver]] with id = {number}")
    return number


def _services(
    table: Table, named: Sequence[_Named] | None
) -> list[tuple[Service, frozenset[str] | None]]:
    found = []
    known = None if named is None else frozenset(one.pattern.text for one in named)
    for part in table.tables("services"):
        service = read_service(part)
        only = read_patterns(part)
        for text in sorted((only or frozenset()) - (known if known is not None else only or set())):
            part.problem("domains", f"{text} is not one of this provider's domains")
        if service is not None:
            found.append((service, only))
    return found


def _documentation(table: Table) -> Documentation | None:
    table.refuse_unknown(DOCUMENTATION_KEYS)
    table.require("url")
    url = _web_url(table, "url")
    texts = table.table("descriptions")
    descriptions: list[tuple[str | None, str]] = []
    for language in texts.keys() if texts is not None else ():
        if texts is None:
            break
        # An empty key stands for a text without a language.
        if language and not _LANGUAGE.fullmatch(language):
            texts.problem("", "has a key that is not a language (RFC 5646), such as en or pt-BR")
            continue
        text = texts.text(language, LONG_TEXT_MAX_CHARS)
        if text is not None:
            descriptions.append((language or None, text))
    return Documentation(url, tuple(descriptions)) if url is not None else None


def _oauth2(table: Table) -> OAuth2 | None:
    table.refuse_unknown(OAUTH2_KEYS)
    values = {
        key: _web_url(table, key) if key in OAUTH2_URLS else table.text(key, LONG_TEXT_MAX_CHARS)
        for key in OAUTH2_KEYS
    }
    if not any(key in table for key in OAUTH2_KEYS):
        table.problem("", f"is empty; known keys are {', '.join(OAUTH2_KEYS)}")
    return OAuth2(**values)


def _web_url(table: Table, key: str) -> str | None:
    text = table.text(key, LONG_TEXT_MAX_CHARS)
    if text is None:
        return None
    try:
        return check_web_url(text)
    except RuleBroken as broken:
        table.problem(key, str(broken))
        return None


def _ldapservers(top: Table) -> tuple[LdapServer, ...]:
    found = []
    places: dict[int, str] = {}
    for table in top.tables("ldapserver"):
        table.refuse_unknown(LDAPSERVER_KEYS)
        server = read_ldapserver(table)
        number = table.raw("id")
        if isinstance(number, int) and number in places:
            table.problem("id", f"{number} stands at {places[number]} as well; each has its own")
        elif isinstance(number, int):
            places[number] = table.at("id")
        if server is not None:
            found.append(server)
    return tuple(found)


def _ids(top: Table) -> frozenset[int]:
    """Give the numbers of all directory servers, of those with other mistakes as well."""
    value = top.raw("ldapserver")
    entries = value if isinstance(value, list) else []
    numbers = [entry.get("id") for entry in entries if isinstance(entry, dict)]
    return frozenset(number for number in numbers if isinstance(number, int))


def read_top(report: Report, data: dict[str, object]) -> Catalog:
    """Read plain data whose mistakes go to a report."""
    return read_catalog(Table(report, "", data))
