"""`waypost db`: the schema of the database."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer

from waypost.cli.apply import Dialect
from waypost.cli.libraries import missing_for_database
from waypost.cli.reporting import (
    FINDINGS,
    group,
    note,
    quantity,
    say,
    say_json,
    warn,
    write_document,
)
from waypost.cli.sources import DbUriFlag, JsonFlag, database, settings_for
from waypost.errors import SettingsError

if TYPE_CHECKING:
    from waypost.database.engine import Engine
    from waypost.store.sql.finding import Finding
    from waypost.store.sql.migrate import MigrationStatus

UPGRADE_LIMIT: Final = 20
CHECK_LIMIT: Final = 100
_RUN: Final = ": run `waypost db upgrade`"
_CURES: Final = {
    "empty": _RUN,
    "automx2": _RUN,
    "waypost": _RUN,
    "unfinished": _RUN,
    "newer": ": run the newer Waypost that made it",
    "foreign": ": set db_uri to a database of its own",
}


def build() -> typer.Typer:
    """Put the commands together."""
    app = group("Look after the database's schema.")
    app.command("upgrade", epilog="Example: waypost db upgrade")(upgrade)
    app.command("status", epilog="Example: waypost db status --json")(status)
    app.command("check", epilog="Example: waypost db check --json")(check)
    return app


def upgrade(
    db_uri: DbUriFlag = None,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the SQL for it, and change nothing.")
    ] = False,
    dialect: Annotated[
        Dialect | None,
        typer.Option(
            "--dialect", help="With --sql: print whose SQL for an empty database; open none."
        ),
    ] = None,
) -> None:
    """Bring the schema up to date; make the tables where there are none."""
    from waypost.store.sql import migrate  # noqa: PLC0415 -- quick start

    if dialect is not None and not sql:
        raise SettingsError(["--dialect: goes with --sql only"])
    if dialect is not None:
        write_document(f"{migrate.statements_for_empty(dialect.value).rstrip()}\n")
        return
    if sql:
        with database(settings_for(db_uri=db_uri)) as engine:
            printed = migrate.statements(engine).rstrip()
        write_document(f"{printed}\n") if printed else note("the database is up to date")
        return
    with database(settings_for(db_uri=db_uri)) as engine:
        before = migrate.upgrade(engine)
        if before.is_current:
            note(f"the database is up to date (revision {before.head})")
        else:
            note(f"the database was {_from(before)}; it is up to date now (revision {before.head})")
        if before.kind in {"automx2", "unfinished"}:
            _note_findings(engine)
        warn(_missing_libraries(engine))


def status(db_uri: DbUriFlag = None, as_json: JsonFlag = False) -> None:
    """Tell whether the schema is up to date; exit code 1 where it is not."""
    from waypost.database.engine import missing_file  # noqa: PLC0415 -- quick start
    from waypost.store.sql import migrate  # noqa: PLC0415 -- quick start

    with database(settings_for(db_uri=db_uri)) as engine:
        missing = missing_file(engine)
        found = migrate.status(engine)
    if as_json:
        say_json(
            {
                "kind": found.kind,
                "current": found.current,
                "head": found.head,
                "is_current": found.is_current,
            }
        )
    elif found.is_current:
        say(f"up to date (revision {found.head})")
    else:
        state = _from(found) if missing is None else f"db_uri: there is no file {missing}"
        say(f"{state}; revision {found.head} is needed{_CURES[found.kind]}")
    if not found.is_current:
        raise typer.Exit(FINDINGS)


def check(
    db_uri: DbUriFlag = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="Show at most N findings; 0: all.")
    ] = CHECK_LIMIT,
    as_json: JsonFlag = False,
) -> None:
    """Tell which rows automx2 tolerated and Waypost cannot serve as they stand; 1 if there are."""
    from waypost.database.engine import reading  # noqa: PLC0415 -- quick start
    from waypost.store.sql.findings import findings  # noqa: PLC0415 -- quick start

    with (
        database(settings_for(db_uri=db_uri)) as engine,
        reading(engine) as connection,
    ):
        count, shown = _first(findings(connection), limit)
        missing = missing_for_database(connection)
    if as_json:
        found = [asdict(finding) for finding in shown]
        say_json({"count": count, "findings": found, "missing_libraries": missing})
    else:
        for finding in shown:
            say(str(finding))
        note(_counted(count, len(shown)))
    warn(missing)
    if count or missing:
        raise typer.Exit(FINDINGS)


def _note_findings(engine: "Engine") -> None:
    """Tell an operator who comes from automx2 what to look at; nothing of it stops a server."""
    from waypost.database.engine import reading  # noqa: PLC0415 -- quick start
    from waypost.store.sql.findings import findings  # noqa: PLC0415 -- quick start

    with reading(engine) as connection:
        count, shown = _first(findings(connection), UPGRADE_LIMIT)
    warn(map(str, shown))
    note(_counted(count, len(shown)))


def _missing_libraries(engine: "Engine") -> tuple[str, ...]:
    from waypost.database.engine import reading  # noqa: PLC0415 -- quick start

    with reading(engine) as connection:
        return missing_for_database(connection)


def _first(found: "Iterable[Finding]", limit: int) -> "tuple[int, list[Finding]]":
    """Count all findings, and keep the first ones."""
    count, shown = 0, []
    for count, finding in enumerate(found, 1):
        if count <= limit or not limit:
            shown.append(finding)
    return count, shown


def _counted(count: int, shown: int) -> str:
    if not count:
        return "every row makes sense"
    rows = quantity(count, "finding")
    hidden = f", {shown} shown; all: waypost db check --limit 0" if shown < count else ""
    return f"{rows}{hidden}"


def _from(found: "MigrationStatus") -> str:
    return {
        "empty": "empty",
        "automx2": "automx2's",
        "unfinished": "left half upgraded",
        "waypost": f"at revision {found.current}",
        "newer": f"a newer Waypost's, at revision {found.current}",
        "foreign": "neither Waypost's nor automx2's",
    }[found.kind]
