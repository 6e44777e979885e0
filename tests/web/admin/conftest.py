"""The API of an upgraded database, which each test may change."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.admin.api.api_client import Api, open_api
from tests.web.admin.pages.running import write_sample


@pytest.fixture(name="sample", scope="session")
def _sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a SQLite file with the sample providers, to be copied."""
    path = tmp_path_factory.mktemp("sample") / "waypost.sqlite"
    write_sample(path)
    return path


@pytest.fixture(name="shared_api", scope="module")
def _shared_api(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Return one API for all tests of a file, for which it does not matter what others change."""
    path = tmp_path_factory.mktemp("shared") / "waypost.sqlite"
    shutil.copy(sample, path)
    with open_api(path) as api:
        yield api


@pytest.fixture(name="api")
def _api(sample: Path, tmp_path: Path) -> Iterator[Api]:
    path = tmp_path / "waypost.sqlite"
    shutil.copy(sample, path)
    with open_api(path) as api:
        yield api
