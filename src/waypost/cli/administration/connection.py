"""The use cases of a command: on the database, or on another Waypost by its API."""

from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Annotated, Final

import typer

from waypost.admin.facade import Admin
from waypost.admin.name_search import host_as_stored
from waypost.admin.remote.client import RemoteAdmin
from waypost.admin.source import open_source
from waypost.cli.administration.place import Place, open_remote
from waypost.cli.principal import command_principal
from waypost.cli.sources.settings import load_settings
from waypost.core.errors import ObjectNotFound

AnyAdmin = Admin | RemoteAdmin
_SUGGESTIONS_MAX: Final = 200

YesFlag = Annotated[bool, typer.Option("--yes", help="Confirm that other domains change, too.")]


@contextmanager
def open_admin(place: Place) -> Iterator[AnyAdmin]:
    """Open the use cases, and close them afterwards.

    Raises:
        SettingsError: the token is missing, or an option contradicts another one.
        StoreError: the database cannot be used.
    """
    if place.url is not None:
        yield open_remote(place)
        return
    place.check()
    settings = load_settings(place.providers, place.demo, place.db_uri)
    if place.db_uri is not None:  # The flag counts, and not `providers` of the settings.
        settings = settings.model_copy(update={"providers": None, "demo": False})
    with open_source(settings) as source:
        yield Admin(source, command_principal())


@contextmanager
def suggest_domains(admin: AnyAdmin, name: str) -> Iterator[None]:
    """Add a similar name to the error for a domain that does not exist.

    Raises:
        ObjectNotFound: with the most similar domain, if there is one.
    """
    try:
        yield
    except ObjectNotFound as error:
        raise ObjectNotFound(f"{error}{similar_domain(admin, name)}") from error


def similar_domain(admin: AnyAdmin, name: str) -> str:
    """Return a question about the most similar domain; empty if there is none."""
    stored = host_as_stored(name)
    near = get_close_matches(stored, _similar(admin, stored), n=1, cutoff=0.8)
    return f"; did you mean {near[0]}?" if near else ""


def _similar(admin: AnyAdmin, name: str) -> list[str]:
    """Return domains that begin as a name does, those with most equal characters first."""
    names: dict[str, None] = {}
    for length in range(len(name) - 1, 0, -1):
        page = admin.list_domains(prefix=name[:length], limit=50)
        names |= dict.fromkeys(item.data["name"] for item in page.items)
        if len(names) >= _SUGGESTIONS_MAX:
            break
    return list(names)
