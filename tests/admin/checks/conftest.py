"""The sample providers for tests that change nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.admin.cases import ROOT
from waypost.admin.facade import Admin
from waypost.admin.source import AdminSource
from waypost.database.engine import open_engine
from waypost.settings import Settings


@pytest.fixture(name="unchanged", scope="module")
def _unchanged(sample: Path) -> Iterator[Admin]:
    """Yield the use cases of the sample providers, for the tests of a module."""
    uri = f"sqlite:///{sample}"
    engine = open_engine(uri)
    yield Admin(AdminSource(Settings(db_uri=uri), engine), ROOT)
    engine.dispose()
