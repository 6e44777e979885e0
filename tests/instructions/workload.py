"""Do the work of all cases under Valgrind: `python -m tests.instructions.workload`.

`os.getppid` marks where a count ends and the next one begins: nothing else calls it, and Callgrind
writes a count whenever the C function of that name is called (`--dump-before`). Callgrind begins
to count after the imports, which take most of the time if it counts them.
"""

import gc
import os
import subprocess

from tests.instructions.cases import cases
from tests.servers.requirements import program


def main() -> None:
    """Do each case once without a count, then so many times, and then twice as many times."""
    control = [program("callgrind_control"), "--instr=on", f"{os.getpid()}"]
    subprocess.run(control, check=True, stdout=subprocess.DEVNULL)
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
