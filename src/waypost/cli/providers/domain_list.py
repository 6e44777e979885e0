"""`waypost domain list`: list the served domains."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated
from urllib.parse import urlsplit

import typer

from waypost.admin.cursors import LIMIT_MAX
from waypost.admin.remote import RemoteAdmin
from waypost.cli.administration.place import (
    Place,
    TokenFileFlag,
    UrlFlag,
    open_remote,
    refuse_with_url,
)
from waypost.cli.options import DbUriFlag, DemoFlag, JsonFlag, ProvidersFlag
from waypost.cli.output import align_columns, print_json, print_line, print_stderr, quantity
from waypost.cli.providers.domain_summary import DomainSummary, RemoteSummaries, summary_of
from waypost.cli.sources.catalogs import load_catalog
from waypost.cli.sources.settings import load_settings
from waypost.core.model import Catalog, Domain, HostEndpoint


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
    limit: Annotated[
        int | None,
        typer.Option("--limit", metavar="N", min=1, help="The largest number of domains."),
    ] = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
) -> None:
    """List the domains and their providers.

    Each line has the domain, its provider and its number of services. With --url, the domains are
    sorted by name.
    """
    place = Place(db_uri, url, token_file)
    if url is None:
        place.check()
        summaries = _local(load_catalog(load_settings(providers, demo, db_uri)), provider, host)
    else:
        refuse_with_url(providers, demo)
        summaries = _remote(open_remote(place), provider, host, limit)
    domains = list(islice(summaries, limit))
    if as_json:
        print_json([domain.to_json() for domain in domains])
        return
    rows = [
        (domain.pattern, domain.provider, quantity(len(domain.services), "service"))
        for domain in domains
    ]
    for line in align_columns(rows):
        print_line(line)


def _local(catalog: Catalog, provider: str | None, host: str | None) -> Iterator[DomainSummary]:
    for external in catalog.external_domains:
        label = external.directory.label
        print_stderr(f"more domains of {external.provider.name} come from directory {label}")
    for domain in catalog.domains:
        is_of_provider = provider is None or domain.provider.name == provider
        if is_of_provider and (host is None or has_host(domain, host)):
            yield summary_of(domain)


def _remote(
    admin: RemoteAdmin, provider: str | None, host: str | None, limit: int | None
) -> Iterator[DomainSummary]:
    summaries = RemoteSummaries(admin)
    cursor: str | None = None
    while True:
        size = min(limit or LIMIT_MAX, LIMIT_MAX)
        page = admin.list_domains(provider=provider, host=host, limit=size, cursor=cursor)
        yield from (summaries.read(item.data) for item in page.items)
        cursor = page.next
        if cursor is None:
            return


def has_host(domain: Domain, host: str) -> bool:
    """Return whether a service of a domain is on a host, in any case."""
    hosts = (
        one.endpoint.host
        if isinstance(one.endpoint, HostEndpoint)
        else urlsplit(one.endpoint.url).hostname
        for one in domain.services
    )
    return any(found is not None and found.lower() == host.lower() for found in hosts)
