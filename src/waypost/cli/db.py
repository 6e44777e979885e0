"""`waypost db`: the schema of the database."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from waypost.cli.apply import Dialect
from waypost.cli.reporting import FINDINGS, group, note, say, say_json
from waypost.cli.sources import DbUriFlag, JsonFlag, database, settings_for
from waypost.errors import SettingsError

if TYPE_CHECKING:
    from waypost.store.sql.migrate import MigrationStatus

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
        say(migrate.statements_for_empty(dialect.value).rstrip())
        return
    if sql:
        with database(settings_for(db_uri=db_uri)) as engine:
            printed = migrate.statements(engine).rstrip()
        say(printed) if printed else note("the database is up to date")
        return
    with database(settings_for(db_uri=db_uri)) as engine:
        before = migrate.upgrade(engine)
    if before.is_current:
        note(f"the database is up to date (revision {before.head})")
    else:
        note(f"the database was {_from(before)}; it is up to date now (revision {before.head})")


def status(db_uri: DbUriFlag = None, as_json: JsonFlag = False) -> None:
    """Tell whether the schema is up to date; exit code 1 where it is not."""
    from waypost.store.sql import migrate  # noqa: PLC0415 -- quick start

    with database(settings_for(db_uri=db_uri)) as engine:
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
        say(f"{_from(found)}; revision {found.head} is needed{_CURES[found.kind]}")
    if not found.is_current:
        raise typer.Exit(FINDINGS)


def _from(found: "MigrationStatus") -> str:
    return {
        "empty": "empty",
        "automx2": "automx2's",
        "unfinished": "left half upgraded",
        "waypost": f"at revision {found.current}",
        "newer": f"a newer Waypost's, at revision {found.current}",
        "foreign": "neither Waypost's nor automx2's",
    }[found.kind]
