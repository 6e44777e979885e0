"""`waypost directory test`: test the lookup of a user."""

import time
from collections.abc import Sequence
from typing import Annotated

import typer

from waypost.admin.checks.lookup_report import LookupReport
from waypost.admin.lookups import find_domain
from waypost.cli.directory.lookup_report import print_lookup_report, step_lines
from waypost.cli.logs import disable_log
from waypost.cli.options import DbUriFlag, JsonFlag, ProvidersFlag
from waypost.cli.output import EXIT_FINDINGS, print_line
from waypost.cli.sources.catalogs import load_catalog
from waypost.cli.sources.database import open_database
from waypost.cli.sources.settings import load_settings
from waypost.core.address import EmailAddress
from waypost.core.errors import RequestError
from waypost.core.model import Directory
from waypost.database.engine import read_connection
from waypost.providers_file.validation import did_you_mean
from waypost.settings import Settings
from waypost.store.sql.directory_use import stored_directories


def check_lookup(
    address: Annotated[
        str,
        typer.Argument(metavar="ADDRESS", help="The user's address, such as alice@example.com."),
    ],
    directory: Annotated[
        str | None,
        typer.Option(
            "--directory",
            metavar="NAME",
            help="Ask this directory instead of the directory of the domain.",
        ),
    ] = None,
    providers: ProvidersFlag = None,
    db_uri: DbUriFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Test the lookup of one user, step by step.

    The command also shows what clients receive. Exit code 1 if the user is not found or a step
    fails.
    """
    email_address = EmailAddress.parse(address)
    settings = load_settings(providers, db_uri=db_uri)
    disable_log()
    chosen_directory = (
        None if directory is None else _find_directory(directory, _all_directories(settings))
    )
    started = time.perf_counter()
    domain = find_domain(settings, email_address.domain)
    report = LookupReport(
        settings, email_address, domain, chosen_directory, time.perf_counter() - started
    )
    for step in report.run():
        if not as_json:
            for line in step_lines(step):
                print_line(line)
    print_lookup_report(report, as_json)
    if not report.is_good:
        raise typer.Exit(EXIT_FINDINGS)


def _all_directories(settings: Settings) -> Sequence[Directory]:
    if settings.uses_providers_file:
        return load_catalog(settings).directories
    with open_database(settings) as engine, read_connection(engine) as connection:
        return stored_directories(connection)


def _find_directory(name: str, directories: Sequence[Directory]) -> Directory:
    """Return the directory of this name.

    Raises:
        RequestError: there is no such directory; the message names the most similar one.
    """
    labels = {directory.label: directory for directory in directories}
    if name in labels:
        return labels[name]
    if not labels:
        raise RequestError("--directory: no directory is configured")
    raise RequestError(
        f"--directory: there is no directory {name!r}{did_you_mean(name, list(labels))}"
    )
