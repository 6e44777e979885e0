"""`waypost domain set` and `remove`: change one domain of a database, whatever its size."""

from collections.abc import Callable
from typing import Annotated, Final

import typer

from waypost.admin.remote.client import RemoteAdmin
from waypost.admin.results import ChangeResult
from waypost.cli.administration.connection import AnyAdmin, open_admin, similar_domain
from waypost.cli.administration.domain_fixes import fix_of
from waypost.cli.administration.place import Place, TokenFileFlag, UrlFlag
from waypost.cli.options import DbUriFlag, DryRunFlag, JsonFlag, PatternArgument
from waypost.cli.output import EXIT_FINDINGS, print_warnings
from waypost.cli.providers.plan_report import print_plan
from waypost.cli.sources.libraries import missing_libraries
from waypost.core.errors import (
    ConfirmationNeeded,
    DomainNotServed,
    InvalidObject,
    ObjectInUse,
    ObjectNotFound,
    ProvidersError,
)
from waypost.core.model import LDAPSERVER_PREFIX, DomainPattern
from waypost.database.engine import read_connection
from waypost.providers_file.models.domain import parse_pattern
from waypost.providers_file.validators import RuleBroken
from waypost.store.sql.directory_use import stored_directories

_FLAGS: Final = {
    "name": "DOMAIN",
    "provider": "--provider",
    "services": "--provider",
    "like": "--like",
}
_Change = Callable[[AnyAdmin], ChangeResult]


def set_domain(  # noqa: PLR0913 -- one argument for each option
    domain: PatternArgument,
    *,
    provider: Annotated[
        str | None,
        typer.Option("--provider", metavar="NAME", help="The name of a provider in the database."),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option("--like", metavar="DOMAIN", help="Use the same provider as this domain."),
    ] = None,
    dry_run: DryRunFlag = False,
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Add one domain to the database, or change its provider.

    The domain gets the provider, the services and the directory that the newest domains of the
    provider have, or those of the domain in --like. Other domains do not change.
    """
    if (provider is None) == (like is None):
        raise ProvidersError(["use either --provider NAME or --like DOMAIN"])
    pattern = _parse(domain, "DOMAIN")
    model = None if like is None else _parse(like, "--like").text

    def change(admin: AnyAdmin) -> ChangeResult:
        if model is not None:
            return admin.copy_domain(pattern.text, model, dry_run=dry_run)
        return admin.put_domain(pattern.text, {"provider": provider}, dry_run=dry_run)

    _run(Place(db_uri, url, token_file), pattern, change, dry_run, as_json, model)


def remove_domain(
    domain: PatternArgument,
    *,
    dry_run: DryRunFlag = False,
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Remove one domain from the database.

    Services that no other domain has are removed, too. Exit code 1 if the domain is not in the
    database.
    """
    pattern = _parse(domain, "DOMAIN")

    def change(admin: AnyAdmin) -> ChangeResult:
        return admin.delete_domain(pattern.text, dry_run=dry_run)

    _run(Place(db_uri, url, token_file), pattern, change, dry_run, as_json)


def _parse(text: str, place: str) -> DomainPattern:
    try:
        return parse_pattern(text)
    except RuleBroken as error:
        raise ProvidersError([f"{place}: {text}: {error}"]) from error


def _run(
    place: Place,
    pattern: DomainPattern,
    change: _Change,
    dry_run: bool,
    as_json: bool,
    like: str | None = None,
) -> None:
    """Plan the change, make it in one transaction, and print it."""
    with open_admin(place) as admin:
        try:
            result = change(admin)
        except InvalidObject as error:
            hint = "" if like is None else similar_domain(admin, like)
            raise ProvidersError(_line(one, hint) for one in error.mistakes) from error
        except ObjectNotFound as error:
            message = f"{pattern} is not in the database; nothing was changed"
            raise DomainNotServed(f"{message}{similar_domain(admin, pattern.text)}") from error
        except (ConfirmationNeeded, ObjectInUse) as error:
            name = next(iter(error.affected), "another domain")
            problem = f"{name} is an alias of this domain and has its services"
            fix = f"change {name} first, or change both with `waypost apply`"
            raise ProvidersError([f"{pattern}: {problem}; {fix}"]) from error
        if result.new is not None:
            print_warnings((*result.warnings, *_missing_libraries(admin, result)))
    print_plan(result.plan, as_json=as_json, dry_run=dry_run, written=result.written)
    if dry_run and not result.plan.is_empty:
        raise typer.Exit(EXIT_FINDINGS)


def _line(mistake: tuple[str, str], hint: str) -> str:
    """Return a mistake in the words of the command.

    Args:
        mistake: its path and the broken rule.
        hint: a similar domain, if that of --like does not exist.
    """
    path, rule = mistake
    end = hint if path == "like" and "has no domain" in rule else fix_of(rule)
    return f"{_FLAGS.get(path, path)}: {rule}{end}"


def _missing_libraries(admin: AnyAdmin, result: ChangeResult) -> tuple[str, ...]:
    """Return the library that the directory of the domain lacks on this machine."""
    if isinstance(admin, RemoteAdmin):
        return ()
    users = (result.new.data if result.new is not None else {}).get("users", {})
    label = users.get("directory", f"{LDAPSERVER_PREFIX}{users.get('ldapserver')}")
    with read_connection(admin.source.database()) as connection:
        return missing_libraries(
            one for one in stored_directories(connection) if one.label == label
        )
