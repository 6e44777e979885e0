"""`waypost directory list`: list the user directories."""

from collections import Counter
from collections.abc import Sequence

from waypost.cli.directory.location import location_of
from waypost.cli.options import DbUriFlag, JsonFlag, ProvidersFlag
from waypost.cli.output import align_columns, print_json, print_line, quantity
from waypost.cli.sources.catalogs import load_catalog
from waypost.cli.sources.database import open_database
from waypost.cli.sources.settings import load_settings
from waypost.core.model import Directory
from waypost.database.engine import read_snapshot
from waypost.settings import Settings
from waypost.store.sql.directory_use import directories_in_use


def list_directories(
    providers: ProvidersFlag = None, db_uri: DbUriFlag = None, as_json: JsonFlag = False
) -> None:
    """List the directories, and how many domains use each.

    Each line has the name, the kind, the location without secrets, and the number of domains.
    """
    directories = _directories_in_use(load_settings(providers, db_uri=db_uri))
    if as_json:
        print_json([_summary(directory, count) for directory, count in directories])
        return
    rows = [
        (directory.label, directory.kind.value, location_of(directory), quantity(count, "domain"))
        for directory, count in directories
    ]
    for line in align_columns(rows):
        print_line(line)


def _directories_in_use(settings: Settings) -> Sequence[tuple[Directory, int]]:
    """Return all directories, each with its number of domains; do not keep the domains."""
    if settings.demo or settings.providers is not None:
        catalog = load_catalog(settings)
        counts = Counter(
            domain.users.directory.label for domain in catalog.domains if domain.users is not None
        )
        return [(directory, counts[directory.label]) for directory in catalog.directories]
    with open_database(settings) as engine, read_snapshot(engine) as connection:
        return directories_in_use(connection)


def _summary(directory: Directory, count: int) -> dict[str, object]:
    return {
        "directory": directory.label,
        "kind": directory.kind.value,
        "location": location_of(directory),
        "domains": count,
    }
