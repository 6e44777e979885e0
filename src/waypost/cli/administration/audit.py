"""`waypost audit`: list and undo changes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated

import typer

from waypost.admin.results import AuditEntry
from waypost.cli.administration.connection import AnyAdmin, YesFlag, open_admin
from waypost.cli.administration.place import Place, TokenFileFlag, UrlFlag
from waypost.cli.administration.report import report_change
from waypost.cli.arguments import read_number
from waypost.cli.options import DbUriFlag, DryRunFlag, JsonFlag
from waypost.cli.output import align_columns, print_json, print_line
from waypost.core.errors import InvalidObject

_PAGE_SIZE = 200


def list_changes(
    *,
    object: Annotated[  # noqa: A002
        str | None,
        typer.Option(
            "--object",
            metavar="OBJECT",
            help="Only of a domain, or of provider:NAME, token:NAME or session:NAME, for example.",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="Such as 2026-11-29 or 2026-11-29T12:00:00Z."),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="The largest number of changes.")
    ] = 50,
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """List the changes in the audit log, the newest first.

    Each line has the id, the time, who made the change, the action, the object, and "undo" if the
    change can be undone now.
    """
    moment = None if since is None else read_time(since)
    with open_admin(Place(db_uri, url, token_file)) as admin:
        entries = list(islice(_entries(admin, object, moment, limit), limit))
    if as_json:
        print_json([entry.data() for entry in entries])
        return
    for line in align_columns([_row(entry) for entry in entries]):
        print_line(line)


def undo(
    audit_id: Annotated[
        str, typer.Argument(metavar="ID", help="The id from `waypost audit list`.")
    ],
    *,
    yes: YesFlag = False,
    dry_run: DryRunFlag = False,
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Undo a change. Exit code 1 if the object has changed since."""
    number = read_number(audit_id, "waypost audit list")
    with open_admin(Place(db_uri, url, token_file)) as admin:
        result = admin.undo(number, confirm=yes, dry_run=dry_run)
    report_change(result, as_json=as_json, dry_run=dry_run)


def read_time(text: str) -> datetime:
    """Return a time; without a zone it is in UTC.

    Raises:
        InvalidObject: the text is not a date or a time.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidObject([("--since", "must be a date or a time (RFC 3339)")]) from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _entries(
    admin: AnyAdmin, name: str | None, since: datetime | None, limit: int
) -> Iterator[AuditEntry]:
    cursor: str | None = None
    while True:
        size = min(limit, _PAGE_SIZE)
        page = admin.audit(object=name, since=since, limit=size, cursor=cursor)
        yield from page.items
        cursor = page.next
        if cursor is None:
            return


def _row(entry: AuditEntry) -> tuple[str, ...]:
    remote = "" if entry.remote is None else f" ({entry.remote})"
    what = entry.action if entry.undo_of is None else f"undo of {entry.undo_of}"
    name = "" if entry.object_name is None else f"{entry.object_kind} {entry.object_name}"
    offer = "undo" if entry.can_be_undone else ""
    return f"{entry.id}", entry.time_text, f"{entry.principal}{remote}", what, name, offer
