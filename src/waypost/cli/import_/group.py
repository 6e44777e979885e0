"""`waypost import`: import providers from other sources."""

import typer

from waypost.cli.import_ import automx1, automx2, ispdb
from waypost.cli.output import group


def build() -> typer.Typer:
    """Return the group of commands."""
    app = group("Import providers from other sources.")
    app.command("ispdb", epilog=ispdb.EXAMPLE)(ispdb.ispdb)
    app.command("automx1", epilog=automx1.EXAMPLE)(automx1.automx1)
    app.command("automx2", epilog=automx2.EXAMPLE)(automx2.automx2)
    return app
