"""`waypost apply`: write a providers file or a seed of automx2 to the database."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final

import typer

from waypost.admin.applied.noted import NotedObjects
from waypost.admin.changes import note_apply
from waypost.cli.options import DbUriFlag, Dialect, DryRunFlag, JsonFlag
from waypost.cli.output import (
    EXIT_FINDINGS,
    Progress,
    print_stderr,
    print_warnings,
    write_document,
)
from waypost.cli.principal import command_principal
from waypost.cli.progress import progress
from waypost.cli.providers.plan_report import print_plan
from waypost.cli.providers.removal import AllowRemovalFlag, Removal, is_confirmed
from waypost.cli.sources.database import open_database
from waypost.cli.sources.database_catalog import open_database_for_plan
from waypost.cli.sources.libraries import missing_libraries
from waypost.cli.sources.settings import load_settings
from waypost.core.errors import ProvidersError, RemovalRefused
from waypost.core.model import Catalog
from waypost.database.engine import Connection, read_snapshot, write_transaction
from waypost.demo import demo_catalog
from waypost.diagnostics.lint.domains import lint_catalog
from waypost.importers.automx2_seed import read_any
from waypost.providers_file.plan import Plan, Planner
from waypost.settings import Settings
from waypost.store.sql.dump_sql import sql_statements
from waypost.store.sql.migrate import upgrade
from waypost.store.sql.sync.catalog import is_empty
from waypost.store.sql.sync.diff import Change, TargetContent
from waypost.store.sql.sync.reader import count_domains
from waypost.store.sql.sync.writer import write

MAX_LISTED: Final = 1000
"""How many changes of each kind the command prints."""


FileArgument = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", help="A providers file (TOML, JSON), or an automx2 seed."),
]
IfEmptyFlag = Annotated[
    bool, typer.Option("--if-empty", help="Change nothing if the database has providers already.")
]
OnlyAddFlag = Annotated[
    bool,
    typer.Option(
        "--only-add",
        help="Add domains, providers and directories that are missing. "
        "Domains in the database and their services do not change.",
    ),
]
AllFlag = Annotated[
    bool, typer.Option("--all", help=f"Print every change, not only {MAX_LISTED} of each kind.")
]
ProgressFlag = Annotated[
    bool | None,
    typer.Option(
        "--progress/--no-progress",
        help="Show a progress bar, or no progress. Default: for 1,000 domains and more, a bar on "
        "a terminal, or a line every few seconds.",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class _ApplyOptions:
    """What the command has to do.

    Attributes:
        max_listed: how many changes of each kind are listed; None is all.
        max_removed: how many domains may go out of service; None for the usual limit.
    """

    catalog: Catalog
    only_add: bool
    if_empty: bool
    max_listed: int | None
    max_removed: int | None


@dataclass(frozen=True)
class _ApplyResult:
    """What the command did, or would do.

    Attributes:
        creates_tables: the database had no tables.
    """

    plan: Plan
    removal: Removal
    creates_tables: bool
    written: bool

    def print(self, as_json: bool, dry_run: bool) -> None:
        """Print the changes."""
        print_plan(
            self.plan,
            as_json=as_json,
            dry_run=dry_run,
            written=self.written,
            creates_tables=self.creates_tables,
        )


def apply(  # noqa: PLR0913, PLR0917 -- a command has flags
    file: FileArgument = None,
    demo: Annotated[bool, typer.Option("--demo", help="Use the sample providers.")] = False,
    if_empty: IfEmptyFlag = False,
    dry_run: DryRunFlag = False,
    print_sql: Annotated[
        bool, typer.Option("--print-sql", help="Only print SQL for an empty database.")
    ] = False,
    dialect: Annotated[
        Dialect, typer.Option("--dialect", help="SQL dialect for --print-sql.")
    ] = Dialect.SQLITE,
    only_add: OnlyAddFlag = False,
    allow_removal: AllowRemovalFlag = None,
    show_all: AllFlag = False,
    show_progress: ProgressFlag = None,
    db_uri: DbUriFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Write a providers file to the database.

    The command changes the database in one transaction, and prints each change.
    What is not in the file is removed, except with --only-add.
    """
    catalog = _read_catalog(file, demo)
    if print_sql:
        _print_sql(catalog, dialect)
        print_warnings(lint_catalog(catalog, skip_minor=True).lines())
        return
    settings = load_settings(db_uri=db_uri)
    max_listed = None if show_all else MAX_LISTED
    options = _ApplyOptions(catalog, only_add, if_empty, max_listed, allow_removal)
    try:
        result = _run(settings, options, dry_run, show_progress)
    except RemovalRefused as refusal:
        # Ask only after the progress bar has ended, because the bar would hide the question.
        # The database is not locked while the question is open.
        if as_json or not is_confirmed(refusal):
            raise
        confirmed = replace(options, max_removed=refusal.removed)
        result = _run(settings, confirmed, dry_run, show_progress)
    if result is None:
        print_stderr("the database has providers already; nothing was changed")
        if as_json:
            _unchanged_result().print(as_json, dry_run)
        return
    print_warnings(
        (*lint_catalog(catalog, skip_minor=True).lines(), *missing_libraries(catalog.directories))
    )
    result.print(as_json, dry_run)
    _print_notes(settings, result, dry_run, allow_removal)
    if dry_run and not result.plan.is_empty:
        raise typer.Exit(EXIT_FINDINGS)


