"""Count the instructions of frequent work, and compare them with the recorded figures.

The exit code is 1 if a case needs more than 5 % more, or if nothing is recorded for this Python.
Example: `python -m tests.instructions --write` records new figures for this Python.
"""

import argparse
import sys
from collections.abc import Sequence

from tests.instructions import figures
from tests.instructions.callgrind import count


def main(arguments: Sequence[str] | None = None) -> int:
    """Count, print the table, and compare or record it."""
    options = argparse.ArgumentParser(prog="python -m tests.instructions", description=__doc__)
    options.add_argument("--write", action="store_true", help="record the figures of this Python")
    given = options.parse_args(arguments)
    try:
        counted = count()
    except FileNotFoundError as error:
        sys.stderr.write(f"{error}: apt install valgrind\n")
        return 2
    build = figures.build_of_python()
    recorded = figures.read().get(build)
    sys.stdout.write(f"{build}\n{figures.table(counted, recorded)}\n")
    if given.write:
        figures.write(build, counted)
        return 0
    if recorded is None:
        sys.stdout.write(f"{figures.nothing_recorded(build)}\n")
        return 1
    lines = list(figures.problems(recorded, counted))
    if lines:
        sys.stdout.write(f"{figures.failure(lines, recorded, counted)}\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
