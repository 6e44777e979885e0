"""Runs a command next to processes that keep the processors busy, as other work on a machine does.

A test that depends on the speed of the machine then fails. `make test-busy` runs this module.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Final

_LOOPS: Final = 1_000_000


@contextmanager
def busy_processes(count: int) -> Iterator[list[int]]:
    """Run processes that never wait, and give their ids; they end at the latest with this process.

    Args:
        count: how many processes, 1 or more.
    """
    context = get_context("spawn")
    processes = [context.Process(target=_compute, args=(os.getpid(),)) for _ in range(count)]
    try:
        for process in processes:
            process.start()
        yield [process.pid for process in processes if process.pid is not None]
    finally:
        for process in processes:
            process.kill()
            process.join()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit code; 2 if there is no such command."""
    parser = argparse.ArgumentParser("tools.busy", description=__doc__)
    parser.add_argument("count", type=int, choices=range(1, 65), metavar="COUNT")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    if not options.command:
        parser.error("name the command to run")
    with busy_processes(options.count):
        try:
            return subprocess.run(options.command, check=False).returncode
        except OSError as error:
            parser.error(f"{options.command[0]}: {error.strerror}")


def _compute(parent: int) -> None:
    while os.getppid() == parent:
        for _ in range(_LOOPS):
            pass


if __name__ == "__main__":
    sys.exit(main())
