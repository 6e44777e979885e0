"""`waypost db downgrade`: the tables of an older version of Waypost."""

from typing import Annotated

import typer

from waypost.cli.options import DbUriFlag, DryRunFlag
from waypost.cli.output import EXIT_FINDINGS, print_line, print_stderr, write_document
from waypost.cli.sources.database import open_database
from waypost.cli.sources.settings import load_settings
from waypost.core.errors import SettingsError
from waypost.store.sql import downgrade as schema
from waypost.store.sql.downgrade import DowngradePlan


def downgrade(
    db_uri: DbUriFlag = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="REVISION",
            help="The revision that the older version needs. Default: the one before.",
        ),
    ] = None,
    dry_run: DryRunFlag = False,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the SQL of the downgrade, and change nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Downgrade even if values are lost.")
    ] = False,
) -> None:
    """Return the schema to an earlier revision.

    For an older version of Waypost, whose `waypost db status` prints the revision that it needs.
    Stop this version first: its server upgrades the tables again when it starts.
    """
    if sql and (dry_run or force):
        raise SettingsError(["--sql cannot be used with --dry-run or --force"])
    with open_database(load_settings(db_uri=db_uri)) as engine:
        if sql:
            _print_sql(schema.statements(engine, target).rstrip())
            return
        if dry_run:
            planned = schema.plan(engine, target)
            _print_plan(planned)
            if not planned.is_empty:
                raise typer.Exit(EXIT_FINDINGS)
            return
        done = schema.downgrade(engine, target, force=force)
    _print_removals(done)
    if done.is_empty:
        print_stderr(f"the database has revision {done.target} already")
    else:
        print_stderr(f"the database was at revision {done.current}; it is at {done.target} now")


def _print_sql(statements: str) -> None:
    if statements:
        write_document(f"{statements}\n")
    else:
        print_stderr("the database has this revision already")


def _print_plan(planned: DowngradePlan) -> None:
    _print_removals(planned)
    if planned.is_empty:
        print_stderr(f"the database has revision {planned.target} already")
        return
    print_stderr(f"from revision {planned.current} to {planned.target}; nothing was changed")
    if planned.losses:
        print_stderr("without --dry-run, this is refused: values are lost; --force permits it")


def _print_removals(planned: DowngradePlan) -> None:
    for removal in planned.removals:
        print_line(f"- {removal}")
