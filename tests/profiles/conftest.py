"""What the tests of signed profiles share."""

from pathlib import Path

import pytest

from tests.profiles.making import Signing, signing


@pytest.fixture(name="made")
def _made(tmp_path: Path) -> Signing:
    return signing(tmp_path)
