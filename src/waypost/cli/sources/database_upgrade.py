"""The database of the server, upgraded at its start."""

from waypost.cli.sources.database import open_database
from waypost.database.engine import refuse_other_owner
from waypost.settings import Settings
from waypost.store.sql.prepare import open_replica, prepare_replica, upgrade_if_needed


def upgrade_database(settings: Settings) -> None:
    """Upgrade the tables of the database, unless they are current; check its replica, if any.

    Raises:
        StoreError: the database cannot be used as it is, or belongs to another user.
        StoreUnavailable: the database does not answer.
    """
    with open_database(settings) as engine:
        refuse_other_owner(engine)
        upgrade_if_needed(engine)
    if settings.db_read_uri is not None:
        replica = open_replica(settings.db_read_uri, settings.db_echo)
        try:
            prepare_replica(settings.db_uri, replica)
        finally:
            replica.dispose()
