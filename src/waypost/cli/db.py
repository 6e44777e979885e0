"""`waypost db`: the schema of the database."""

import typer

from waypost.cli.reporting import group, note
from waypost.cli.sources import DbUriFlag, database, database_settings


def build() -> typer.Typer:
    """Put the commands together."""
    app = group("Look after the database's schema.")
    app.command("upgrade", epilog="Example: waypost db upgrade")(upgrade)
    return app


def upgrade(db_uri: DbUriFlag = None) -> None:
    """Bring the schema up to date; make the tables where there are none."""
    from waypost.store.sql import migrate  # noqa: PLC0415 -- quick start

    with database(database_settings(db_uri)) as engine:
        migrate.upgrade(engine)
    note("the database is up to date")
