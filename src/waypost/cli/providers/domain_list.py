"""`waypost domain list`: list the served domains."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import islice
from typing import Annotated, Final

import typer

from waypost.admin.cursors import LIMIT_MAX
from waypost.admin.findings import check_finding, domains_with_finding
from waypost.admin.name_search import host_as_stored
from waypost.admin.readers import CatalogReader, DatabaseReader, ObjectReader, check_provider
from waypost.admin.remote.client import RemoteAdmin
from waypost.cli.administration.place import (
    Place,
    TokenFileFlag,
    UrlFlag,
    open_remote,
    refuse_with_url,
)
from waypost.cli.options import DbUriFlag, DemoFlag, JsonFlag, ProvidersFlag
from waypost.cli.output import print_json, print_rows, print_stderr, quantity
from waypost.cli.principal import command_principal
from waypost.cli.providers.domain_summary import DomainSummary, RemoteSummaries, summary_of
from waypost.cli.sources.catalogs import load_catalog
from waypost.cli.sources.database import open_database
from waypost.cli.sources.settings import load_settings
from waypost.core.errors import InvalidObject
from waypost.database.engine import read_snapshot
from waypost.settings import Settings
from waypost.store.sql.listing import DomainFilter

_NONE: Final = "no domains; see `waypost domain add --help`"
_NONE_IN_FILE: Final = "no domains in the providers file"
_NONE_FOUND: Final = "no domains with these options; `waypost domain list` lists all"


def list_domains(  # noqa: PLR0913, PLR0917 -- one argument for each option
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
    as_json: JsonFlag = False,
    provider: Annotated[
        str | None,
        typer.Option("--provider", metavar="NAME", help="Only the domains of this provider."),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option("--host", metavar="HOST", help="Only domains with a service on this host."),
    ] = None,
    finding: Annotated[
        str | None,
        typer.Option(
            "--finding", metavar="CODE", help="Only domains about which `waypost lint` finds this."
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", metavar="N", min=1, help="The largest number of domains."),
    ] = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
) -> None:
    """List the domains and their providers, sorted by name.

    Each line has the domain, its provider and its number of services. Exit code 1 if there is no
    provider with the name in --provider.
    """
    place = Place(db_uri, url, token_file)
    wanted = DomainFilter(provider=provider, host=None if host is None else host_as_stored(host))
    if_empty = _NONE
    with ExitStack() as stack, _options():
        if url is None:
            place.check()
            if finding is not None:
                check_finding(finding)
            reader = stack.enter_context(_open(load_settings(providers, demo, db_uri)))
            if_empty = _NONE_IN_FILE if isinstance(reader, CatalogReader) else _NONE
            summaries = _checked(_local(reader, wanted, finding, limit), reader, provider)
        else:
            refuse_with_url(providers, demo)
            summaries = _remote(open_remote(place), wanted, finding, limit)
        domains = list(islice(summaries, limit))
    if as_json:
        print_json([domain.to_json() for domain in domains])
        return
    rows = [
        (domain.pattern, domain.provider, quantity(len(domain.services), "service"))
        for domain in domains
    ]
    has_filter = any(one is not None for one in (provider, host, finding))
    print_rows(rows, _NONE_FOUND if has_filter else if_empty)


@contextmanager
def _options() -> Iterator[None]:
    """Name the option in an error about the parameter of this name.

    Raises:
        InvalidObject: with the option.
    """
    try:
        yield
    except InvalidObject as error:
        names = {"finding": "--finding"}
        mistakes = [(names.get(path, path), rule) for path, rule in error.mistakes]
        raise InvalidObject(mistakes) from error


@contextmanager
def _open(settings: Settings) -> Iterator[ObjectReader]:
    """Open the source of domains in the settings, and close it afterwards."""
    if settings.uses_providers_file:
        catalog = load_catalog(settings)
        for external in catalog.external_domains:
            label = external.directory.label
            print_stderr(f"more domains of {external.provider.name} come from directory {label}")
        yield CatalogReader(catalog)
        return
    with open_database(settings) as engine, read_snapshot(engine) as connection:
        yield DatabaseReader(connection)


def _checked(
    summaries: Iterator[DomainSummary], reader: ObjectReader, provider: str | None
) -> Iterator[DomainSummary]:
    """Yield domains; if there are none, check that the provider exists.

    Raises:
        ObjectNotFound: with the most similar provider, if there is one.
    """
    first = next(summaries, None)
    if first is not None:
        yield first
        yield from summaries
    elif provider is not None:
        check_provider(reader, command_principal(), provider)


def _local(
    reader: ObjectReader, wanted: DomainFilter, finding: str | None, limit: int | None
) -> Iterator[DomainSummary]:
    """Yield domains by name; no more are read than the limit allows."""
    size, key = min(limit or LIMIT_MAX, LIMIT_MAX), ""
    while True:
        if finding is None:
            domains, next_key = reader.domains(wanted, key, size)
        else:
            domains, next_key = domains_with_finding(reader, wanted, finding, key, size)
        yield from map(summary_of, domains)
        if next_key is None:
            return
        key = next_key


def _remote(
    admin: RemoteAdmin, wanted: DomainFilter, finding: str | None, limit: int | None
) -> Iterator[DomainSummary]:
    summaries = RemoteSummaries(admin)
    size = min(limit or LIMIT_MAX, LIMIT_MAX)
    list_part = partial(
        admin.list_domains,
        provider=wanted.provider,
        host=wanted.host,
        finding=finding,
        limit=size,
    )
    cursor: str | None = None
    while True:
        page = list_part(cursor=cursor)
        yield from (summaries.read(item.data) for item in page.items)
        cursor = page.next
        if cursor is None:
            return
