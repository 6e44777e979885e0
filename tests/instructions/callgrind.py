"""Count instructions with Callgrind, which needs no counters of the processor.

Virtual machines rarely have these counters (`perf stat -e instructions:u`), and Callgrind counts
the same in each run: it executes the program itself, on no real clock.
"""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.instructions.cases import cases
from tests.instructions.figures import Figures, current_versions
from tests.servers.requirements import program

ROOT: Final = Path(__file__).parents[2]
_MARK: Final = "getppid"
_TOTAL: Final = re.compile(r"^totals: (\d+)$", re.MULTILINE)
_PATIENCE_SECONDS: Final = 800.0
# For each case: what is before the first count, the count, and the count of twice as many.
_PARTS: Final = 3


class CountingError(Exception):
    """The program under Valgrind failed; the text has its output."""


def count() -> Figures:
    """Do the work of all cases under Callgrind, and return the instructions of one repetition.

    Raises:
        FileNotFoundError: Valgrind is not installed.
        CountingError: the work failed.
    """
    with TemporaryDirectory(prefix="instructions-of-waypost-") as folder:
        output = Path(folder) / "out"
        done = subprocess.run(
            [
                *(program("valgrind"), "--quiet", "--tool=callgrind", "--instr-atstart=no"),
                *(f"--dump-before={_MARK}", f"--callgrind-out-file={output}"),
                *(sys.executable, "-m", "tests.instructions.workload"),
            ],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
            timeout=_PATIENCE_SECONDS,
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise CountingError(done.stdout + done.stderr)
        files = sorted(Path(folder).glob("out.*"), key=lambda file: int(file.suffix[1:]))
        totals = [int(_TOTAL.findall(file.read_text(encoding="utf-8"))[-1]) for file in files]
    return Figures(_by_case(totals), current_versions())


def _by_case(totals: Sequence[int]) -> dict[str, int]:
    """Return the instructions of one repetition of each case.

    The smaller count is subtracted from that of twice as many repetitions, so that what is done
    once for all repetitions does not count.
    """
    listed = list(cases())
    if len(totals) != _PARTS * len(listed):
        raise CountingError(f"{len(totals)} counts of {len(listed)} cases")
    return {
        case.name: (totals[_PARTS * place + 2] - totals[_PARTS * place + 1]) // case.repetitions
        for place, case in enumerate(listed)
    }
