"""`waypost import automx1`: import the configuration of automx 1.x."""

from pathlib import Path
from typing import Annotated

import typer

from waypost.cli.import_.import_common import PrintFlag, import_providers
from waypost.cli.options import DbUriFlag, DryRunFlag, JsonFlag
from waypost.importers.automx1.providers import read_automx1
from waypost.providers_file.document import decode, read_bytes


def automx1(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The configuration file, usually /etc/automx.conf."),
    ],
    print_file: PrintFlag = False,
    dry_run: DryRunFlag = False,
    db_uri: DbUriFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Import the static settings of automx 1.x.

    The command adds the domains to the database, and lists what it cannot import.
    """
    name = str(file)
    imported = read_automx1(decode(read_bytes(file), name), name=name)
    import_providers(
        [imported], print_file=print_file, dry_run=dry_run, db_uri=db_uri, as_json=as_json
    )
