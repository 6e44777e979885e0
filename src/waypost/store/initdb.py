"""Fill and empty the database in the same way as automx2, for `/initdb/`."""

from collections.abc import Callable

from waypost.core.model import Catalog
from waypost.database.engine import Engine, write_transaction
from waypost.demo import demo_catalog
from waypost.importers.automx2_seed import read_seed
from waypost.store.sql.sync.catalog import is_empty, purge, write_catalog


class InitDb:
    """Operations on a whole database. Its methods block."""

    def __init__(self, engine: Engine, on_change: Callable[[], None]) -> None:
        """Create the operations for a database.

        Args:
            engine: the database.
            on_change: called after a change, because cached answers are out of date.
        """
        self._engine = engine
        self._on_change = on_change

    def write_sample(self) -> bool:
        """Write the sample providers into an empty database.

        Returns:
            False if the database already contains providers; then nothing is changed.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        return self._fill(demo_catalog())

    def import_seed(self, seed: bytes) -> bool:
        """Write a JSON seed of automx2, version 1 or 2, into an empty database.

        Returns:
            False if the database already contains providers; then nothing is changed.

        Raises:
            ProvidersError: all mistakes of the seed; nothing is changed.
            StoreUnavailable: the database does not answer.
        """
        return self._fill(read_seed(seed, name="seed").catalog)

    def purge(self) -> None:
        """Remove all rows from the database.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        with write_transaction(self._engine) as connection:
            purge(connection)
        self._on_change()

    def _fill(self, catalog: Catalog) -> bool:
        with write_transaction(self._engine) as connection:
            if not is_empty(connection):
                return False
            write_catalog(connection, catalog)
        self._on_change()
        return True
