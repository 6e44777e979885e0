"""The sources of the domains that the settings name: the samples, a file, or the database."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from waypost.core.errors import SettingsError
from waypost.core.model import SqlDirectory
from waypost.demo import demo_catalog
from waypost.providers_file.pinned_pacc import PinnedFile
from waypost.settings import Settings
from waypost.store.external import DomainSource, ExternalStore
from waypost.store.memory import MemoryStore
from waypost.store.protocol import PinnedDocuments, Store
from waypost.store.reload import read_store


def open_store(
    settings: Settings, warn: Callable[[Iterable[str]], None] = lambda _warnings: None
) -> Store:
    """Open the source of the domains: the samples, a providers file, or the database.

    Args:
        settings: say where the domains are.
        warn: gets the warnings of a providers file.

    Raises:
        StoreError: the database cannot be used as it is.
        StoreUnavailable: the database does not answer.
        ProvidersError: errors in the providers file.
    """
    if settings.demo:
        return MemoryStore(demo_catalog())
    if settings.providers is not None:
        file_store = read_store(settings.providers, warn)
        return (
            ExternalStore(file_store, open_external_domains)
            if file_store.external_domains
            else file_store
        )
    from waypost.wiring.database import open_database_store  # noqa: PLC0415 -- SQLAlchemy

    return open_database_store(settings)


@contextmanager
def open_pinned(settings: Settings) -> Iterator[PinnedDocuments]:
    """Open the place of PACC documents: a file next to the providers file, or the database.

    Raises:
        SettingsError: nothing can be pinned for the samples.
        StoreError: the database cannot be used as it is.
    """
    if settings.demo:
        raise SettingsError(["demo: no document can be pinned for the samples"])
    if settings.providers is not None:
        yield PinnedFile(settings.providers)
        return
    from waypost.wiring.database import open_pinned_rows  # noqa: PLC0415 -- SQLAlchemy

    with open_pinned_rows(settings) as pinned:
        yield pinned


def open_external_domains(directory: SqlDirectory) -> DomainSource:
    """Open another database that has domains; errors are those of `database.open_domain_source`."""
    from waypost.wiring.database import open_domain_source  # noqa: PLC0415 -- SQLAlchemy

    return open_domain_source(directory)
