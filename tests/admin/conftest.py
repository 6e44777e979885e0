"""The use cases of administration on a database with the sample providers."""

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.admin.cases import ROOT, open_admin
from tests.servers.database import Database
from tests.upgraded import file_with_tables
from waypost.admin.facade import Admin
from waypost.admin.source import AdminSource
from waypost.database.engine import Engine, open_engine, write_transaction
from waypost.demo import demo_catalog
from waypost.settings import Settings
from waypost.store.sql.migrate import statements_for_empty
from waypost.store.sql.sync.catalog import write_catalog


@cache
def _tables(dialect: str) -> str:
    return statements_for_empty(dialect)


@pytest.fixture(name="engine")
def _engine(database: Database) -> Iterator[Engine]:
    """Yield an upgraded, empty database, on each engine in turn."""
    engine = open_engine(database.uri)
    if database.dialect == "sqlite":
        Path(f"{engine.url.database}").write_bytes(file_with_tables(_tables("sqlite")))
    else:
        database.client(_tables(database.dialect))
    yield engine
    engine.dispose()


@pytest.fixture(name="any_admin")
def _any_admin(engine: Engine) -> Admin:
    """Return the use cases of the sample providers, on each engine in turn."""
    with write_transaction(engine) as connection:
        write_catalog(connection, demo_catalog())
    return Admin(AdminSource(Settings(db_uri="sqlite://"), engine), ROOT)


@pytest.fixture(name="sample", scope="session")
def _sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a SQLite file with the sample providers, to be copied."""
    path = tmp_path_factory.mktemp("sample") / "waypost.sqlite"
    path.write_bytes(file_with_tables(_tables("sqlite")))
    engine = open_engine(f"sqlite:///{path}")
    with write_transaction(engine) as connection:
        write_catalog(connection, demo_catalog())
    engine.dispose()
    return path


@pytest.fixture(name="file")
def _file(sample: Path, tmp_path: Path) -> Path:
    """Return a copy of the SQLite file with the sample providers."""
    path = tmp_path / "waypost.sqlite"
    shutil.copy(sample, path)
    return path


@pytest.fixture(name="admin")
def _admin(file: Path) -> Iterator[Admin]:
    """Yield the use cases of the sample providers in a SQLite file."""
    with open_admin(file) as admin:
        yield admin
