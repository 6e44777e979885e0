"""`waypost domain show`: show the entry and the services of a domain."""

from dataclasses import asdict
from typing import Annotated

import typer

from waypost.admin.lookups import find_domain
from waypost.cli.administration.connection import open_admin, similar_domain
from waypost.cli.administration.place import (
    Place,
    TokenFileFlag,
    UrlFlag,
    open_remote,
    refuse_with_url,
)
from waypost.cli.arguments import explain_missing_at_sign, parse_domain
from waypost.cli.logs import log_only_warnings
from waypost.cli.options import DbUriFlag, DemoFlag, JsonFlag, ProvidersFlag
from waypost.cli.output import print_json, print_line
from waypost.cli.providers.domain_summary import DomainSummary, RemoteSummaries, summary_of
from waypost.cli.sources.settings import load_settings
from waypost.core.address import DomainName
from waypost.core.errors import DomainNotServed
from waypost.core.model import Format, HostEndpoint, Service
from waypost.providers_file.describe import describe
from waypost.providers_file.plan import describe_redirect


def show_domain(  # noqa: PLR0913, PLR0917 -- one argument for each option
    domain: Annotated[
        str,
        typer.Argument(metavar="DOMAIN", help="A domain, in Unicode or ASCII form."),
    ],
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
    as_json: JsonFlag = False,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
) -> None:
    """Show the entry and the services of a domain.

    Exit code 1 if the domain is not served.
    """
    name = DomainName.parse(domain) if "@" in domain else parse_domain(domain)
    place = Place(db_uri, url, token_file)
    if url is None:
        place.check()
        settings = load_settings(providers, demo, db_uri)
        log_only_warnings()
        found = find_domain(settings, name)
        entry = None if found is None else summary_of(found)
    else:
        refuse_with_url(providers, demo)
        entry = RemoteSummaries(open_remote(place)).find(name)
    if entry is None:
        with open_admin(Place(db_uri, url, token_file, providers, demo)) as admin:
            hint = similar_domain(admin, name.ascii)
        with explain_missing_at_sign(domain):
            raise DomainNotServed(f"{name} is not served here{hint}")
    if as_json:
        services = [_service_json(service) for service in entry.services]
        print_json(
            {
                "domain": name.ascii,
                **entry.to_json(),
                **_directory_json(entry),
                "services": services,
            }
        )
        return
    _print_entry(name, entry)


def _print_entry(name: DomainName, entry: DomainSummary) -> None:
    if entry.redirect is None:
        print_line(f"{name} is served as {entry.pattern} by {entry.provider}")
    else:
        redirect = describe_redirect(entry.redirect)
        print_line(f"{name} is {redirect}, as {entry.pattern} of {entry.provider}")
    if entry.alias_of is not None:
        print_line(f"alias_of {entry.alias_of}")
    if entry.subaddress_separators:
        print_line(f"subaddress_separators {entry.subaddress_separators}")
    if entry.users is not None:
        show_display_name = str(entry.users.show_display_name).lower()
        print_line(f"directory {entry.users.label}")
        print_line(
            f"unknown_user {entry.users.unknown_user}, show_display_name {show_display_name}"
        )
    for service in entry.services:
        print_line(describe(service))


def _directory_json(domain: DomainSummary) -> dict[str, object]:
    users = domain.users
    return {
        "subaddress_separators": domain.subaddress_separators or None,
        "unknown_user": None if users is None else users.unknown_user,
        "show_display_name": None if users is None else users.show_display_name,
    }


def _service_json(service: Service) -> dict[str, object]:
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
