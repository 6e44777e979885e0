"""What mail clients get while Waypost's servers, files and workers fail: a short form."""

from pathlib import Path

import pytest

from tests.torture.deployment import Starting
from tests.torture.fault import Fault
from tests.torture.fault_run import SHORT, run_faults
from tests.torture.faults import faults

pytestmark = [pytest.mark.torture, pytest.mark.timeout(900)]


def _groups() -> dict[Starting, list[Fault]]:
    groups: dict[Starting, list[Fault]] = {}
    for fault in faults():
        if not fault.is_long:
            groups.setdefault(fault.starting, []).append(fault)
    return groups


GROUPS = [
    pytest.param(starting, members, id=starting.__name__) for starting, members in _groups().items()
]


@pytest.mark.parametrize(("starting", "members"), GROUPS)
def test_no_answer_is_wrong_or_lost(
    starting: Starting, members: list[Fault], tmp_path: Path
) -> None:
    """During each fault and after it, each answer is right, or what is promised for this fault."""
    results = list(run_faults(starting, members, tmp_path, SHORT))
    assert {one.fault.name: broken for one in results if (broken := one.broken_with_room)} == {}
