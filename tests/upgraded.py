"""Upgraded, empty SQLite files without an upgrade for each test."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from waypost.database.engine import Engine, open_engine
from waypost.store.sql.migrate import upgrade


def upgraded_engine(path: Path) -> Engine:
    """Write an upgraded SQLite file without rows, and open it."""
    path.write_bytes(_content())
    return open_engine(f"sqlite:///{path}")


@cache
def _content() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "waypost.sqlite"
        engine = open_engine(f"sqlite:///{path}")
        upgrade(engine)
        engine.dispose()
        return path.read_bytes()
