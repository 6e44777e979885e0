"""The collection of tests only for files that are there."""

from pathlib import Path

import pytest

from tests.upstream.published import KINDS, NoFilesError, published


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Ignore the tests of a kind without files, so that they are not skipped."""
    kind = collection_path.stem.removeprefix("test_")
    if kind not in KINDS:
        return None
    try:
        return True if not published(kind) else None
    except NoFilesError as error:
        raise pytest.UsageError(str(error)) from error
