"""Empty databases for what automx2 left."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import home, waypost
from waypost.store.sql.engine import Engine, open_engine

__all__ = ["home", "waypost"]


@pytest.fixture(name="uri")
def _uri(tmp_path: Path) -> str:
    """Where an empty database is."""
    return f"sqlite:///{tmp_path}/automx2.sqlite"


@pytest.fixture(name="bare")
def _bare(uri: str) -> Iterator[Engine]:
    """An empty database."""
    engine = open_engine(uri)
    yield engine
    engine.dispose()
