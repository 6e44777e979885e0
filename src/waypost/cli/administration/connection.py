"""The use cases of a command: on the database, or on another Waypost by its API."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Final

import typer

from waypost.admin.facade import Admin
from waypost.admin.principal import Principal
from waypost.admin.remote import RemoteAdmin
from waypost.admin.source import open_source
from waypost.cli.sources.settings import load_settings
from waypost.core.errors import ObjectNotFound, SettingsError

TOKEN_VARIABLE: Final = "WAYPOST_TOKEN"  # noqa: S105 -- the name of a variable
AnyAdmin = Admin | RemoteAdmin
_SUGGESTIONS_MAX: Final = 200

UrlFlag = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        help="Use the API of another Waypost, not the database. WAYPOST_TOKEN has the token.",
    ),
]
TokenFileFlag = Annotated[
    Path | None,
    typer.Option("--token-file", metavar="FILE", help="A file with the token for --url."),
]
YesFlag = Annotated[
    bool, typer.Option("--yes", help="Also change the other domains that the message names.")
]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command works.

    Attributes:
        db_uri: the database; None for the one of the settings.
        url: another Waypost instead, or None.
        token_file: the file with its token; None for the environment variable.
    """

    db_uri: str | None = None
    url: str | None = None
    token_file: Path | None = None


@contextmanager
def open_admin(place: Place) -> Iterator[AnyAdmin]:
    """Open the use cases, and close them afterwards.

    Raises:
        SettingsError: the token is missing, or an option contradicts another one.
        StoreError: the database cannot be used.
    """
    if place.url is None:
        if place.token_file is not None:
            raise SettingsError(["--token-file: is only for --url"])
        with open_source(load_settings(db_uri=place.db_uri)) as source:
            yield Admin(source, command_principal())
        return
    if place.db_uri is not None:
        raise SettingsError(["--url: cannot be combined with --db-uri"])
    yield RemoteAdmin(place.url, _token(place.token_file))


def command_principal() -> Principal:
    """Return the user of the operating system, for the audit log."""
    return Principal(f"uid {os.getuid()}", "command")


@contextmanager
def suggest_domains(admin: AnyAdmin, name: str) -> Iterator[None]:
    """Add a similar name to the error for a domain that does not exist.

    Raises:
        ObjectNotFound: with the most similar domain, if there is one.
    """
    try:
        yield
    except ObjectNotFound as error:
        near = get_close_matches(name.lower(), _similar(admin, name.lower()), n=1, cutoff=0.8)
        raise ObjectNotFound(f"{error}" + (f"; did you mean {near[0]}?" if near else "")) from error


def _similar(admin: AnyAdmin, name: str) -> list[str]:
    """Return domains that begin as a name does, those with most equal characters first."""
    names: dict[str, None] = {}
    for length in range(len(name) - 1, 0, -1):
        page = admin.list_domains(prefix=name[:length], limit=50)
        names |= dict.fromkeys(item.data["name"] for item in page.items)
        if len(names) >= _SUGGESTIONS_MAX:
            break
    return list(names)


def _token(file: Path | None) -> str:
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError([f"--token-file: {file}: cannot be read: {error}"]) from error
    else:
        text = os.environ.get(TOKEN_VARIABLE, "")
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        place = TOKEN_VARIABLE if file is None else f"--token-file: {file}"
        message = f"{place}: has no token; `waypost token create` makes one on the other machine"
        raise SettingsError([message])
    return token
