"""Two meanings of SIGHUP: read again what is served, and the terminal is gone."""

import os
from typing import Final

STANDARD_ERROR: Final = 2


class Terminal:
    """Remembers whether this process was started on a terminal."""

    def __init__(self) -> None:
        """Look once."""
        self._was_there = os.isatty(STANDARD_ERROR)

    def is_gone(self) -> bool:
        """Return whether there was a terminal, which its user has closed since."""
        return self._was_there and not os.isatty(STANDARD_ERROR)
