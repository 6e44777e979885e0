"""`waypost domain add`, `rename` and `move`."""

from pathlib import Path
from typing import Annotated

import typer

from waypost.admin.results import NEW_OBJECT
from waypost.cli.administration.connection import (
    AnyAdmin,
    YesFlag,
    open_admin,
    similar_domain,
    suggest_domains,
)
from waypost.cli.administration.csv_file import add_from_csv
from waypost.cli.administration.domain_fixes import with_fixes
from waypost.cli.administration.place import Place, TokenFileFlag, UrlFlag
from waypost.cli.administration.report import report_change
from waypost.cli.administration.service_options import read_services
from waypost.cli.options import DbUriFlag, DryRunFlag, JsonFlag, PatternArgument
from waypost.core.errors import InvalidObject

DomainArgument = Annotated[
    str | None,
    typer.Argument(metavar="DOMAIN", help="A domain, or a pattern such as *.example.com."),
]
ProviderFlag = Annotated[
    str | None, typer.Option("--provider", metavar="NAME", help="The name of its provider.")
]
LikeFlag = Annotated[
    str | None,
    typer.Option("--like", metavar="DOMAIN", help="Provider and services of this domain."),
]
AliasOfFlag = Annotated[
    str | None,
    typer.Option("--alias-of", metavar="DOMAIN", help="A domain with the same mailboxes."),
]
ServiceFlag = Annotated[
    list[str] | None,
    typer.Option(
        "--service",
        metavar="TYPE=HOST",
        help="A service, such as imap=imap.example.com, smtp=smtp.example.com:587 or "
        "caldav=https://dav.example.com/; repeatable, in the order of preference. Default: "
        "those of the provider's other domains.",
    ),
]
CsvFlag = Annotated[
    Path | None,
    typer.Option(
        "--csv",
        metavar="FILE",
        help="Add all domains of a CSV file. Columns: domain, provider, like, alias_of.",
    ),
]


def add(
    domain: DomainArgument = None,
    *,
    provider: ProviderFlag = None,
    like: LikeFlag = None,
    alias_of: AliasOfFlag = None,
    service: ServiceFlag = None,
    csv: CsvFlag = None,
    dry_run: DryRunFlag = False,
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Add a domain, or all domains of a CSV file.

    The domain gets the services of the provider's other domains, or those in --service. Exit code 1
    if the domain exists.
    A CSV file is added as a whole or not at all; all its mistakes are printed.
    """
    given = [name for name in (provider, like, alias_of) if name is not None]
    place = Place(db_uri, url, token_file)
    if csv is not None:
        if domain is not None or given or service:
            raise InvalidObject([("--csv", "cannot be combined with a domain or its options")])
        with open_admin(place) as admin:
            add_from_csv(admin, csv, dry_run=dry_run, as_json=as_json)
        return
    if domain is None or len(given) != 1:
        raise InvalidObject(
            [("", "use DOMAIN with one of --provider, --like and --alias-of, or use --csv FILE")]
        )
    if service and provider is None:
        raise InvalidObject([("--service", "needs --provider")])
    services = read_services(service or ())
    with open_admin(place) as admin:
        data = new_domain(admin, provider, like, alias_of)
        data |= {"services": services} if services else {}
        try:
            result = admin.put_domain(domain, data, if_none_match=NEW_OBJECT, dry_run=dry_run)
        except InvalidObject as error:
            hint = "" if alias_of is None else similar_domain(admin, alias_of)
            raise with_fixes(error, hint) from error
    report_change(result, as_json=as_json, dry_run=dry_run)


def rename(
    domain: PatternArgument,
    new_name: Annotated[str, typer.Argument(metavar="NEW_NAME", help="The new name.")],
    *,
    yes: YesFlag = False,
    dry_run: DryRunFlag = False,
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Give a domain another name; provider, services and users stay.

    Exit code 1 if there is no such domain, or if the new name exists.
    """
    with (
        open_admin(Place(db_uri, url, token_file)) as admin,
        suggest_domains(admin, domain),
    ):
        result = admin.rename_domain(domain, new_name, confirm=yes, dry_run=dry_run)
    report_change(result, as_json=as_json, dry_run=dry_run)


def move(
    domain: PatternArgument,
    provider: Annotated[
        str, typer.Option("--provider", metavar="NAME", help="The name of the other provider.")
    ],
    *,
    yes: YesFlag = False,
    dry_run: DryRunFlag = False,
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Move a domain to the services of another provider.

    The domain gets the services of the other domains of that provider.

    Exit code 1 if there is no such domain or provider.
    """
    with open_admin(Place(db_uri, url, token_file)) as admin:
        with suggest_domains(admin, domain):
            admin.get_domain(domain)
        try:
            result = admin.put_domain(domain, {"provider": provider}, confirm=yes, dry_run=dry_run)
        except InvalidObject as error:
            raise with_fixes(error) from error
    report_change(result, as_json=as_json, dry_run=dry_run)


def new_domain(
    admin: AnyAdmin, provider: str | None, like: str | None, alias_of: str | None
) -> dict[str, object]:
    """Return the object of a new domain.

    Raises:
        ObjectNotFound: the domain in `like` does not exist.
        InvalidObject: it is an alias.
    """
    if alias_of is not None:
        return {"alias_of": alias_of}
    if like is None:
        return {"provider": provider}
    with suggest_domains(admin, like):
        model = dict(admin.get_domain(like).data)
    if "alias_of" in model:
        raise InvalidObject([("--like", f"{like} is an alias; use {model['alias_of']} instead")])
    del model["name"]
    return model
