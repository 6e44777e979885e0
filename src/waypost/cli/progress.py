"""The progress of a long command: a bar on a terminal, or a line every few seconds."""

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, track
from rich.progress import Progress as Bar

from waypost.cli.output import Progress, print_stderr, quantity

MIN_DOMAINS: Final = 1000
"""Commands with fewer domains are quick and show no progress."""
_SECONDS_BETWEEN_LINES: Final = 5.0
_Result = TypeVar("_Result")


@contextmanager
def progress(is_shown: bool | None) -> Iterator[Progress]:
    """Yield a function for progress; its arguments are the activity, the count and the total.

    Args:
        is_shown: True always shows a bar, False shows nothing, None shows a bar on a terminal and
            lines elsewhere.
    """
    if is_shown is False:
        yield lambda _activity, _done, _total: None
        return
    console = Console(stderr=True, force_terminal=True if is_shown else None)
    if not console.is_terminal:
        yield _LineProgress().step
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bar(*columns, TimeElapsedColumn(), console=console) as bar:
        tasks = {}

        def step(activity: str, done: int, total: int) -> None:
            if total < MIN_DOMAINS:
                return
            if activity not in tasks:
                tasks[activity] = bar.add_task(activity, total=total)
            bar.update(tasks[activity], completed=done, total=total)

        yield step


def with_progress_bar(results: Iterable[_Result], activity: str, total: int) -> Iterator[_Result]:
    """Yield the results, and show a progress bar on a terminal."""
    if not sys.stderr.isatty():
        yield from results
        return
    console = Console(stderr=True)
    yield from track(results, activity, total, console=console, transient=True)


class _LineProgress:
    """A writer of one line every few seconds."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _SECONDS_BETWEEN_LINES

    def step(self, activity: str, done: int, total: int) -> None:
        """Write a line if some seconds have passed since the last one."""
        if total >= MIN_DOMAINS and time.monotonic() >= self._next:
            self._next = time.monotonic() + _SECONDS_BETWEEN_LINES
            print_stderr(f"{activity}: {done} of {quantity(total, 'domain')}")
