"""The schemas of the standards."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture(name="shared")
def _shared() -> Path:
    """The folder of schemas next to the repository; without it a test is skipped."""
    if not SHARED.is_dir():
        pytest.skip(f"the schemas are not there: {SHARED}")
    return SHARED
