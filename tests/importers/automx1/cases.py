"""The settings files, and the addresses of the requests."""

from pathlib import Path
from typing import Final

CASES: Final = tuple(sorted((Path(__file__).parent / "settings").glob("*.conf")))
_ASKS: Final = "# asks "


def asked(path: Path) -> list[str]:
    """Return the addresses in the first line of a file."""
    first = path.read_text("utf-8").partition("\n")[0]
    return first.removeprefix(_ASKS).split() if first.startswith(_ASKS) else ["alice@example.com"]
