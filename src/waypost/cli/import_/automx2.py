"""`waypost import automx2`: copy automx2's database, which does not change."""

from typing import Annotated, Final

import typer

from waypost.cli.options import DbUriFlag, JsonFlag
from waypost.cli.output import (
    EXIT_FINDINGS,
    print_json,
    print_line,
    print_stderr,
    print_warnings,
    quantity,
)
from waypost.cli.sources.database import open_database
from waypost.cli.sources.settings import load_settings
from waypost.core.errors import StoreError
from waypost.core.redaction import redact_uri
from waypost.database.engine import Connection, is_missing_file, read_connection, write_transaction
from waypost.diagnostics.diagnostic import diagnostic_json
from waypost.settings import Settings
from waypost.store.sql.copy import CopyResult, copy_rows, has_rows, open_source
from waypost.store.sql.migrate import upgrade
from waypost.store.sql.sync.catalog import purge

MAX_FINDINGS: Final = 20


def automx2(
    from_uri: Annotated[
        str,
        typer.Option(
            "--from-uri",
            metavar="URI",
            help="The db_uri of automx2. Waypost only reads this database.",
        ),
    ],
    db_uri: DbUriFlag = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only print the counts; exit code 1 if there are rows."),
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="First remove all rows of Waypost's database.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Copy the database of automx2.

    The copy includes ids and bind passwords, and is one transaction. Exit code 1 if clients
    cannot set up an account for a domain.
    """
    print_stderr(f"database: {redact_uri(from_uri)} (from --from-uri; only read)")
    result = _copy(load_settings(db_uri=db_uri), from_uri, replace, dry_run)
    if as_json:
        _print_result_json(result, dry_run)
    else:
        _print_result(result, dry_run)
    if result.unusable or (dry_run and any(result.rows.values())):
        raise typer.Exit(EXIT_FINDINGS)


def _copy(settings: Settings, from_uri: str, replace: bool, dry_run: bool) -> CopyResult:
    with open_source(from_uri) as source, open_database(settings) as engine:
        dialect = engine.dialect.name
        if dry_run:
            if not is_missing_file(engine):
                with read_connection(engine) as target:
                    _check_empty(target, replace)
            return copy_rows(source, None, dialect)
        upgrade(engine)
        with write_transaction(engine) as target:
            _check_empty(target, replace, remove_rows=True)
            return copy_rows(source, target, dialect)


def _check_empty(target: Connection, replace: bool, remove_rows: bool = False) -> None:
    if not has_rows(target):
        return
    if not replace:
        raise StoreError(
            "the database is not empty; set --db-uri to a new database, or use --replace to remove "
            "all rows"
        )
    if remove_rows:
        purge(target)


def _print_result(result: CopyResult, dry_run: bool) -> None:
    findings = [*result.findings, *result.unusable]
    print_warnings(map(str, findings[:MAX_FINDINGS]))
    if len(findings) > MAX_FINDINGS:
        print_stderr(
            f"{quantity(len(findings), 'finding')}, {MAX_FINDINGS} shown; --json lists all"
        )
    verb = "to copy" if dry_run else "copied"
    for table, count in result.rows.items():
        print_line(f"{table}: {count} {verb}")


def _print_result_json(result: CopyResult, dry_run: bool) -> None:
    findings = [diagnostic_json(diagnostic) for diagnostic in (*result.findings, *result.unusable)]
    print_json({"rows": result.rows, "findings": findings, "written": not dry_run})
