"""Empty databases for automx2's content, on each engine in turn."""

from collections.abc import Iterator

import pytest

from tests.cli.conftest import home, waypost
from tests.servers.database import Database
from waypost.database.engine import Engine, open_engine

__all__ = ["home", "waypost"]


@pytest.fixture(name="uri")
def _uri(database: Database) -> str:
    """Return the URI of an empty database."""
    return database.uri


@pytest.fixture(name="bare")
def _bare(uri: str) -> Iterator[Engine]:
    """Yield an empty database."""
    engine = open_engine(uri)
    yield engine
    engine.dispose()
