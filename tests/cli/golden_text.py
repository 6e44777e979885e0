"""Expected output as files; WRITE_GOLDEN=1 writes them again, for a review of the diff."""

import os
from pathlib import Path
from typing import Final

REPORTS: Final = Path(__file__).parent / "checks" / "golden" / "reports"


def check(path: Path, text: str) -> None:
    """Compare a text with its golden file."""
    if os.environ.get("WRITE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
