"""`waypost import ispdb`: import documents of the ISPDB, or of any Autoconfig server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from waypost.cli.import_.import_common import PrintFlag, import_providers
from waypost.cli.options import DbUriFlag, DryRunFlag, JsonFlag
from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import ProblemsError, ProvidersError
from waypost.importers.download import download, is_url
from waypost.importers.import_result import ImportResult
from waypost.importers.ispdb.document import MAX_BYTES, read_ispdb
from waypost.importers.ispdb.generalize import address_in_url
from waypost.net.http_client import FetchLimits
from waypost.providers_file.document import read_bytes
from waypost.providers_file.validators import is_same_for_all

SourcesArgument = Annotated[
    list[str],
    typer.Argument(metavar="FILE_OR_URL", help="Autoconfig documents, version 1.1 or 1.2."),
]
DomainFlag = Annotated[
    list[str] | None,
    typer.Option(
        "--domain",
        metavar="DOMAIN",
        help="Import this domain instead of the domains of the document; repeatable.",
    ),
]
AddressFlag = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="ADDRESS",
        help="The user of a personal document; placeholders replace this user's name. "
        "Default: the address in the URL.",
    ),
]
TimeoutFlag = Annotated[
    float,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        min=0.1,
        max=300,
        help="Time limit for each URL, with its redirects.",
    ),
]
AllowPrivateFlag = Annotated[
    bool,
    typer.Option(
        "--allow-private", help="Follow a redirect from a public server to a private address."
    ),
]
AllowDowngradeFlag = Annotated[
    bool, typer.Option("--allow-downgrade", help="Follow a redirect from https to http.")
]


def ispdb(  # noqa: PLR0913, PLR0917 -- a command has flags
    sources: SourcesArgument,
    domain: DomainFlag = None,
    address: AddressFlag = None,
    timeout: TimeoutFlag = 15.0,
    allow_private: AllowPrivateFlag = False,
    allow_downgrade: AllowDowngradeFlag = False,
    print_file: PrintFlag = False,
    dry_run: DryRunFlag = False,
    db_uri: DbUriFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Import providers from Autoconfig documents.

    The command adds the providers to the database, and lists what it cannot import.
    """
    for option, value in (("--domain", domain), ("--address", address)):
        if value and len(sources) > 1:
            raise ProvidersError([f"{option}: works only with a single FILE_OR_URL"])
    domains = tuple(dict.fromkeys(DomainName.parse(text) for text in domain or ()))
    user_address = None if address is None else EmailAddress.parse(address)
    limits = FetchLimits(
        MAX_BYTES, timeout, allow_private=allow_private, allow_downgrade=allow_downgrade
    )
    imports: list[ImportResult] = []
    problems: list[str] = []
    for source in sources:
        try:
            imported = _read_source(source, domains, user_address, limits)
        except ProblemsError as error:
            problems += error.problems
            continue
        imports.append(imported)
        if not print_file:
            problems += _shared_login_problems(source, imported)
    if problems:
        raise ProvidersError(problems)
    import_providers(
        imports, print_file=print_file, dry_run=dry_run, db_uri=db_uri, as_json=as_json
    )


def _read_source(
    source: str,
    domains: tuple[DomainName, ...],
    user_address: EmailAddress | None,
    limits: FetchLimits,
) -> ImportResult:
    if is_url(source):
        data = download(source, limits)
        user_address = user_address or address_in_url(source)
    else:
        data = read_bytes(Path(source))
    return read_ispdb(data, name=source, domains=domains, address=user_address)


def _shared_login_problems(source: str, imported: ImportResult) -> Iterator[str]:
    """Yield an error for each login name that all users would get: the document is personal."""
    services = {service for domain in imported.catalog.domains for service in domain.services}
    names = {service.login_name for service in services if service.login_name}
    for name in sorted(filter(is_same_for_all, names)):
        yield (
            f"{source}: all users would get the login name {name!r}; if the document was made for "
            "one user, use --address with the address of this user; else use --print, correct the "
            "file and run `waypost apply`"
        )
