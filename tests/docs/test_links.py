"""The links of the documentation have targets."""

from pathlib import Path

import pytest

from tests.docs.pages import ROOT, anchors, links, pages


def broken_links(page: Path) -> list[str]:
    """Return the links of a page whose file or anchor does not exist."""
    broken = []
    for name, anchor in links(page):
        target = page.parent / name if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(f"{name}#{anchor}")
    return broken


@pytest.mark.parametrize("page", pages(), ids=lambda page: f"{page.relative_to(ROOT)}")
def test_links_have_targets(page: Path) -> None:
    """Every link to a file of the repository has an existing file and an existing anchor."""
    assert broken_links(page) == []


def test_links_are_found() -> None:
    """The test above gets the links of the README, not an empty list."""
    assert "docs/guide.md" in {name for name, _ in links(ROOT / "README.md")}


def test_broken_links_are_found(tmp_path: Path) -> None:
    """A missing file and a missing anchor are reported, and a link in a block of code is not."""
    page = tmp_path / "page.md"
    page.write_text(
        "# One heading\n[a](page.md#one-heading) [b](#two) [c](no.md) [d](https://a.example/#x)\n"
        "```text\n[e](no.md)\n```\n",
        encoding="utf-8",
    )
    assert broken_links(page) == ["#two", "no.md#"]