def _print_notes(
    settings: Settings, result: _ApplyResult, dry_run: bool, allow_removal: int | None
) -> None:
    if settings.providers is not None:
        print_stderr(
            f"the option providers is set, so the service serves {settings.providers} and not this "
            "database; remove the option to serve the database"
        )
    if dry_run and not result.removal.is_allowed(allow_removal):
        print_stderr(f"without --dry-run, this change is refused: {result.removal}")


def _unchanged_result() -> _ApplyResult:
    """Return the result for --json if --if-empty found providers."""
    return _ApplyResult(Plan((), (), ()), Removal(0), creates_tables=False, written=False)


def _read_catalog(file: Path | None, demo: bool) -> Catalog:
    if (file is None) == (not demo):
        raise ProvidersError(["use either a FILE or --demo"])
    if file is None:
        return demo_catalog()
    result = read_any(file)
    print_warnings(result.warnings)
    if external_domains := result.catalog.external_domains:
        raise ProvidersError(
            f"{file}: provider {external.provider.name!r} has domains_from = "
            f"{external.directory.label!r}, which the database does not support; serve the file "
            "with --providers, or list the domains in the file"
            for external in external_domains
        )
    return result.catalog


def _print_sql(catalog: Catalog, dialect: Dialect) -> None:
    for statement in sql_statements(catalog, dialect.value):
        write_document(f"{statement}\n")


def _run(
    settings: Settings, options: _ApplyOptions, dry_run: bool, show_progress: bool | None
) -> _ApplyResult | None:
    """Plan or write the changes; return None if --if-empty found providers."""
    run = _plan_only if dry_run else _apply
    with progress(show_progress) as on_progress:
        return run(settings, options, on_progress)


def _plan_only(
    settings: Settings, options: _ApplyOptions, on_progress: Progress
) -> _ApplyResult | None:
    with (
        TargetContent(options.catalog, on_progress) as wanted,
        open_database_for_plan(settings) as (engine, creates_tables),
        read_snapshot(engine) as connection,
    ):
        if options.if_empty and not is_empty(connection):
            return None
        _, plan, removal = _make_plan(connection, wanted, options, on_progress, NotedObjects())
        return _ApplyResult(plan, removal, creates_tables, written=False)


def _apply(
    settings: Settings, options: _ApplyOptions, on_progress: Progress
) -> _ApplyResult | None:
    with (
        TargetContent(options.catalog, on_progress) as wanted,
        open_database(settings) as engine,
    ):
        before = upgrade(engine)
        with write_transaction(engine) as connection:
            if options.if_empty and not is_empty(connection):
                return None
            noted = NotedObjects()
            change, plan, removal = _make_plan(connection, wanted, options, on_progress, noted)
            removal.check(options.max_removed)
            if not plan.is_empty:
                write(change)
                days = settings.audit_retention_days
                note_apply(connection, command_principal(), noted, plan, days)
    return _ApplyResult(plan, removal, before.kind == "empty", written=not plan.is_empty)


def _make_plan(
    connection: Connection,
    wanted: TargetContent,
    options: _ApplyOptions,
    on_progress: Progress,
    noted: NotedObjects,
) -> tuple[Change, Plan, Removal]:
    change = Change(connection, wanted, only_add=options.only_add, progress=on_progress)
    planner, removal = Planner(options.max_listed), Removal(count_domains(connection))

    def on_unused_row(row: object) -> None:
        planner.add_unused_row(str(row), keep=change.keep_unused)

    for old, new in change.stored_pairs(on_unused_row, planner.add_skipped_domain):
        planner.add(old, new)
        removal.add(old, new)
        noted.add_domain(old, new)
    for entry, names in change.new_domains():
        # The plan lists few of very many new domains.
        planner.add_new(map(entry.for_domain, names), len(names), len(entry.services))
        for name in names:
            if noted.is_full:
                break
            noted.add_domain(None, entry.for_domain(name))
    stored = change.shared_rows
    noted.add_providers(stored.providers.values(), (*wanted.providers(), *wanted.unused_providers))
    noted.add_directories(stored.directories, wanted.directories)
    used = change.used_providers(), wanted.providers()
    return change, planner.plan(*change.without_domains(), *used), removal
