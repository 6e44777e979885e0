"""`waypost db`: the schema of the database."""

from collections.abc import Iterable
from typing import Annotated, Final

import typer

from waypost.cli.options import DbUriFlag, Dialect, JsonFlag
from waypost.cli.output import (
    EXIT_FINDINGS,
    print_json,
    print_line,
    print_stderr,
    print_warnings,
    quantity,
    write_document,
)
from waypost.cli.sources.database import open_database
from waypost.cli.sources.database_libraries import missing_libraries_of_connection
from waypost.cli.sources.settings import load_settings
from waypost.core.errors import SettingsError, StoreError, StoreUnavailable
from waypost.database.engine import Engine, missing_file, read_connection
from waypost.diagnostics.diagnostic import Diagnostic, diagnostic_json
from waypost.settings import Settings
from waypost.store.sql import migrate
from waypost.store.sql.migrate import MigrationStatus
from waypost.store.sql.prepare import open_replica, replica_revision
from waypost.store.sql.revision import stored_revision
from waypost.store.sql.row_check import check_rows

MAX_UPGRADE_FINDINGS: Final = 20
MAX_CHECK_FINDINGS: Final = 100
_RUN_UPGRADE: Final = ": run `waypost db upgrade`"
_FIXES: Final = {
    "empty": _RUN_UPGRADE,
    "automx2": _RUN_UPGRADE,
    "waypost": _RUN_UPGRADE,
    "unfinished": _RUN_UPGRADE,
    "newer": ": run the newer Waypost that upgraded it",
    "foreign": ": set db_uri to an empty database",
}


def upgrade(
    db_uri: DbUriFlag = None,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the SQL of the upgrade, and change nothing.")
    ] = False,
    dialect: Annotated[
        Dialect | None,
        typer.Option(
            "--dialect",
            help="With --sql: print SQL of this dialect for an empty database; connect to none.",
        ),
    ] = None,
) -> None:
    """Upgrade the schema, or create the tables."""
    if dialect is not None and not sql:
        raise SettingsError(["--dialect requires --sql"])
    if dialect is not None:
        write_document(f"{migrate.statements_for_empty(dialect.value).rstrip()}\n")
        return
    if sql:
        with open_database(load_settings(db_uri=db_uri)) as engine:
            statements = migrate.statements(engine).rstrip()
        if statements:
            write_document(f"{statements}\n")
        else:
            print_stderr("the database is up to date")
        return
    with open_database(load_settings(db_uri=db_uri)) as engine:
        before = migrate.upgrade(engine)
        if before.is_current:
            print_stderr(f"the database is up to date (revision {before.head})")
        else:
            now = f"it is up to date now (revision {before.head})"
            print_stderr(f"the database was {_state_text(before)}; {now}")
        if before.kind in {"automx2", "unfinished"}:
            _print_findings(engine)
        print_warnings(_missing_libraries(engine))


def status(db_uri: DbUriFlag = None, as_json: JsonFlag = False) -> None:
    """Show whether the schema is up to date.

    This includes the replica of db_read_uri. Exit code 1 if it is not.
    """
    settings = load_settings(db_uri=db_uri)
    with open_database(settings) as engine:
        missing = missing_file(engine)
        migration = migrate.status(engine)
    replica_problem = _replica_problem(settings, migration.current)
    if as_json:
        print_json(
            {
                "kind": migration.kind,
                "current": migration.current,
                "head": migration.head,
                "is_current": migration.is_current,
                "replica_problem": replica_problem,
            }
        )
    elif migration.is_current:
        print_line(f"up to date (revision {migration.head})")
    else:
        state = _state_text(migration) if missing is None else f"db_uri: there is no file {missing}"
        print_line(f"{state}; this version needs revision {migration.head}{_FIXES[migration.kind]}")
    print_warnings(filter(None, [replica_problem]))
    if not migration.is_current or replica_problem is not None:
        raise typer.Exit(EXIT_FINDINGS)


def check(
    db_uri: DbUriFlag = None,
    print_all: Annotated[
        bool,
        typer.Option("--all", help=f"Print all findings, not only the first {MAX_CHECK_FINDINGS}."),
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=0, hidden=True)] = MAX_CHECK_FINDINGS,
    as_json: JsonFlag = False,
) -> None:
    """List rows that Waypost cannot serve as they are.

    automx2 tolerates such rows. Exit code 1 if there is a finding, or if the replica in
    db_read_uri cannot be used.
    """
    settings = load_settings(db_uri=db_uri)
    with (
        open_database(settings) as engine,
        read_connection(engine) as connection,
    ):
        count, shown = _count_and_first(check_rows(connection), 0 if print_all else limit)
        missing = missing_libraries_of_connection(connection)
        replica_problem = _replica_problem(settings, stored_revision(engine))
    if as_json:
        findings = [diagnostic_json(finding) for finding in shown]
        print_json(
            {
                "count": count,
                "findings": findings,
                "missing_libraries": missing,
                "replica_problem": replica_problem,
            }
        )
    else:
        for finding in shown:
            print_line(f"{finding.severity} {finding.code}: {finding}")
        print_stderr(_count_line(count, len(shown)))
        if count:
            print_stderr("waypost explain CODE describes a code")
    print_warnings([*missing, *filter(None, [replica_problem])])
    if count or missing or replica_problem is not None:
        raise typer.Exit(EXIT_FINDINGS)


def _replica_problem(settings: Settings, revision: str | None) -> str | None:
    """Return why `waypost serve` cannot use the database of db_read_uri; None if it can."""
    if settings.db_read_uri is None:
        return None
    try:
        replica = open_replica(settings.db_read_uri, settings.db_echo)
        try:
            found = replica_revision(replica)
        finally:
            replica.dispose()
    except (StoreError, StoreUnavailable) as error:
        return str(error)
    if found == revision:
        return None
    return (
        f"db_read_uri: the database has revision {found}, and db_uri has {revision}; check that "
        "it is a replica of db_uri, and that its replication works"
    )


def _print_findings(engine: Engine) -> None:
    """Write the findings after an upgrade from automx2; Waypost starts with them too."""
    with read_connection(engine) as connection:
        count, shown = _count_and_first(check_rows(connection), MAX_UPGRADE_FINDINGS)
    print_warnings(map(str, shown))
    print_stderr(_count_line(count, len(shown)))


def _missing_libraries(engine: Engine) -> tuple[str, ...]:
    with read_connection(engine) as connection:
        return missing_libraries_of_connection(connection)


def _count_and_first(findings: Iterable[Diagnostic], limit: int) -> tuple[int, list[Diagnostic]]:
    """Return the number of findings, and the first of them."""
    count, shown = 0, []
    for count, finding in enumerate(findings, 1):
        if count <= limit or not limit:
            shown.append(finding)
    return count, shown


def _count_line(count: int, shown: int) -> str:
    if not count:
        return "no findings: all rows can be served"
    rows = quantity(count, "finding")
    hidden = f", {shown} shown; waypost db check --all lists all" if shown < count else ""
    return f"{rows}{hidden}"


def _state_text(migration: MigrationStatus) -> str:
    return {
        "empty": "empty",
        "automx2": "a database of automx2",
        "unfinished": "partly upgraded",
        "waypost": f"at revision {migration.current}",
        "newer": f"upgraded by a newer Waypost, to revision {migration.current}",
        "foreign": "neither a database of Waypost nor of automx2",
    }[migration.kind]
