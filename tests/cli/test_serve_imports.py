"""Imports of a server: no search for garbage, and no Rich for structlog."""

import subprocess
import sys

import pytest

_LOAD = """
import gc, sys
from waypost.cli.serve import importing_server
{before}
with importing_server():
    assert not gc.isenabled()
    import waypost.cli.start_server
assert gc.isenabled() and gc.get_freeze_count()
print(sys.modules.get("rich", "absent") != "absent")
import rich.console
"""


@pytest.mark.parametrize(
    ("before", "has_rich"),
    [("", "False"), ("import rich", "True"), ("import structlog", "True")],
    ids=["alone", "after Rich", "after structlog"],
)
def test_rich(before: str, has_rich: str) -> None:
    """A server does not load Rich, unless it is loaded already; later imports find it."""
    done = subprocess.run(
        [sys.executable, "-c", _LOAD.format(before=before)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == has_rich
