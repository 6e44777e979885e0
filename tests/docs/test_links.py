"""The documentation leads where it says."""

from pathlib import Path

import pytest

from tests.docs.pages import ROOT, links, pages


@pytest.mark.parametrize("page", pages(), ids=lambda page: f"{page.relative_to(ROOT)}")
def test_links_lead_to_files(page: Path) -> None:
    """Every link to a file of the repository leads to one that is there."""
    missing = [target for target in links(page) if not (page.parent / target).exists()]
    assert missing == []


def test_links_are_found() -> None:
    """The test above is shown the links of the README, not an empty list."""
    assert "docs/guide.md" in set(links(ROOT / "README.md"))
