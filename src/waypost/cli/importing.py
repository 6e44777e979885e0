"""`waypost import`: ways in from other programs."""

import typer

from waypost.cli import import_automx2
from waypost.cli.reporting import group


def build() -> typer.Typer:
    """Put the commands together."""
    app = group("Take over what other programs know.")
    app.callback()(_keep_the_group)
    app.command("automx2", epilog=import_automx2.EXAMPLE)(import_automx2.automx2)
    return app


def _keep_the_group() -> None:
    """Take over what other programs know."""
