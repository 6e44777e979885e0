"""The sources of domains for commands: the samples, a providers file, or the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from waypost.cli.output import note, warn
from waypost.cli.progress import Progress
from waypost.core.model import Catalog

if TYPE_CHECKING:
    from waypost.database.engine import Engine
    from waypost.settings import Settings
    from waypost.store.sql.row_finding import FindingSink

ProvidersFlag = Annotated[
    Path | None,
    typer.Option("--providers", metavar="FILE", help="Use this providers file, not the database."),
]
DemoFlag = Annotated[
    bool, typer.Option("--demo", help="Use the sample providers, not the database.")
]
DbUriFlag = Annotated[
    str | None,
    typer.Option("--db-uri", metavar="URI", help="The database. Default: db_uri of the settings."),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def settings_for(
    providers: Path | None = None, demo: bool = False, db_uri: str | None = None
) -> "Settings":
    """Load the settings with the flags for the source of domains, and print the database.

    Raises:
        SettingsError: with all mistakes in the settings.
    """
    from waypost.settings import database_of, load_from_process, source_of_database  # noqa: PLC0415

    flags = {"providers": providers, "demo": demo or None, "db_uri": db_uri}
    loaded = load_from_process(flags)
    warn(loaded.warnings)
    if (uri := database_of(loaded, Path.cwd())) is not None:
        note(f"database: {uri} ({source_of_database(loaded)})")
    return loaded.settings


@contextmanager
def database(settings: "Settings") -> "Iterator[Engine]":
    """Open the database of the settings, and close it afterwards.

    Raises:
        StoreError: the database cannot be used as it is.
    """
    from waypost.database.engine import open_engine  # noqa: PLC0415 -- quick start

    engine = open_engine(settings.db_uri, settings.db_echo)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def planned_database(settings: "Settings") -> "Iterator[tuple[Engine, bool]]":
    """Open the database for a plan of changes, without creating a file or a table.

    Yields:
        The database, and False; if it has no tables yet, an empty database instead, and True.

    Raises:
        StoreError: the database cannot be used as it is.
    """
    from waypost.database.engine import is_missing_file, open_engine  # noqa: PLC0415
    from waypost.store.sql.migrate import check_upgradable, status, upgrade  # noqa: PLC0415

    with database(settings) as engine:
        if not is_missing_file(engine):  # SQLite would create the file.
            found = status(engine)
            check_upgradable(found)
            if found.kind != "empty":
                yield engine, False
                return
    empty = open_engine("sqlite://")
    try:
        upgrade(empty)
        yield empty, True
    finally:
        empty.dispose()


def catalog_of(settings: "Settings") -> Catalog:
    """Read the catalog from the source of domains in the settings.

    Raises:
        ProvidersError: mistakes in the providers file.
        StoreError: the database cannot be used as it is.
        StoreUnavailable: the database does not answer.
    """
    if settings.demo:
        from waypost.demo import demo_catalog  # noqa: PLC0415 -- quick start

        return demo_catalog()
    if settings.providers is not None:
        from waypost.providers_file.load import read_providers_path  # noqa: PLC0415

        result = read_providers_path(settings.providers)
        warn(result.warnings)
        return result.catalog
    with catalog_reading(settings) as catalog:
        return replace(catalog, domains=tuple(catalog.domains))


@contextmanager
def catalog_reading(
    settings: "Settings",
    step: Progress = lambda _what, _done, _total: None,
    left_out: "FindingSink" = lambda _finding: None,
) -> Iterator[Catalog]:
    """Read catalogs of any size: domains of a database are not kept in memory.

    Args:
        settings: define the source of domains.
        step: is called with the progress.
        left_out: is called with each row of a database that no answer uses.
    """
    if settings.demo or settings.providers is not None:
        yield catalog_of(settings)
        return
    from waypost.database.engine import snapshot  # noqa: PLC0415 -- quick start
    from waypost.store.sql.sync.catalog import reading_catalog  # noqa: PLC0415 -- quick start

    with (
        database(settings) as engine,
        snapshot(engine) as connection,
        reading_catalog(connection, step, left_out) as catalog,
    ):
        yield catalog
