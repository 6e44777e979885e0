"""Starting threads when memory is limited."""

import threading
from typing import Final

# The default reserves 8 MiB for each thread, which counts in full for a limit of address space.
STACK_BYTES: Final = 1024 * 1024


class ThreadStartError(OSError):
    """The system cannot start another thread."""


def start(thread: threading.Thread) -> None:
    """Start a thread.

    Raises:
        ThreadStartError: the system cannot start it; Python raises RuntimeError then.
    """
    try:
        thread.start()
    except RuntimeError as error:
        raise ThreadStartError("cannot start a thread; memory is short") from error


def limit_stacks() -> None:
    """Limit the memory that each new thread of this process reserves."""
    threading.stack_size(STACK_BYTES)
