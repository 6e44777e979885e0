"""What must hold while a real server is attacked."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from _pytest.mark.structures import ParameterSet

from tests.servers.requirements import require
from tests.torture.attack import Attack
from tests.torture.attacks import attacks
from tests.torture.running import run

pytestmark = [pytest.mark.torture, pytest.mark.timeout(900)]


def _case(number: int, attack: Attack) -> ParameterSet:
    """Return an attack with one of its numbers of workers; `make torture` tries all of them."""
    workers = attack.workers[number % len(attack.workers)]
    return pytest.param(attack, workers, id=f"{attack.name}, {workers}")


CASES = [_case(*one) for one in enumerate(attacks())]


@pytest.mark.parametrize(("attack", "workers"), CASES)
def test_bounds_hold(attack: Attack, workers: int, tmp_path: Path) -> None:
    """Each bound of an attack holds, with room for the tests that run at the same time."""
    if attack.disk is not None:
        require(private_network=True, programs=["unshare", "mount"])
        # Its own /dev/shm would hide a folder below /dev/shm (tests/temporary.py).
        with TemporaryDirectory(dir="/var/tmp", prefix="waypost-torture-") as folder:
            figures = run(attack, workers, Path(folder))
    else:
        figures = run(attack, workers, tmp_path)
    broken = [figure for figure in figures if not figure.holds_with_room]
    assert not broken
