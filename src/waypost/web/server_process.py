"""Imports of a server, and the start of its other processes, which import in the same way."""

import gc
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from typing import Final

_RICH: Final = "rich"

NewProcess = Callable[[str, Callable[..., None], tuple[object, ...]], BaseProcess]
"""Returns a process that is not started yet, as `server_process` does."""


@contextmanager
def importing_server() -> Iterator[None]:
    """Make the imports inside `with` need less time and memory.

    * Modules stay until the process ends, so the garbage collector would search them for nothing,
      many times: it is paused, and ignores them afterwards.
    * structlog imports Rich for tracebacks in colors if it is installed, as for the command line.
      A server does not use them, and Rich and Pygments take 3 MB: structlog does not find Rich.
    """
    hides_rich = _RICH not in sys.modules and "structlog" not in sys.modules
    was_enabled = gc.isenabled()
    if hides_rich:
        # Python then raises ModuleNotFoundError (language reference, 5.3.1).
        sys.modules[_RICH] = None  # type: ignore[assignment]
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
        if hides_rich:
            del sys.modules[_RICH]


def server_process(
    name: str, target: Callable[..., None], arguments: tuple[object, ...]
) -> SpawnProcess:
    """Return a new process that is not started yet, and that ends at the latest with this one.

    Args:
        name: of the process.
        target: the function that it runs; the process imports its module with `importing_server`.
        arguments: of the function.
    """
    call = _DeferredUnpickle((target, arguments))
    return get_context("spawn").Process(target=_run, args=(call,), name=name, daemon=True)


class _DeferredUnpickle:
    """A value that a new process gets as bytes, which `_run` unpickles in `importing_server`."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __reduce__(self) -> tuple[type[bytes], tuple[bytes]]:
        # Called during the start of the process, as sockets and shared memory demand.
        return bytes, (bytes(ForkingPickler.dumps(self._value)),)


def _run(call: bytes) -> None:
    """Run in the new process."""
    with importing_server():
        target, arguments = pickle.loads(call)  # noqa: S301 -- from the parent process
    target(*arguments)
