"""Do the work of all cases under Valgrind: `python -m tests.instructions.workload`.

`os.getppid` marks where a count ends and the next one begins: nothing else calls it, and Callgrind
writes a count whenever the C function of that name is called (`--dump-before`).
"""

import gc
import os

from tests.instructions.cases import cases


def main() -> None:
    """Do each case once without a count, then so many times, and then twice as many times."""
    gc.disable()  # It would run at other moments after each change.
    for case in cases():
        work = case.prepare()
        work(case.repetitions)
        for factor in (1, 2):
            os.getppid()
            work(factor * case.repetitions)
        os.getppid()


if __name__ == "__main__":
    main()
