"""The one-time links of the settings, for commands."""

from collections.abc import Iterator
from contextlib import contextmanager

from waypost.cli.sources.database import open_database
from waypost.core.errors import SettingsError
from waypost.settings import Settings
from waypost.setup_links.links import SetupLinks
from waypost.wiring_links import setup_links


@contextmanager
def open_links(settings: Settings) -> Iterator[SetupLinks]:
    """Open the links: those of the database, or signed tokens if there is none.

    Raises:
        SettingsError: links are disabled, or a key cannot be used.
        StoreError: the database cannot be used as it is.
    """
    if settings.demo or settings.providers is not None:
        yield _enabled(setup_links(settings, None))
        return
    from waypost.store.sql.setup_link_rows import SetupLinkRows  # noqa: PLC0415 -- SQLAlchemy

    with open_database(settings) as engine:
        yield _enabled(setup_links(settings, SetupLinkRows(engine)))


def _enabled(links: SetupLinks | None) -> SetupLinks:
    if links is None:
        message = "link_key: is not set, so setup links are disabled; set it to a random text"
        raise SettingsError([f"{message}, such as `openssl rand -base64 32` prints"])
    return links
