"""Domains in the database of the service, which a new providers file would hide."""

from pathlib import Path, PurePosixPath
from typing import Final

from waypost.cli.output import quantity
from waypost.core.address import DomainName
from waypost.core.errors import StoreError, StoreUnavailable
from waypost.database.engine import open_engine
from waypost.database.read_only import reading_db_uri
from waypost.setup.files import local_path, sets_nothing
from waypost.setup.plan import PROVIDERS, SETTINGS
from waypost.store.sql.store import SqlStore

DATABASE: Final = PurePosixPath("/var/lib/waypost/waypost.sqlite")
"""The database of the unit without `db_uri`."""


def hidden_domains(root: Path, domain: DomainName) -> str | None:
    """Return what is wrong if new settings would replace a database that has domains.

    Settings that exist are not changed, so they say already where the domains are. The database is
    only read.

    Args:
        root: the root of the machine that Waypost is for.
        domain: the one that is set up.
    """
    path = local_path(root, DATABASE).absolute()
    try:
        if not _is_hidden(path, local_path(root, SETTINGS)):
            return None
        count = _count(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, StoreError, StoreUnavailable) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        return (
            f"{path}: this database cannot be read ({reason}), and Waypost would serve the new "
            f"{PROVIDERS.name} instead of its domains; if the permission is missing, run the "
            "command as root; to begin without the database, rename it first"
        )
    if not count:
        return None
    return (
        f"{path}: this database has {quantity(count, 'domain')} already, and Waypost would serve "
        f"the new {PROVIDERS.name} instead; add the domain to the database: `waypost domain add "
        f"{domain}`, or the admin pages (`waypost admin link`); to begin again without it, rename "
        "it first"
    )


def _is_hidden(path: Path, settings: Path) -> bool:
    """Return whether there is a database that is not empty, and no settings name the domains."""
    return path.stat().st_size > 0 and not (settings.exists() and not sets_nothing(settings))


def _count(path: Path) -> int:
    engine = open_engine(reading_db_uri(path))
    try:
        store = SqlStore(engine)
        return store.count_domains() if store.has_tables() else 0
    finally:
        engine.dispose()
