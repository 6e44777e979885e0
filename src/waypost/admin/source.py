"""Where the domains are: a database, which can be changed, or a providers file, which cannot."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from waypost.core.errors import StoreReadOnly
from waypost.database.engine import Engine, open_engine
from waypost.settings import Settings


@dataclass(frozen=True, slots=True)
class AdminSource:
    """The domains of this installation. One object for all requests of a process.

    Attributes:
        settings: all options.
        engine: the database; None if the domains are in a providers file.
    """

    settings: Settings
    engine: Engine | None

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


@contextmanager
def open_source(settings: Settings) -> Iterator[AdminSource]:
    """Open the source of the settings, and close it afterwards.

    Raises:
        StoreError: the URI of the database cannot be used.
    """
    if settings.demo or settings.providers is not None:
        yield AdminSource(settings, None)
        return
    engine = open_engine(settings.db_uri, settings.db_echo)
    try:
        yield AdminSource(settings, engine)
    finally:
        engine.dispose()
