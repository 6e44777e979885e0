"""Numbers that several processes share."""

import os
import signal
import time
from multiprocessing import get_context
from multiprocessing.connection import Connection

from waypost.runtime.shared_numbers import SharedNumbers


def swap_many(numbers: SharedNumbers, times: int) -> None:
    for _ in range(times):
        numbers.swap(0, numbers.swap(0, 0) + 1)


def hold(numbers: SharedNumbers, ready: Connection) -> None:
    os.lockf(numbers._file, os.F_LOCK, 0)  # noqa: SLF001 -- it ends in the midst of `swap`
    ready.send(True)
    time.sleep(60)


def test_each_index_has_its_number() -> None:
    """A number is zero at first, and `swap` returns only the previous one of the same place."""
    numbers = SharedNumbers(3)
    assert len(numbers) == 3
    assert [numbers.swap(0, 7), numbers.swap(0, 2**64 - 1), numbers.swap(0, 1)] == [0, 7, 2**64 - 1]
    assert numbers.swap(2, 1) == 0


def test_other_processes_see_them() -> None:
    """A number that another process stores is visible in this one."""
    numbers = SharedNumbers(1)
    numbers.swap(0, 41)
    process = get_context("spawn").Process(target=swap_many, args=(numbers, 1))
    process.start()
    process.join()
    assert numbers.swap(0, 0) == 42


def test_process_that_holds_the_lock() -> None:
    """A process that is stopped or killed within `swap` does not block the others."""
    numbers = SharedNumbers(1)
    receiver, sender = get_context("spawn").Pipe(duplex=False)
    process = get_context("spawn").Process(target=hold, args=(numbers, sender))
    process.start()
    assert receiver.recv()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGSTOP)
    assert [numbers.swap(0, 1), numbers.swap(0, 2)] == [0, 1]
    process.kill()
    process.join()
    assert numbers.swap(0, 3) == 2
