"""Where the domains are: a database, which can be changed, or a providers file, which cannot."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from waypost.core.errors import StoreError, StoreReadOnly
from waypost.core.model import Catalog
from waypost.database.engine import Engine, is_missing_file, open_engine
from waypost.demo import demo_catalog
from waypost.providers_file.load import read_providers_path
from waypost.runtime.file_stamp import FileStamp, file_stamp
from waypost.settings import Settings
from waypost.store.protocol import Store
from waypost.store.sql.store import SqlStore
from waypost.wiring.stores import open_store


@dataclass(slots=True)
class AdminSource:
    """The domains of this installation. One object for all requests of a process.

    Attributes:
        settings: all options.
        engine: the database; None if the domains are in a providers file.
        access: the database of tokens, sessions and the audit log, which the pages have also if
            the domains are in a providers file; None for `engine`.
    """

    settings: Settings
    engine: Engine | None
    access: Engine | None = None
    _read: tuple[FileStamp | None, Catalog] | None = field(default=None, repr=False)

    def database(self) -> Engine:
        """Return the database.

        Raises:
            StoreReadOnly: the domains are in a providers file, or are the samples.
        """
        if self.engine is not None:
            return self.engine
        path = self.settings.providers
        if path is None:
            raise StoreReadOnly("these are the samples, which cannot be changed", None)
        message = f"the domains are in {path.absolute()}; change this file"
        raise StoreReadOnly(message, f"{path.absolute()}")

    def audit_database(self) -> Engine:
        """Return the database of the audit log.

        Raises:
            StoreReadOnly: there is none, because the domains are in a providers file.
        """
        if self.access is None or is_missing_file(self.access):
            return self.database()
        return self.access

    def lacks_access(self) -> bool:
        """Return whether there is no database of tokens and sessions yet, so that all are refused.

        Raises:
            StoreError: this process cannot read the file of the database.
        """
        engine = self.access or self.engine
        return engine is None or is_missing_file(engine)

    def catalog(self) -> Catalog:
        """Return the content of the providers file, which is read again when it changes.

        Raises:
            ProvidersError: mistakes in the file.
        """
        path = self.settings.providers
        if path is None:
            return demo_catalog()
        stamp = file_stamp(path)
        if self._read is None or self._read[0] != stamp:
            self._read = stamp, read_providers_path(path).catalog
        return self._read[1]


@contextmanager
def open_source(settings: Settings) -> Iterator[AdminSource]:
    """Open the source of the settings, and close it afterwards.

    Raises:
        StoreError: the URI of the database cannot be used.
    """
    if settings.uses_providers_file:
        with _access_database(settings) as access:
            yield AdminSource(settings, None, access)
        return
    engine = open_engine(settings.db_uri, settings.db_echo)
    try:
        yield AdminSource(settings, engine)
    finally:
        engine.dispose()


@contextmanager
def _access_database(settings: Settings) -> Iterator[Engine | None]:
    """Yield the database of tokens, sessions and the audit log; None if it cannot be used."""
    try:
        engine = open_engine(settings.db_uri, settings.db_echo)
    except StoreError:  # A providers file needs no database.
        yield None
        return
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def open_source_store(source: AdminSource) -> Iterator[Store]:
    """Yield what finds the entry of a domain in the source."""
    if source.engine is not None:
        yield SqlStore(source.engine)
        return
    store = open_store(source.settings)
    try:
        yield store
    finally:
        store.close()
