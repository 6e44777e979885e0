"""`waypost service`: list, add, change and remove the services of a domain or of a provider."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from waypost.cli.administration.assignments import (
    Assignments,
    parse_assignments,
    without_removed,
)
from waypost.cli.administration.connection import AnyAdmin, YesFlag, open_admin, suggest_domains
from waypost.cli.administration.place import Place, TokenFileFlag, UrlFlag
from waypost.cli.administration.report import report_change
from waypost.cli.options import DbUriFlag, DryRunFlag, JsonFlag, PatternArgument
from waypost.cli.output import align_columns, print_json, print_line
from waypost.core.errors import InvalidObject, ObjectNotFound

ServiceArgument = Annotated[
    str,
    typer.Argument(
        metavar="SERVICE",
        help="A type such as imap if the domain has one of it, or a number from `service list`.",
    ),
]


def list_services(
    domain: PatternArgument,
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """List the services of a domain, each with its number and its keys."""
    with open_admin(Place(db_uri, url, token_file)) as admin:
        services, _ = _services(admin, domain)
    if as_json:
        print_json(services)
        return
    rows = [(f"{number}", *_row(service)) for number, service in enumerate(services)]
    for line in align_columns(rows):
        print_line(line)


def add_service(
    domain: PatternArgument,
    type: Annotated[str, typer.Argument(metavar="TYPE", help="Such as imap.")],  # noqa: A002
    assignments: Assignments,
    *,
    yes: YesFlag = False,
    dry_run: DryRunFlag = False,
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Add a service to one domain. Other domains do not change."""
    service = {"type": type, **without_removed(parse_assignments(assignments))}
    _change(
        Place(db_uri, url, token_file),
        domain,
        lambda services: services.append(service),
        yes=yes,
        dry_run=dry_run,
        as_json=as_json,
    )


def set_service(
    domain: PatternArgument,
    service: ServiceArgument,
    assignments: Assignments,
    *,
    yes: YesFlag = False,
    dry_run: DryRunFlag = False,
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Change keys of one service of one domain. Other domains do not change."""
    values = parse_assignments(assignments)

    def edit(services: list[dict[str, Any]]) -> None:
        index = _find(services, service, domain)
        services[index] = without_removed({**services[index], **values})

    _change(Place(db_uri, url, token_file), domain, edit, yes=yes, dry_run=dry_run, as_json=as_json)


def remove_service(
    domain: PatternArgument,
    service: ServiceArgument,
    *,
    yes: YesFlag = False,
    dry_run: DryRunFlag = False,
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Remove one service of one domain. Other domains do not change."""

    def edit(services: list[dict[str, Any]]) -> None:
        del services[_find(services, service, domain)]

    _change(Place(db_uri, url, token_file), domain, edit, yes=yes, dry_run=dry_run, as_json=as_json)


def copy_services(
    domain: PatternArgument,
    provider: Annotated[
        str, typer.Option("--to-provider", metavar="NAME", help="The name of a provider.")
    ],
    *,
    yes: YesFlag = False,
    dry_run: DryRunFlag = False,
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Give all domains of a provider the services of one domain.

    Without --yes, the command only says how many domains would change.
    """
    with open_admin(Place(db_uri, url, token_file)) as admin:
        services, _ = _services(admin, domain)
        result = admin.put_provider_services(provider, services, confirm=yes, dry_run=dry_run)
    report_change(result, as_json=as_json, dry_run=dry_run)


def _change(
    place: Place,
    domain: str,
    edit: Callable[[list[dict[str, Any]]], None],
    *,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Edit the services of a domain, unless another change comes first, and print the change."""
    with open_admin(place) as admin:
        services, version = _services(admin, domain)
        edit(services)
        change = {"services": services}
        result = admin.patch_domain(domain, change, if_match=version, confirm=yes, dry_run=dry_run)
    report_change(result, as_json=as_json, dry_run=dry_run)


def _services(admin: AnyAdmin, domain: str) -> tuple[list[dict[str, Any]], str]:
    """Return the services of a domain, and the version of the domain.

    Raises:
        InvalidObject: it is an alias, and the other domain has its services.
        ObjectNotFound: there is no such domain.
    """
    with suggest_domains(admin, domain):
        stored = admin.get_domain(domain)
    if "alias_of" in stored.data:
        message = f"{domain} is an alias; change the services of {stored.data['alias_of']}"
        raise InvalidObject([("DOMAIN", message)])
    return list(stored.data.get("services", [])), stored.version


def _find(services: list[dict[str, Any]], text: str, domain: str) -> int:
    """Return the index of a service.

    Raises:
        ObjectNotFound: there is none, or more than one.
    """
    if text.isascii() and text.isdigit():
        if int(text) < len(services):
            return int(text)
        raise ObjectNotFound(f"{domain} has no service {text}; see `waypost service list {domain}`")
    found = [index for index, one in enumerate(services) if one["type"] == text.lower()]
    if len(found) == 1:
        return found[0]
    if not found:
        types = ", ".join(dict.fromkeys(one["type"] for one in services)) or "no service"
        raise ObjectNotFound(f"{domain} has no service of type {text}; it has {types}")
    numbers = ", ".join(map(str, found))
    raise ObjectNotFound(f"{domain} has several services of type {text}; use a number: {numbers}")


def _row(service: dict[str, Any]) -> tuple[str, str, str]:
    place = service.get("url") or service.get("host", "")
    rest = {key: one for key, one in service.items() if key not in {"type", "url", "host"}}
    keys = " ".join(f"{key}={one}" for key, one in rest.items())
    return service["type"], place, keys
