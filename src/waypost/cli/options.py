"""Options and arguments that several commands have."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

ProvidersFlag = Annotated[
    Path | None,
    typer.Option("--providers", metavar="FILE", help="Use this providers file, not the database."),
]
DemoFlag = Annotated[
    bool, typer.Option("--demo", help="Use the sample providers, not the database.")
]
DbUriFlag = Annotated[
    str | None,
    typer.Option("--db-uri", metavar="URI", help="The database. Default: db_uri of the settings."),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
DryRunFlag = Annotated[
    bool, typer.Option("--dry-run", help="Only print the changes; exit code 1 if there are any.")
]
VerboseFlag = Annotated[bool, typer.Option("-v", "--verbose", help="Print all details.")]
DomainArgument = Annotated[
    str,
    typer.Argument(metavar="DOMAIN", help="A domain such as example.com, or an address in it."),
]
PatternArgument = Annotated[
    str, typer.Argument(metavar="DOMAIN", help="A domain, or a pattern such as *.example.com.")
]
PublicUrlFlag = Annotated[
    str | None,
    typer.Option(
        "--public-url",
        metavar="URL",
        help="The https URL where clients reach Waypost. Default: public_url of the settings.",
    ),
]


class Dialect(StrEnum):
    """The SQL dialects of databases."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"
    MYSQL = "mysql"
