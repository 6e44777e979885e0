"""`waypost admin serve`: only the admin listener, as a separate service."""

from typing import Annotated

import typer

from waypost.cli.options import DbUriFlag, DemoFlag, ProvidersFlag
from waypost.cli.sources.settings import load_settings
from waypost.settings.admin import ADMIN_PORT
from waypost.web.admin.pages.languages import read_admin_languages
from waypost.web.public.server import run_admin


def serve(
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="NUMBER",
            min=1,
            max=65535,
            help="The TCP port. Default: admin_port of the settings, or 4244 if that is 0.",
            show_default=False,
        ),
    ] = None,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
) -> None:
    """Start only the listener for operators and certificate tools.

    `waypost serve` starts this listener, too; set admin_port = 0 there.
    """
    settings = load_settings(providers, demo, db_uri)
    read_admin_languages(settings.languages_dir)
    chosen = port or settings.admin_port or ADMIN_PORT
    run_admin(settings.model_copy(update={"admin_port": chosen}))
