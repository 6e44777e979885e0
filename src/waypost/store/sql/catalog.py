"""The whole database as one value, and one value as the whole database."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from waypost.errors import DomainError
from waypost.model import Catalog, Domain, DomainPattern, HostEndpoint, Provider, Service
from waypost.store.sql import rows, schema
from waypost.store.sql.engine import Connection
from waypost.store.sql.merging import Slot, merge
from waypost.store.sql.rows import RowError
from waypost.store.sql.sequences import advance

Content = tuple[Any, ...]
# The id of a provider, and its domains with their ids.
ProviderDomains = dict[int, list[tuple[int, Domain]]]

SERVICE_TABLES = (
    (schema.server, schema.server_domain, "server_id"),
    (schema.davserver, schema.davserver_domain, "davserver_id"),
)


def is_empty(connection: Connection) -> bool:
    """Tell whether the database holds no provider."""
    return connection.execute(sa.select(schema.provider.c.id).limit(1)).first() is None


def purge(connection: Connection) -> None:
    """Take everything out of automx2's tables."""
    for table in reversed(schema.metadata.sorted_tables):
        connection.execute(table.delete())


def read_catalog(connection: Connection) -> Catalog:
    """Read everything. Rows that make no sense are left out, as they are from answers.

    In each domain the host-based services come first, then the URL-based ones, each in the order
    of their ids, which is the order in which they were written.
    """
    providers = {
        row["id"]: rows.provider_from_row(row) for row in _all(connection, schema.provider)
    }
    services = _services_by_domain(connection)
    domains = []
    for row in _all(connection, schema.domain, schema.domain.c.provider_id, schema.domain.c.id):
        try:
            pattern = DomainPattern.parse(row["name"])
        except DomainError:
            continue
        if row["provider_id"] in providers:
            provider = providers[row["provider_id"]]
            found = tuple(services[row["id"]])
            domains.append(Domain(pattern, provider, found, row["ldapserver_id"]))
    unique = {domain.pattern: domain for domain in reversed(domains)}
    used = {domain.provider for domain in domains}
    return Catalog(
        domains=tuple(reversed(unique.values())),
        ldapservers=tuple(map(rows.ldapserver_from_row, _all(connection, schema.ldapserver))),
        idle_providers=tuple(p for p in providers.values() if p not in used),
    )


def write_catalog(connection: Connection, wanted: Catalog) -> None:
    """Make the database say what the catalog says, and nothing else.

    Rows that stay the same keep their ids. A service of several domains is one row. Writing the
    same catalog again changes nothing. To be called in a transaction.
    """
    _write_ldapservers(connection, wanted)
    provider_ids = _write_providers(connection, wanted)
    domain_ids = _write_domains(connection, wanted, provider_ids)
    by_provider: ProviderDomains = defaultdict(list)
    for domain in wanted.domains:
        by_provider[provider_ids[domain.provider]].append((domain_ids[domain.pattern], domain))
    for table, links, column in SERVICE_TABLES:
        _write_services(connection, by_provider, table, links.c[column])
    _remove_old(connection, wanted, set(provider_ids.values()), set(domain_ids.values()))


def _all(connection: Connection, table: sa.Table, *order: Any) -> Iterable[sa.RowMapping]:  # noqa: ANN401
    return connection.execute(sa.select(table).order_by(*(order or (table.c.id,)))).mappings().all()


def _services_by_domain(connection: Connection) -> Mapping[int, list[Service]]:
    services: dict[int, list[Service]] = defaultdict(list)
    for table, links, column in SERVICE_TABLES:
        is_server = table is schema.server
        read = rows.service_from_server if is_server else rows.service_from_davserver
        known: dict[int, Service] = {}
        for row in _all(connection, table):
            try:
                known[row["id"]] = read(row)
            except RowError:
                continue
        pairs = sa.select(links.c[column], links.c.domain_id).order_by(links.c[column])
        for service_id, domain_id in connection.execute(pairs):
            if service_id in known:
                services[domain_id].append(known[service_id])
    return services


def _write_ldapservers(connection: Connection, wanted: Catalog) -> None:
    table = schema.ldapserver
    stored = {row["id"]: row for row in _all(connection, table)}
    for ldapserver in wanted.ldapservers:
        row = rows.ldapserver_row(ldapserver)
        if ldapserver.id not in stored:
            connection.execute(table.insert().values(row))
        elif any(stored[ldapserver.id][name] != value for name, value in row.items()):
            connection.execute(table.update().where(table.c.id == ldapserver.id).values(row))
    advance(connection, table)


def _write_providers(connection: Connection, wanted: Catalog) -> dict[Provider, int]:
    """Write providers in their order, and give the id of each."""
    table = schema.provider
    stored: dict[tuple[str, str], list[sa.RowMapping]] = defaultdict(list)
    for row in _all(connection, table):
        stored[row["name"], row["short_name"]].append(row)
    ids: dict[Provider, int] = {}
    idle = set(wanted.idle_providers)
    ordered = [*(domain.provider for domain in wanted.domains), *wanted.idle_providers]
    last = 0
    for provider in dict.fromkeys(ordered):
        values = rows.provider_row(provider)
        if provider in idle:
            last = 0  # Their order does not matter: they keep whatever id they have.
        same_name = [r for r in stored[provider.name, provider.short_name] if r["id"] > last]
        exact = [r for r in same_name if all(r[k] == v for k, v in values.items())]
        kept = next(iter(exact or same_name), None)
        if kept is None:
            ids[provider] = _insert(connection, table, values)
        else:
            stored[provider.name, provider.short_name].remove(kept)
            ids[provider] = kept["id"]
            if not exact:
                connection.execute(table.update().where(table.c.id == kept["id"]).values(values))
        last = ids[provider]
    return ids


