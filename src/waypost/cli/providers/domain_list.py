"""`waypost domain list`: list the served domains."""

from dataclasses import asdict
from itertools import islice
from typing import Annotated
from urllib.parse import urlsplit

import typer

from waypost.cli.options import DbUriFlag, DemoFlag, JsonFlag, ProvidersFlag
from waypost.cli.output import align_columns, print_json, print_line, print_stderr, quantity
from waypost.cli.sources.catalogs import load_catalog
from waypost.cli.sources.settings import load_settings
from waypost.core.model import Domain, HostEndpoint


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
) -> None:
    """List the domains and their providers.

    Each line has the domain, its provider and its number of services.
    """
    catalog = load_catalog(load_settings(providers, demo, db_uri))
    wanted = (
        domain
        for domain in catalog.domains
        if (provider is None or domain.provider.name == provider)
        and (host is None or has_host(domain, host))
    )
    domains = list(islice(wanted, limit))
    for external in catalog.external_domains:
        label = external.directory.label
        print_stderr(f"more domains of {external.provider.name} come from directory {label}")
    if as_json:
        print_json([domain_json(domain) for domain in domains])
        return
    rows = [
        (domain.pattern.text, domain.provider.name, quantity(len(domain.services), "service"))
        for domain in domains
    ]
    for line in align_columns(rows):
        print_line(line)


def has_host(domain: Domain, host: str) -> bool:
    """Return whether a service of a domain is on a host, in any case."""
    hosts = (
        one.endpoint.host
        if isinstance(one.endpoint, HostEndpoint)
        else urlsplit(one.endpoint.url).hostname
        for one in domain.services
    )
    return any(found is not None and found.lower() == host.lower() for found in hosts)


def domain_json(domain: Domain) -> dict[str, object]:
    """Return the entry of a domain for --json."""
    return {
        "pattern": domain.pattern.text,
        "provider": domain.provider.name,
        "short_name": domain.provider.short_name,
        "directory": None if domain.users is None else domain.users.directory.label,
        "services": len(domain.services),
        "alias_of": domain.alias_of,
        "redirect": None if domain.redirect is None else asdict(domain.redirect),
    }
