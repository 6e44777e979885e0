"""`waypost import ispdb`: documents of the ISPDB, or of any Autoconfig server."""

from pathlib import Path
from typing import Annotated, Final

import typer

from waypost.address import DomainName
from waypost.cli.adding import DryRunFlag, PrintFlag, add
from waypost.cli.sources import DbUriFlag, JsonFlag
from waypost.errors import ProblemsError, ProvidersError

EXAMPLE: Final = "Example: waypost import ispdb example.com.xml --print > mail.toml"


def ispdb(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="FILE_OR_URL...", help="Documents of Autoconfig 1.1 or 1.2."),
    ],
    domain: Annotated[
        list[str] | None,
        typer.Option(
            "--domain",
            metavar="DOMAIN",
            help="Serve this domain instead of those of the document; may be given again.",
        ),
    ] = None,
    print_file: PrintFlag = False,
    dry_run: DryRunFlag = False,
    db_uri: DbUriFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Add providers from Autoconfig documents to the database; list what is not carried over."""
    from waypost.transfer.document import read_octets  # noqa: PLC0415 -- quick start
    from waypost.transfer.download import fetch, is_url  # noqa: PLC0415 -- quick start
    from waypost.transfer.imported import Imported  # noqa: PLC0415 -- quick start
    from waypost.transfer.ispdb import MAX_OCTETS, read_ispdb  # noqa: PLC0415 -- quick start

    if domain and len(sources) > 1:
        raise ProvidersError(["--domain: give it with one FILE_OR_URL only"])
    domains = [DomainName.parse(text) for text in domain or ()]
    found: list[Imported] = []
    problems: list[str] = []
    for source in sources:
        try:
            octets = fetch(source, MAX_OCTETS) if is_url(source) else read_octets(Path(source))
            found.append(read_ispdb(octets, name=source, domains=tuple(dict.fromkeys(domains))))
        except ProblemsError as error:
            problems += error.problems
    if problems:
        raise ProvidersError(problems)
    add(found, print_file=print_file, dry_run=dry_run, db_uri=db_uri, as_json=as_json)
