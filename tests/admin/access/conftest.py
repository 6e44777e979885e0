"""A database with the tables of tokens and sessions."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.servers.database import Database
from tests.upgraded import upgraded_engine
from waypost.database.engine import Engine, open_engine
from waypost.store.sql.migrate import upgrade


@pytest.fixture(name="engine")
def _engine(database: Database) -> Iterator[Engine]:
    if database.dialect == "sqlite":
        engine = upgraded_engine(Path(f"{make_url(database.uri).database}"))
    else:
        engine = open_engine(database.uri)
        upgrade(engine)
    yield engine
    engine.dispose()
