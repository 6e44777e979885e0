"""Two meanings of SIGHUP: reload what is served, and the terminal was closed."""

import os
from typing import Final

STANDARD_ERROR: Final = 2


class Terminal:
    """Whether this process was started on a terminal."""

    def __init__(self) -> None:
        """Check once."""
        self._was_there = os.isatty(STANDARD_ERROR)

    def is_gone(self) -> bool:
        """Return whether there was a terminal, which its user has closed since."""
        return self._was_there and not os.isatty(STANDARD_ERROR)
