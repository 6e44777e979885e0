"""`waypost link list` and `revoke`: the links that the database has."""

from typing import Annotated

import typer

from waypost.cli.link.create import time_text
from waypost.cli.link.sources import open_links
from waypost.cli.options import DbUriFlag, JsonFlag
from waypost.cli.output import (
    EXIT_FINDINGS,
    align_columns,
    print_json,
    print_line,
    print_stderr,
)
from waypost.cli.sources.settings import load_settings
from waypost.setup_links.link import LinkRow


def list_links(db_uri: DbUriFlag = None, as_json: JsonFlag = False) -> None:
    """List the links, the newest first.

    A link is shown until 30 days after it has expired. The list never shows the link itself:
    nothing that is stored can open it.
    """
    with open_links(load_settings(db_uri=db_uri)) as links:
        rows = links.all()
    if as_json:
        print_json([_json(row) for row in rows])
        return
    cells = [
        (f"{row.id}", str(row.target.address), row.target.device or "-", *_state(row))
        for row in rows
    ]
    for line in align_columns(cells) if cells else ():
        print_line(line)


def revoke(
    link: Annotated[int, typer.Argument(metavar="ID", help="The number of a link in the list.")],
    db_uri: DbUriFlag = None,
) -> None:
    """Remove a link, with its password.

    Exit code 1 if there is no such link. An app password that the link has given out before stays
    valid: remove it in your mail system.
    """
    with open_links(load_settings(db_uri=db_uri)) as links:
        is_removed = links.revoke(link)
    if not is_removed:
        print_stderr(f"there is no link {link}")
        raise typer.Exit(EXIT_FINDINGS)
    print_line(f"link {link} is revoked")


def _state(row: LinkRow) -> tuple[str, str]:
    if row.uses_left == 0:
        return "used", time_text(row.used_at or row.created_at)
    if row.is_expired:
        return "expired", time_text(row.expires_at)
    uses = "1 use" if row.uses_left == 1 else f"{row.uses_left} uses"
    return f"valid ({uses})", time_text(row.expires_at)


def _json(row: LinkRow) -> dict[str, object]:
    target = row.target
    return {
        "id": row.id,
        "address": str(target.address),
        "name": target.display_name,
        "aliases": [str(alias) for alias in target.aliases],
        "device": target.device,
        "has_password": row.secret is not None,
        "uses_left": row.uses_left,
        "created_at": time_text(row.created_at),
        "expires_at": time_text(row.expires_at),
        "used_at": None if row.used_at is None else time_text(row.used_at),
    }
