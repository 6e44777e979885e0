"""`waypost import`: import providers from other sources."""

import typer

from waypost.cli import import_automx1, import_automx2, import_ispdb
from waypost.cli.reporting import group


def build() -> typer.Typer:
    """Return the group of commands."""
    app = group("Import providers from other sources.")
    app.command("ispdb", epilog=import_ispdb.EXAMPLE)(import_ispdb.ispdb)
    app.command("automx1", epilog=import_automx1.EXAMPLE)(import_automx1.automx1)
    app.command("automx2", epilog=import_automx2.EXAMPLE)(import_automx2.automx2)
    return app
