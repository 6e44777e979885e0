"""`waypost link list` and `revoke`: the links that the database has."""

from collections.abc import Iterator
from typing import Annotated, Final

import typer

from waypost.admin.results import Data
from waypost.cli.administration.connection import AnyAdmin, open_admin
from waypost.cli.administration.place import Place, TokenFileFlag, UrlFlag
from waypost.cli.arguments import read_number
from waypost.cli.options import DbUriFlag, JsonFlag
from waypost.cli.output import print_json, print_line, print_rows

_PAGE_SIZE: Final = 1000


def list_links(
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """List the links, the newest first.

    A link is shown until 30 days after it has expired. The list never shows the link itself:
    nothing that is stored can open it.
    """
    with open_admin(Place(db_uri, url, token_file)) as admin:
        links = list(_links(admin))
    if as_json:
        print_json([dict(link) for link in links])
        return
    cells = [
        (f"{link['id']}", f"{link['address']}", f"{link['device'] or '-'}", *_state(link))
        for link in links
    ]
    print_rows(cells, "no links; see `waypost link create --help`")


def revoke(
    link: Annotated[str, typer.Argument(metavar="ID", help="The number from `waypost link list`.")],
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
) -> None:
    """Remove a link, with its password.

    Exit code 1 if there is no such link. An app password that the link has given out before stays
    valid: remove it in your mail system.
    """
    number = read_number(link, "waypost link list")
    with open_admin(Place(db_uri, url, token_file)) as admin:
        admin.setup_links.revoke(number)
    print_line(f"link {number} is revoked")


def _links(admin: AnyAdmin) -> Iterator[Data]:
    cursor: str | None = None
    while True:
        links, cursor = admin.setup_links.page(_PAGE_SIZE, cursor)
        yield from links
        if cursor is None:
            return


def _state(link: Data) -> tuple[str, str]:
    state, uses = f"{link['state']}", link["uses_left"]
    if state == "used":
        return state, f"{link['used'] or link['created']}"
    if state == "valid":
        state = "valid (1 use)" if uses == 1 else f"valid ({uses} uses)"
    return state, f"{link['expires']}"
