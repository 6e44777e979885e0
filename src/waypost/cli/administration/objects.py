"""`waypost provider` and `waypost directory`: list, show, add, set, rename and remove."""

from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from waypost.admin.results import NEW_OBJECT, Page
from waypost.cli.administration.assignments import (
    Assignments,
    parse_assignments,
    without_removed,
)
from waypost.cli.administration.connection import YesFlag, open_admin
from waypost.cli.administration.place import Place, TokenFileFlag, UrlFlag
from waypost.cli.administration.report import report_change
from waypost.cli.options import DbUriFlag, DryRunFlag, JsonFlag
from waypost.cli.output import print_json, print_rows, quantity

PAGE_SIZE: Final = 500
ProviderArgument = Annotated[
    str, typer.Argument(metavar="PROVIDER", help="The name of a provider.")
]
LabelArgument = Annotated[str, typer.Argument(metavar="DIRECTORY", help="The name of a directory.")]


def list_providers(
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """List the providers, and how many domains each has."""
    with open_admin(Place(db_uri, url, token_file)) as admin:
        found = all_items(admin.list_providers)
    if as_json:
        print_json(found)
        return
    rows = [(item["name"], quantity(item.get("domains", 0), "domain")) for item in found]
    print_rows(rows, "no providers; see `waypost provider add --help`")


def show_provider(
    provider: ProviderArgument,
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
) -> None:
    """Print a provider as JSON, with the keys of a providers file."""
    with open_admin(Place(db_uri, url, token_file)) as admin:
        print_json(admin.get_provider(provider).data)


def add_provider(
    provider: ProviderArgument,
    assignments: Assignments = [],  # noqa: B006 -- Typer's way to say that there may be none
    *,
    dry_run: DryRunFlag = False,
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Add a provider. Exit code 1 if it exists."""
    values = without_removed(parse_assignments(assignments))
    with open_admin(Place(db_uri, url, token_file)) as admin:
        result = admin.put_provider(provider, values, if_none_match=NEW_OBJECT, dry_run=dry_run)
    report_change(result, as_json=as_json, dry_run=dry_run)


def set_provider(
    provider: ProviderArgument,
    assignments: Assignments,
    *,
    yes: YesFlag = False,
    dry_run: DryRunFlag = False,
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Change keys of a provider, and so the answers for all its domains."""
    values = parse_assignments(assignments)
    with open_admin(Place(db_uri, url, token_file)) as admin:
        result = admin.patch_provider(provider, values, confirm=yes, dry_run=dry_run)
    report_change(result, as_json=as_json, dry_run=dry_run)


def rename_provider(
    provider: ProviderArgument,
    new_name: Annotated[str, typer.Argument(metavar="NEW_NAME", help="The new name.")],
    *,
    yes: YesFlag = False,
    dry_run: DryRunFlag = False,
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Give a provider another name."""
    with open_admin(Place(db_uri, url, token_file)) as admin:
        result = admin.rename_provider(provider, new_name, confirm=yes, dry_run=dry_run)
    report_change(result, as_json=as_json, dry_run=dry_run)


def remove_provider(
    provider: ProviderArgument,
    *,
    dry_run: DryRunFlag = False,
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Remove a provider. Exit code 1 if it has domains, or does not exist."""
    with open_admin(Place(db_uri, url, token_file)) as admin:
        result = admin.delete_provider(provider, dry_run=dry_run)
    report_change(result, as_json=as_json, dry_run=dry_run)


def show_directory(
    directory: LabelArgument,
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
) -> None:
    """Print a directory as JSON, without its secret."""
    with open_admin(Place(db_uri, url, token_file)) as admin:
        print_json(admin.get_directory(directory).data)


def add_directory(
    directory: LabelArgument,
    assignments: Assignments,
    *,
    dry_run: DryRunFlag = False,
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Add a directory. Exit code 1 if it exists.

    Use KEY=@FILE for a password: other users of this machine can read the arguments of commands.
    """
    values = without_removed(parse_assignments(assignments))
    with open_admin(Place(db_uri, url, token_file)) as admin:
        result = admin.put_directory(directory, values, if_none_match=NEW_OBJECT, dry_run=dry_run)
    report_change(result, as_json=as_json, dry_run=dry_run)


def set_directory(
    directory: LabelArgument,
    assignments: Assignments,
    *,
    yes: YesFlag = False,
    dry_run: DryRunFlag = False,
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Change keys of a directory.

    Use KEY=@FILE for a password: other users of this machine can read the arguments of commands.
    """
    values = parse_assignments(assignments)
    with open_admin(Place(db_uri, url, token_file)) as admin:
        result = admin.patch_directory(directory, values, confirm=yes, dry_run=dry_run)
    report_change(result, as_json=as_json, dry_run=dry_run)


def remove_directory(
    directory: LabelArgument,
    *,
    dry_run: DryRunFlag = False,
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Remove a directory. Exit code 1 if domains use it, or if it does not exist."""
    with open_admin(Place(db_uri, url, token_file)) as admin:
        result = admin.delete_directory(directory, dry_run=dry_run)
    report_change(result, as_json=as_json, dry_run=dry_run)


def all_items(page: Callable[..., Page]) -> list[dict[str, Any]]:
    """Return the items of all parts of a list."""
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        found = page(limit=PAGE_SIZE, cursor=cursor)
        items += [item.data for item in found.items]
        cursor = found.next
        if cursor is None:
            return items
