"""`waypost directory`: list the user directories, and test the lookup of a user."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from waypost.cli.directory.places import place_of
from waypost.cli.directory.report import LookupReport, say_report, step_line
from waypost.cli.options import (
    DbUriFlag,
    JsonFlag,
    ProvidersFlag,
    catalog_of,
    database,
    settings_for,
)
from waypost.cli.output import FINDINGS, aligned, group, quantity, say, say_json
from waypost.cli.user_lookup import keep_quiet
from waypost.core.address import EmailAddress
from waypost.core.errors import RequestError
from waypost.core.model import Directory, Domain

if TYPE_CHECKING:
    from waypost.settings import Settings


def build() -> typer.Typer:
    """Return the group of commands."""
    app = group("List the user directories, and test the lookup of a user.")
    app.command("list", epilog="Example: waypost directory list --providers mail.toml")(list_all)
    app.command(
        "test", epilog="Example: waypost directory test alice@example.com --directory people"
    )(examine)
    return app


def list_all(
    providers: ProvidersFlag = None, db_uri: DbUriFlag = None, as_json: JsonFlag = False
) -> None:
    """List the directories, and how many domains use each.

    Each line has the name, the kind, the location without secrets, and the number of domains.
    """
    found = _in_use(settings_for(providers, db_uri=db_uri))
    if as_json:
        say_json([_summary(directory, count) for directory, count in found])
        return
    rows = [
        (one.label, one.kind.value, place_of(one), quantity(count, "domain"))
        for one, count in found
    ]
    for line in aligned(rows):
        say(line)


def examine(
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
    asked = EmailAddress.parse(address)
    settings = settings_for(providers, db_uri=db_uri)
    keep_quiet()
    named = None if directory is None else _named(directory, _all(settings))
    started = time.perf_counter()
    domain = _domain(settings, asked)
    report = LookupReport(settings, asked, domain, named, time.perf_counter() - started)
    for step in report.run():
        if not as_json:
            for line in step_line(step):
                say(line)
    say_report(report, as_json)
    if not report.is_good:
        raise typer.Exit(FINDINGS)


def _domain(settings: "Settings", address: EmailAddress) -> Domain | None:
    from waypost.wiring import open_store  # noqa: PLC0415 -- quick start

    store = open_store(settings)
    try:
        return store.find(address.domain)
    finally:
        store.close()


def _all(settings: "Settings") -> Sequence[Directory]:
    if settings.demo or settings.providers is not None:
        return catalog_of(settings).directories
    from waypost.database.engine import reading  # noqa: PLC0415 -- quick start
    from waypost.store.sql.directory_use import stored_directories  # noqa: PLC0415 -- quick start

    with database(settings) as engine, reading(engine) as connection:
        return stored_directories(connection)


def _named(name: str, known: Sequence[Directory]) -> Directory:
    """Return the directory of this name.

    Raises:
        RequestError: there is no such directory; the message names the most similar one.
    """
    labels = {one.label: one for one in known}
    if name in labels:
        return labels[name]
    if not labels:
        raise RequestError("--directory: no directory is configured")
    from waypost.providers_file.validation import nearest  # noqa: PLC0415 -- quick start

    raise RequestError(f"--directory: there is no directory {name!r}{nearest(name, list(labels))}")


def _in_use(settings: "Settings") -> Sequence[tuple[Directory, int]]:
    """Return all directories, each with its number of domains; do not keep the domains."""
    if settings.demo or settings.providers is not None:
        catalog = catalog_of(settings)
        counts = Counter(
            domain.users.directory.label for domain in catalog.domains if domain.users is not None
        )
        return [(one, counts[one.label]) for one in catalog.directories]
    from waypost.database.engine import snapshot  # noqa: PLC0415 -- quick start
    from waypost.store.sql.directory_use import directories_in_use  # noqa: PLC0415 -- quick start

    with database(settings) as engine, snapshot(engine) as connection:
        return directories_in_use(connection)


def _summary(directory: Directory, count: int) -> dict[str, object]:
    return {
        "directory": directory.label,
        "kind": directory.kind.value,
        "location": place_of(directory),
        "domains": count,
    }
