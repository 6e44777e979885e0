"""Add imported domains to the database."""

from waypost.cli.sources.database import open_database
from waypost.cli.sources.database_catalog import open_database_for_plan
from waypost.core.errors import ProvidersError
from waypost.core.model import Catalog
from waypost.database.engine import read_snapshot, write_transaction
from waypost.providers_file.plan import Plan, compare
from waypost.settings import Settings
from waypost.store.sql.migrate import upgrade
from waypost.store.sql.sync.catalog import read_catalog, write_catalog


def add_to_database(settings: Settings, imported: Catalog, dry_run: bool) -> Plan:
    """Add domains to the database, or only plan it; return the changes.

    Raises:
        ProvidersError: a domain is already served with other services. Nothing was changed.
    """
    if dry_run:
        with open_database_for_plan(settings) as (engine, _), read_snapshot(engine) as connection:
            current = read_catalog(connection)
        return compare(current, _merge(current, imported))
    with open_database(settings) as engine:
        upgrade(engine)
        with write_transaction(engine) as connection:
            current = read_catalog(connection)
            wanted = _merge(current, imported)
            plan = compare(current, wanted)
            if not plan.is_empty:
                write_catalog(connection, wanted, keep_unused=True)
    return plan


def _merge(current: Catalog, imported: Catalog) -> Catalog:
    served = {domain.pattern: domain for domain in current.domains}
    problems = []
    new = []
    for domain in imported.domains:
        existing = served.get(domain.pattern)
        if existing is None:
            new.append(domain)
        elif not compare(Catalog((existing,)), Catalog((domain,))).is_empty:
            problems.append(
                f"domain {domain.pattern}: is already served by {existing.provider.name}, with "
                "other data. `waypost import` changes no existing domain; use --print, edit the "
                "file, and run `waypost apply`"
            )
    if problems:
        raise ProvidersError(problems)
    return Catalog((*current.domains, *new), current.directories, current.unused_providers)
