"""Import the modules of a server with less time and memory."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_RICH: Final = "rich"


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
