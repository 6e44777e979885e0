"""The files of settings, and the addresses that are asked about."""

from pathlib import Path
from typing import Final

CASES: Final = tuple(sorted((Path(__file__).parent / "settings").glob("*.conf")))
_ASKS: Final = "# asks "


def asked(path: Path) -> list[str]:
    """Return the addresses that the first line of a file names."""
    first = path.read_text("utf-8").partition("\n")[0]
    return first.removeprefix(_ASKS).split() if first.startswith(_ASKS) else ["alice@example.com"]
