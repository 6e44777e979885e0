"""No frequent work needs more instructions than recorded."""

import pytest

from tests.instructions import figures
from tests.instructions.callgrind import count
from tests.servers.requirements import require, skip


@pytest.mark.timeout(900)  # half a minute of a core
def test_instructions() -> None:
    """Each frequent request, a providers file and each format need at most 5 % more."""
    require(programs=["valgrind"])
    build = figures.build_of_python()
    recorded = figures.read().get(build)
    if recorded is None:
        skip(figures.nothing_recorded(build))
    counted = count()
    lines = list(figures.problems(recorded, counted))
    assert not lines, figures.failure(lines, recorded, counted)
