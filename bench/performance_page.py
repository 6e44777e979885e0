"""The figures in `docs/performance.md`, between two comments."""

from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN: Final = "<!-- measured by `python -m bench --write`: begin -->"
END: Final = "<!-- measured by `python -m bench --write`: end -->"


def write(figures: str) -> None:
    """Replace the figures of the page."""
    PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), figures), encoding="utf-8")


def replaced(page: str, figures: str) -> str:
    """Return a page with other figures; raise ValueError if it has no place for them."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError("the page has no place for the figures")
    return f"{before}{begin}\n\n{figures}\n\n{end}{after}"
