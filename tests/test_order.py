"""The order of the tests names real files and folders, also after one of them is renamed."""

import pytest

from tests.architecture.source import ROOT
from tests.conftest import ATTACKS, LONG, SHARING


@pytest.mark.parametrize("path", [*SHARING, *LONG, ATTACKS])
def test_named_paths_exist(path: str) -> None:
    """Each file that starts first, and each folder whose tests share a process, exists."""
    assert (ROOT / path).exists()
