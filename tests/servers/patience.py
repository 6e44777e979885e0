"""How long tests wait for a program at most. Each wait ends earlier, when its condition is true."""

from typing import Final

# Usually a second or two; with other work on the machine ten times that.
PATIENCE_SECONDS: Final = 120.0
