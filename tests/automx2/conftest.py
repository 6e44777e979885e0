"""Empty databases for what automx2 left, on each engine in turn."""

from collections.abc import Iterator

import pytest

from tests.cli.conftest import home, waypost
from tests.servers.database import Database
from waypost.database.engine import Engine, open_engine

__all__ = ["home", "waypost"]


@pytest.fixture(name="uri")
def _uri(database: Database) -> str:
    """Where an empty database is."""
    return database.uri


@pytest.fixture(name="bare")
def _bare(uri: str) -> Iterator[Engine]:
    """An empty database."""
    engine = open_engine(uri)
    yield engine
    engine.dispose()
