"""Domains in the database of the service, which a new providers file would hide."""

from pathlib import Path, PurePosixPath
from typing import Final

from waypost.cli.output import quantity
from waypost.core.address import DomainName
from waypost.core.errors import StoreError, StoreUnavailable
from waypost.database.engine import open_engine
from waypost.setup.files import local_path, sets_nothing
from waypost.setup.plan import PROVIDERS, SETTINGS
from waypost.store.sql.store import SqlStore

DATABASE: Final = PurePosixPath("/var/lib/waypost/waypost.sqlite")
"""The database of the unit without `db_uri`."""


def hidden_domains(root: Path, domain: DomainName) -> str | None:
    """Return what is wrong if new settings would replace a database that has domains.

    Settings that exist are not changed, so they say already where the domains are.

    Args:
        root: the root of the machine that Waypost is for.
        domain: the one that is set up.
    """
    path, settings = local_path(root, DATABASE), local_path(root, SETTINGS)
    if not path.exists() or (settings.exists() and not sets_nothing(settings)):
        return None
    engine = open_engine(f"sqlite:///{path.absolute()}")
    try:
        count = SqlStore(engine).count_domains()
    except (StoreError, StoreUnavailable) as error:
        if path.stat().st_size == 0:
            return None
        found = f"cannot be read ({error})"
    else:
        if not count:
            return None
        found = f"has {quantity(count, 'domain')} already"
    finally:
        engine.dispose()
    return (
        f"{path}: this database {found}, and Waypost would serve the new {PROVIDERS.name} instead; "
        f"add the domain to the database: `waypost domain add {domain}`, or the admin pages "
        "(`waypost admin link`); to begin again without it, rename it first"
    )
