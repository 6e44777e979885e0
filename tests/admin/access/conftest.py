"""A database with the tables of tokens and sessions."""

from collections.abc import Iterator

import pytest

from tests.servers.database import Database
from waypost.database.engine import Engine, open_engine
from waypost.store.sql.migrate import upgrade


@pytest.fixture(name="engine")
def _engine(database: Database) -> Iterator[Engine]:
    engine = open_engine(database.uri)
    upgrade(engine)
    yield engine
    engine.dispose()
