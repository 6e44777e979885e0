"""`waypost apply`: a providers file or a seed of automx2 into the database."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from waypost.cli.reporting import FINDINGS, note, say, say_json, warn
from waypost.cli.sources import DbUriFlag, JsonFlag, database, settings_for
from waypost.errors import ProvidersError
from waypost.model import Catalog

if TYPE_CHECKING:
    from waypost.settings import Settings
    from waypost.transfer.plan import Plan

EXAMPLE: Final = "Example: waypost apply mail.toml --dry-run"


class Dialect(StrEnum):
    """Whose SQL is printed."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"
    MYSQL = "mysql"


def apply(  # noqa: PLR0913, PLR0917 -- a command has flags
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="A providers file (TOML, JSON), or an automx2 seed."),
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Take the sample providers.")] = False,
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="Change nothing where there are providers already.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only print; exit code 1 where something would change."),
    ] = False,
    print_sql: Annotated[
        bool, typer.Option("--print-sql", help="Print SQL for an empty database; open none.")
    ] = False,
    dialect: Annotated[
        Dialect, typer.Option("--dialect", help="Whose SQL --print-sql prints.")
    ] = Dialect.SQLITE,
    db_uri: DbUriFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Make the database hold what a file says, in one transaction; print what that changes."""
    wanted = _wanted(file, demo)
    if print_sql:
        _print_sql(wanted, dialect)
        return
    settings = settings_for(db_uri=db_uri)
    plan = _plan_only(settings, wanted) if dry_run else _apply(settings, wanted, if_empty)
    if plan is None:
        note("the database holds providers already; nothing was changed")
        return
    _print(plan, as_json, dry_run)
    if dry_run and not plan.is_empty:
        raise typer.Exit(FINDINGS)


def _wanted(file: Path | None, demo: bool) -> Catalog:
    if (file is None) == (not demo):
        raise ProvidersError(["give either a FILE or --demo"])
    if file is None:
        from waypost.demo import demo_catalog  # noqa: PLC0415 -- quick start

        return demo_catalog()
    from waypost.transfer.automx2_seed import read_any  # noqa: PLC0415 -- quick start

    result = read_any(file)
    warn(result.warnings)
    return result.catalog


def _print_sql(wanted: Catalog, dialect: Dialect) -> None:
    from waypost.store.sql.script import sql_statements  # noqa: PLC0415 -- quick start

    for statement in sql_statements(wanted, dialect.value):
        say(statement)


def _plan_only(settings: "Settings", wanted: Catalog) -> "Plan":
    from waypost.store.sql.catalog import read_catalog  # noqa: PLC0415 -- quick start
    from waypost.store.sql.engine import snapshot  # noqa: PLC0415 -- quick start
    from waypost.transfer.plan import compare  # noqa: PLC0415 -- quick start

    with database(settings) as engine, snapshot(engine) as connection:
        return compare(read_catalog(connection), wanted)


def _apply(settings: "Settings", wanted: Catalog, if_empty: bool) -> "Plan | None":
    from waypost.store.sql.catalog import (  # noqa: PLC0415 -- quick start
        is_empty,
        read_catalog,
        write_catalog,
    )
    from waypost.store.sql.engine import writing  # noqa: PLC0415 -- quick start
    from waypost.store.sql.migrate import upgrade  # noqa: PLC0415 -- quick start
    from waypost.transfer.plan import compare  # noqa: PLC0415 -- quick start

    with database(settings) as engine:
        upgrade(engine)
        with writing(engine) as connection:
            if if_empty and not is_empty(connection):
                return None
            plan = compare(read_catalog(connection), wanted)
            if not plan.is_empty:
                write_catalog(connection, wanted)
    return plan


def _print(plan: "Plan", as_json: bool, dry_run: bool) -> None:
    if as_json:
        say_json(
            {
                "added": plan.added,
                "changed": plan.changed,
                "removed": plan.removed,
                "written": not (dry_run or plan.is_empty),
            }
        )
        return
    for sign, items in (("+", plan.added), ("~", plan.changed), ("-", plan.removed)):
        for item in items:
            say(f"{sign} {item}")
    counts = (
        f"{len(plan.added)} to add, {len(plan.changed)} to change, {len(plan.removed)} to remove"
        if dry_run
        else f"{len(plan.added)} added, {len(plan.changed)} changed, {len(plan.removed)} removed"
    )
    note("nothing to do" if plan.is_empty else counts)
