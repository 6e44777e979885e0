"""What lies between two catalogs, in words for people."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from waypost.model import (
    EMAIL_ADDRESS,
    HTTP_BASIC,
    PASSWORD_CLEARTEXT,
    Catalog,
    Domain,
    HostEndpoint,
    LdapServer,
    Pop3Options,
    Provider,
    Service,
    UrlEndpoint,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What must be done to get from one catalog to another. Every item is one line."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to do."""
        return not (self.added or self.changed or self.removed)


def compare(now: Catalog, wanted: Catalog) -> Plan:
    """Tell what must be done to make `now` into `wanted`.

    The order of domains and of directory servers means nothing. That of services does, except
    between those with a host and those with a URL, which a database keeps in two tables. A bind
    password that `wanted` leaves out is kept as it is, and none is ever named.
    """
    changes = _Changes([], [], [])
    _domains(changes, now, wanted)
    _ldapservers(changes, now, wanted)
    _idle(changes, now, wanted)
    return Plan(tuple(changes.added), tuple(changes.changed), tuple(changes.removed))


def describe(service: Service) -> str:
    """Give a service in one line: `imap imap.example.com:993 tls`, and what is unusual in it."""
    endpoint = service.endpoint
    default = PASSWORD_CLEARTEXT
    if isinstance(endpoint, UrlEndpoint):
        parts = [service.type.value, endpoint.url]
        default = HTTP_BASIC
    else:
        host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
        parts = [service.type.value, f"{host}:{endpoint.port}", endpoint.security.value]
    if service.authentication != (default,):
        parts.append(f"authentication {', '.join(str(one) for one in service.authentication)}")
    if service.login_name is None:
        parts.append("login name asked")
    elif service.login_name != EMAIL_ADDRESS:
        parts.append(f"login name {service.login_name}")
    if service.priority is not None:
        parts.append(f"priority {service.priority}")
    if service.domain_required:
        parts.append("domain required")
    parts += _pop3(service.pop3)
    return " ".join(parts)


def _pop3(options: Pop3Options | None) -> Iterator[str]:
    if options is None:
        return
    if (leave := options.leave_messages_on_server) is not None:
        yield "leave messages on server" if leave else "take messages from server"
    if (days := options.days_to_leave_messages_on_server) is not None:
        yield f"for {days} days"
    if (biff := options.download_on_biff) is not None:
        yield "download on biff" if biff else "no download on biff"


@dataclass(slots=True)
class _Changes:
    added: list[str]
    changed: list[str]
    removed: list[str]


def _domains(changes: _Changes, now: Catalog, wanted: Catalog) -> None:
    before = {domain.pattern: domain for domain in now.domains}
    after = {domain.pattern: domain for domain in wanted.domains}
    for pattern, domain in after.items():
        if (old := before.get(pattern)) is None:
            changes.added.append(_named(domain))
            changes.added += [f"{pattern}: {describe(service)}" for service in domain.services]
        else:
            changes.changed += [f"{pattern}: {text}" for text in _domain_changes(old, domain)]
            _services(changes, old, domain)
    changes.removed += [_named(domain) for domain in now.domains if domain.pattern not in after]


def _named(domain: Domain) -> str:
    return f"domain {domain.pattern} ({domain.provider.name})"


def _domain_changes(old: Domain, new: Domain) -> Iterator[str]:
    yield from _provider_changes(old.provider, new.provider)
    if old.ldapserver_id != new.ldapserver_id:
        yield f"LDAP server {_number(old.ldapserver_id)} becomes {_number(new.ldapserver_id)}"


def _number(number: int | None) -> str:
    return "none" if number is None else str(number)


def _provider_changes(old: Provider, new: Provider) -> Iterator[str]:
    if old.name != new.name:
        yield f'provider "{old.name}" becomes "{new.name}"'
    if old.short_name != new.short_name:
        yield f'short name "{old.short_name}" becomes "{new.short_name}"'
    if old.documentation != new.documentation:
        yield "documentation"
    if old.oauth2 != new.oauth2:
        yield "OAuth2 data"


def _services(changes: _Changes, old: Domain, new: Domain) -> None:
    before, after = Counter(old.services), Counter(new.services)
    added, removed = list((after - before).elements()), list((before - after).elements())
    changes.added += [f"{new.pattern}: {describe(service)}" for service in added]
    changes.removed += [f"{new.pattern}: {describe(service)}" for service in removed]
    if not added and not removed and _in_tables(old) != _in_tables(new):
        changes.changed.append(f"{new.pattern}: order of services")


def _in_tables(domain: Domain) -> tuple[list[Service], list[Service]]:
    hosts = [one for one in domain.services if isinstance(one.endpoint, HostEndpoint)]
    return hosts, [one for one in domain.services if isinstance(one.endpoint, UrlEndpoint)]


def _ldapservers(changes: _Changes, now: Catalog, wanted: Catalog) -> None:
    before = _by_id(now)
    after = _by_id(wanted)
    for number, server in after.items():
        old = before.get(number)
        if old is None:
            changes.added.append(f"LDAP server {number} ({server.name})")
        elif (
            server if server.bind_password else replace(server, bind_password=old.bind_password)
        ) != old:
            changes.changed.append(f"LDAP server {number} ({server.name})")
    changes.removed += [
        f"LDAP server {number} ({server.name})"
        for number, server in before.items()
        if number not in after
    ]


def _by_id(catalog: Catalog) -> Mapping[int, LdapServer]:
    return {server.id: server for server in catalog.ldapservers}


def _idle(changes: _Changes, now: Catalog, wanted: Catalog) -> None:
    before, after = _idle_of(now), _idle_of(wanted)
    changes.added += [_idle_named(provider) for provider in after if provider not in before]
    changes.removed += [_idle_named(provider) for provider in before if provider not in after]


def _idle_of(catalog: Catalog) -> Mapping[Provider, None]:
    """Give each provider without domains once, in order."""
    used = {domain.provider for domain in catalog.domains}
    return dict.fromkeys(one for one in catalog.idle_providers if one not in used)


def _idle_named(provider: Provider) -> str:
    return f"provider {provider.name} without domains"