def _write_domains(
    connection: Connection, wanted: Catalog, provider_ids: Mapping[Provider, int]
) -> dict[DomainPattern, int]:
    table = schema.domain
    stored: dict[str, sa.RowMapping] = {}
    for row in _all(connection, table):
        stored.setdefault(_folded(row["name"]), row)
    ids: dict[DomainPattern, int] = {}
    for domain in wanted.domains:
        values = {
            "name": domain.pattern.text,
            "provider_id": provider_ids[domain.provider],
            "ldapserver_id": domain.ldapserver_id,
        }
        kept = stored.get(domain.pattern.text)
        if kept is None:
            ids[domain.pattern] = _insert(connection, table, values)
            continue
        ids[domain.pattern] = kept["id"]
        if any(kept[name] != value for name, value in values.items()):
            connection.execute(table.update().where(table.c.id == kept["id"]).values(values))
    return ids


def _write_services(
    connection: Connection,
    by_provider: ProviderDomains,
    table: sa.Table,
    service_id: sa.Column[Any],
) -> None:
    """Write one kind of services and its links; ids grow in the order of preference."""
    links = service_id.table
    names = [column.name for column in table.c if column.name != "id"]
    stored: dict[Content, list[int]] = defaultdict(list)
    for row in _all(connection, table):
        stored[tuple(row[name] for name in names)].append(row["id"])
    wanted_links: set[tuple[int, int]] = set()
    for slots in _slots(by_provider, table):
        last = 0
        for slot in slots:
            values = _service_row(slot.service)
            free = stored[tuple(values[name] for name in names)]
            kept = next((row_id for row_id in free if row_id > last), None)
            if kept is None:
                last = _insert(connection, table, values)
            else:
                free.remove(kept)
                last = kept
            wanted_links |= {(last, domain_id) for domain_id in slot.domain_ids}
    pairs = connection.execute(sa.select(service_id, links.c.domain_id))
    _write_links(connection, service_id, {(pair[0], pair[1]) for pair in pairs}, wanted_links)


def _write_links(
    connection: Connection,
    service_id: sa.Column[Any],
    stored: set[tuple[int, int]],
    wanted: set[tuple[int, int]],
) -> None:
    links = service_id.table
    if gone := stored - wanted:
        condition = sa.and_(service_id == sa.bindparam("s"), links.c.domain_id == sa.bindparam("d"))
        connection.execute(
            sa.delete(links).where(condition), [{"s": s, "d": d} for s, d in sorted(gone)]
        )
    if new := wanted - stored:
        connection.execute(
            sa.insert(links), [{service_id.name: s, "domain_id": d} for s, d in sorted(new)]
        )


def _slots(by_provider: ProviderDomains, table: sa.Table) -> Iterable[list[Slot]]:
    """Give the rows of each provider, by ids, so that the order of the catalog does not matter."""
    is_server = table is schema.server
    for _, domains in sorted(by_provider.items()):
        yield merge(
            (row_id, [s for s in one.services if isinstance(s.endpoint, HostEndpoint) is is_server])
            for row_id, one in sorted(domains, key=lambda pair: pair[0])
        )


def _service_row(service: Service) -> dict[str, Any]:
    if isinstance(service.endpoint, HostEndpoint):
        return rows.server_row(service, service.endpoint)
    return rows.davserver_row(service, service.endpoint)


def _remove_old(
    connection: Connection, wanted: Catalog, provider_ids: set[int], domain_ids: set[int]
) -> None:
    """Remove what the catalog does not name, what others point to last."""
    for table, links, column in SERVICE_TABLES:
        linked = sa.select(links.c[column])
        connection.execute(table.delete().where(table.c.id.not_in(linked)))
    ldapserver_ids = {ldapserver.id for ldapserver in wanted.ldapservers}
    for table, kept in (
        (schema.domain, domain_ids),
        (schema.provider, provider_ids),
        (schema.ldapserver, ldapserver_ids),
    ):
        stored = connection.execute(sa.select(table.c.id)).scalars().all()
        gone = [{"gone": row_id} for row_id in stored if row_id not in kept]
        if gone:
            connection.execute(table.delete().where(table.c.id == sa.bindparam("gone")), gone)


def _insert(connection: Connection, table: sa.Table, row: Mapping[str, Any]) -> int:
    key = connection.execute(table.insert().values(row)).inserted_primary_key
    if key is None:
        message = f"{table.name} gave no id"
        raise TypeError(message)
    return int(key[0])


def _folded(name: str) -> str:
    try:
        return DomainPattern.parse(name).text
    except DomainError:
        return name
