"""What stands in the documentation: its pages, their links and their blocks of code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code.

    Attributes:
        line: where its fence stands in the page, from 1.
    """

    page: Path
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        """Return where it stands, for a person."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """Return all pages of the documentation."""
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("tests/**/*.md")])


def blocks(page: Path, *languages: str) -> list[Block]:
    """Return the blocks of a page that are written in one of these languages."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, found[1], found[2])
        for found in _FENCE.finditer(text)
        if found[1] in languages
    ]


def links(page: Path) -> Iterator[str]:
    """Yield the targets of a page's links that lead to files of the repository."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    for found in _LINK.finditer(text):
        target = found[1].partition("#")[0]
        if target and "://" not in target and not target.startswith("mailto:"):
            yield target


def commands(block: Block) -> list[str]:
    """Return the commands of a block, one a line; in a console those behind `$`."""
    lines = block.text.replace("\\\n", " ").splitlines()
    if block.language == "console":
        return [line[2:] for line in lines if line.startswith("$ ")]
    return [line for line in lines if line.strip() and not line.startswith("#")]
