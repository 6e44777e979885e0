"""`waypost domain`: list and show the served domains."""

from dataclasses import asdict
from typing import Annotated

import typer

from waypost.cli.arguments import explained_word, typed_domain
from waypost.cli.options import (
    DbUriFlag,
    DemoFlag,
    JsonFlag,
    ProvidersFlag,
    catalog_of,
    settings_for,
)
from waypost.cli.output import aligned, group, note, quantity, say, say_json
from waypost.cli.user_lookup import log_warnings
from waypost.core.address import DomainName
from waypost.core.errors import DomainNotServed
from waypost.core.model import Domain, Format, HostEndpoint, Service


def build() -> typer.Typer:
    """Return the group of commands."""
    app = group("List and show the served domains.")
    app.command("list", epilog="Example: waypost domain list --demo")(list_all)
    app.command("show", epilog="Example: waypost domain show example.com --demo --json")(show)
    return app


def list_all(
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """List the domains and their providers.

    Each line has the domain, its provider and its number of services.
    """
    catalog = catalog_of(settings_for(providers, demo, db_uri))
    domains = catalog.domains
    for one in catalog.external_domains:
        note(f"more domains of {one.provider.name} come from directory {one.directory.label}")
    if as_json:
        say_json([_summary(domain) for domain in domains])
        return
    rows = [
        (domain.pattern.text, domain.provider.name, quantity(len(domain.services), "service"))
        for domain in domains
    ]
    for line in aligned(rows):
        say(line)


def show(
    domain: Annotated[
        str,
        typer.Argument(metavar="DOMAIN", help="A domain, in Unicode or ASCII form."),
    ],
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Show the entry and the services of a domain.

    Exit code 1 if the domain is not served.
    """
    from waypost.providers_file.describe import describe  # noqa: PLC0415 -- quick start
    from waypost.providers_file.plan import place  # noqa: PLC0415 -- quick start
    from waypost.wiring import open_store  # noqa: PLC0415 -- quick start

    name = DomainName.parse(domain) if "@" in domain else typed_domain(domain)
    settings = settings_for(providers, demo, db_uri)
    log_warnings()
    store = open_store(settings)
    try:
        found = store.find(name)
    finally:
        store.close()
    if found is None:
        with explained_word(domain):
            raise DomainNotServed(f"{name} is not served here")
    if as_json:
        services = [_service(service) for service in found.services]
        say_json({"domain": name.ascii, **_summary(found), **_users(found), "services": services})
        return
    if found.redirect is None:
        say(f"{name} is served as {found.pattern} by {found.provider.name}")
    else:
        say(f"{name} is {place(found.redirect)}, as {found.pattern} of {found.provider.name}")
    if separators := found.provider.subaddress_separators:
        say(f"subaddress_separators {separators}")
    if found.users is not None:
        shown = str(found.users.show_display_name).lower()
        say(f"directory {found.users.directory.label}")
        say(f"unknown_user {found.users.unknown_user}, show_display_name {shown}")
    for service in found.services:
        say(describe(service))


def _summary(domain: Domain) -> dict[str, object]:
    return {
        "pattern": domain.pattern.text,
        "provider": domain.provider.name,
        "short_name": domain.provider.short_name,
        "directory": None if domain.users is None else domain.users.directory.label,
        "services": len(domain.services),
        "redirect": None if domain.redirect is None else asdict(domain.redirect),
    }


def _users(domain: Domain) -> dict[str, object]:
    users = domain.users
    return {
        "subaddress_separators": domain.provider.subaddress_separators or None,
        "unknown_user": None if users is None else users.unknown_user.value,
        "show_display_name": None if users is None else users.show_display_name,
    }


def _service(service: Service) -> dict[str, object]:
    endpoint = service.endpoint
    place: dict[str, object] = (
        {"host": endpoint.host, "port": endpoint.port, "security": endpoint.security.value}
        if isinstance(endpoint, HostEndpoint)
        else {"url": endpoint.url}
    )
    return {
        "type": service.type.value,
        **place,
        "authentication": [str(method) for method in service.authentication],
        "login_name": service.login_name,
        "priority": service.priority,
        "domain_required": service.domain_required,
        "pop3": None if service.pop3 is None else asdict(service.pop3),
        "formats": [form.value for form in Format if form in service.formats],
    }
