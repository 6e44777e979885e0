"""`waypost directory list`: list the user directories."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from waypost.admin.remote.client import RemoteAdmin
from waypost.cli.administration.objects import all_items
from waypost.cli.administration.place import Place, TokenFileFlag, UrlFlag, open_remote
from waypost.cli.directory.location import location_of
from waypost.cli.options import DbUriFlag, JsonFlag, ProvidersFlag
from waypost.cli.output import print_json, print_rows, quantity
from waypost.cli.sources.catalogs import load_catalog
from waypost.cli.sources.database import open_database
from waypost.cli.sources.settings import load_settings
from waypost.core.model import Directory
from waypost.database.engine import read_snapshot
from waypost.settings import Settings
from waypost.store.sql.directory_use import directories_in_use

_NONE: Final = "no directories; see `waypost directory add --help`"


def list_directories(
    providers: ProvidersFlag = None,
    db_uri: DbUriFlag = None,
    as_json: JsonFlag = False,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
) -> None:
    """List the directories, and how many domains use each.

    Each line has the name, the kind, the location without secrets, and the number of domains. With
    --url, there are no numbers.
    """
    place = Place(db_uri, url, token_file, providers)
    place.check()
    if url is not None:
        _print_remote(open_remote(place), as_json)
        return
    settings = load_settings(providers, db_uri=db_uri)
    directories = _directories_in_use(settings)
    if as_json:
        print_json([_summary(directory, count) for directory, count in directories])
        return
    rows = [
        (directory.label, directory.kind.value, location_of(directory), quantity(count, "domain"))
        for directory, count in directories
    ]
    nothing = "no directories in the providers file" if settings.uses_providers_file else _NONE
    print_rows(rows, nothing)


def _directories_in_use(settings: Settings) -> Sequence[tuple[Directory, int]]:
    """Return all directories, each with its number of domains; do not keep the domains."""
    if settings.uses_providers_file:
        catalog = load_catalog(settings)
        counts = Counter(
            domain.users.directory.label for domain in catalog.domains if domain.users is not None
        )
        return [(directory, counts[directory.label]) for directory in catalog.directories]
    with open_database(settings) as engine, read_snapshot(engine) as connection:
        return directories_in_use(connection)


def _print_remote(admin: RemoteAdmin, as_json: bool) -> None:
    found = all_items(admin.list_directories)
    if as_json:
        print_json([_remote_summary(one) for one in found])
        return
    print_rows([tuple(_remote_summary(one).values()) for one in found], _NONE)


def _remote_summary(data: Mapping[str, Any]) -> dict[str, str]:
    """Return what the API says of a directory; the URI of a database is a secret."""
    location = data.get("path") or ", ".join(data.get("urls", ()))
    if host := data.get("host"):
        location = f"{host}:{data['port']}" if data.get("port") else f"{host}"
    kind = data.get("kind", "ldap")
    return {"directory": data["name"], "kind": f"{kind}", "location": location}


def _summary(directory: Directory, count: int) -> dict[str, object]:
    return {
        "directory": directory.label,
        "kind": directory.kind.value,
        "location": location_of(directory),
        "domains": count,
    }
