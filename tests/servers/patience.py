"""How long tests wait for a program at most. Each wait ends earlier, when its condition is true."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

# Usually a second or two; with other work on the machine ten times that.
PATIENCE_SECONDS: Final = 120.0
# What ends within a second or so on a quiet machine takes less than this; what hangs takes more.
ROOM_SECONDS: Final = 20.0


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait until a condition is true; raise TimeoutError with what was awaited."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.05)


def wait_for_log(log: Path, text: str) -> str:
    """Wait until a log has a text, and return the log; its thread may write after an answer.

    Raises:
        TimeoutError: with the log.
    """
    end = time.monotonic() + PATIENCE_SECONDS
    while text not in (written := log.read_text(encoding="utf-8")):
        if time.monotonic() > end:
            raise TimeoutError(f"{text!r} is not in the log:\n{written[-4000:]}")
        time.sleep(0.02)
    return written
