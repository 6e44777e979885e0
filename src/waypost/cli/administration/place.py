"""Where a command works: on the database of this machine, or on another Waypost by its API."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from waypost.admin.remote.client import RemoteAdmin
from waypost.core.errors import SettingsError

TOKEN_VARIABLE: Final = "WAYPOST_TOKEN"  # noqa: S105 -- the name of a variable

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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command works.

    Attributes:
        db_uri: the database; None for the one of the settings.
        url: another Waypost instead, or None.
        token_file: the file with its token; None for the environment variable.
        providers: a providers file instead of the database, or None.
        demo: whether to use the samples.
    """

    db_uri: str | None = None
    url: str | None = None
    token_file: Path | None = None
    providers: Path | None = None
    demo: bool = False

    def check(self) -> None:
        """Refuse options that contradict each other.

        Raises:
            SettingsError: there are such options.
        """
        if self.url is None and self.token_file is not None:
            raise SettingsError(["--token-file: is only for --url"])
        if self.url is not None and self.db_uri is not None:
            raise SettingsError(["--url: cannot be combined with --db-uri"])
        if self.url is not None:
            refuse_with_url(self.providers, self.demo)


def open_remote(place: Place) -> RemoteAdmin:
    """Return the use cases of another Waypost.

    Raises:
        SettingsError: the token is missing, or an option contradicts another one.
    """
    place.check()
    return RemoteAdmin(place.url or "", _token(place.token_file))


def refuse_with_url(providers: Path | None, demo: bool) -> None:
    """Refuse other sources of domains together with --url.

    Raises:
        SettingsError: there is one.
    """
    if providers is not None or demo:
        option = "--demo" if providers is None else "--providers"
        raise SettingsError([f"--url: cannot be combined with {option}"])


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
