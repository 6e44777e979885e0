"""The figures of a test, printed with its result."""

from collections.abc import Callable

import pytest

from tests.scale.row import Changes, Row


@pytest.fixture
def show(request: pytest.FixtureRequest) -> Callable[[Row | Changes], None]:
    """Return a function that prints a line of the table, also if the test passes."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    assert capture is not None

    def write(line: Row | Changes) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n  {line}", end="")  # noqa: T201

    return write
