"""Databases for the tests of the store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from waypost.store.sql.engine import Engine, open_engine
from waypost.store.sql.migrate import upgrade


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    """Where the SQLite file of a test is."""
    return tmp_path / "waypost.sqlite"


@pytest.fixture(name="engine")
def _engine(path: Path) -> Iterator[Engine]:
    """An upgraded, empty database."""
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    yield engine
    engine.dispose()
