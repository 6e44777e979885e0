"""`waypost domain set` and `remove`: change one domain of a database, whatever its size."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import typer

from waypost.cli.options import DbUriFlag, DryRunFlag, JsonFlag
from waypost.cli.output import EXIT_FINDINGS, print_warnings
from waypost.cli.providers.plan_report import print_plan
from waypost.cli.sources.database import open_database
from waypost.cli.sources.libraries import missing_libraries
from waypost.cli.sources.settings import load_settings
from waypost.core.errors import DomainNotServed, ProvidersError
from waypost.core.model import Catalog, Domain, DomainPattern
from waypost.database.engine import Connection, read_snapshot, write_transaction
from waypost.diagnostics.lint.domains import lint_catalog
from waypost.providers_file.models.domain import parse_pattern
from waypost.providers_file.plan import Plan, Planner
from waypost.providers_file.validators import RuleBroken
from waypost.settings import Settings
from waypost.store.sql.sync.one_domain import OneDomain

PatternArgument = Annotated[
    str, typer.Argument(metavar="DOMAIN", help="A domain, or a pattern such as *.example.com.")
]


@dataclass(frozen=True)
class _Change:
    """A planned change of one domain, in a transaction.

    Attributes:
        new: the entry after the change, or None.
        write: makes the change.
    """

    plan: Plan
    new: Domain | None
    write: Callable[[], None]


_Planning = Callable[[Connection], _Change]


def set_domain(
    domain: PatternArgument,
    *,
    provider: Annotated[
        str | None,
        typer.Option("--provider", metavar="NAME", help="The name of a provider in the database."),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option("--like", metavar="DOMAIN", help="Use the same provider as this domain."),
    ] = None,
    dry_run: DryRunFlag = False,
    db_uri: DbUriFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Add one domain to the database, or change its provider.

    The domain gets the provider, the services and the directory that the newest domains of the
    provider have, or those of the domain in --like. Other domains do not change.
    """
    if (provider is None) == (like is None):
        raise ProvidersError(["use either --provider NAME or --like DOMAIN"])
    pattern = _parse(domain, "DOMAIN")
    model = None if like is None else _parse(like, "--like")

    def plan(connection: Connection) -> _Change:
        stored = OneDomain(connection, pattern)
        chosen = stored.model_of_provider(provider or "") if model is None else stored.model(model)
        new = chosen.for_pattern(pattern)
        return _Change(_plan(stored, new), new, lambda: stored.write(chosen))

    _run(load_settings(db_uri=db_uri), plan, dry_run, as_json)


def remove_domain(
    domain: PatternArgument,
    *,
    dry_run: DryRunFlag = False,
    db_uri: DbUriFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Remove one domain from the database.

    Services that no other domain has are removed, too. Exit code 1 if the domain is not in the
    database.
    """
    pattern = _parse(domain, "DOMAIN")

    def plan(connection: Connection) -> _Change:
        stored = OneDomain(connection, pattern)
        if stored.old is None:
            raise DomainNotServed(f"{pattern} is not in the database; nothing was changed")
        return _Change(_plan(stored, None), None, stored.remove)

    _run(load_settings(db_uri=db_uri), plan, dry_run, as_json)


def _parse(text: str, place: str) -> DomainPattern:
    try:
        return parse_pattern(text)
    except RuleBroken as error:
        raise ProvidersError([f"{place}: {text}: {error}"]) from error


def _plan(stored: OneDomain, new: Domain | None) -> Plan:
    """Return the changes.

    Raises:
        ProvidersError: another domain is an alias of this one.
    """
    planner = Planner()
    planner.add(stored.old, new)
    for row in stored.unused_rows:
        planner.add_unused_row(str(row), keep=False)
    plan = planner.plan(Catalog(), Catalog())
    if not plan.is_empty:
        stored.check_aliases()
    return plan


def _run(settings: Settings, plan: _Planning, dry_run: bool, as_json: bool) -> None:
    """Plan the change, make it in one transaction, and print it."""
    written = False
    with open_database(settings) as engine:
        with read_snapshot(engine) as connection:
            change = plan(connection)
        if not dry_run and not change.plan.is_empty:
            with write_transaction(engine) as connection:
                change = plan(connection)  # Another process may have changed the database.
                if not change.plan.is_empty:
                    change.write()
                    written = True
    if change.new is not None:
        directories = [change.new.users.directory] if change.new.users is not None else []
        warnings = lint_catalog(Catalog((change.new,)), skip_minor=True).lines()
        print_warnings((*warnings, *missing_libraries(directories)))
    print_plan(change.plan, as_json=as_json, dry_run=dry_run, written=written)
    if dry_run and not change.plan.is_empty:
        raise typer.Exit(EXIT_FINDINGS)
