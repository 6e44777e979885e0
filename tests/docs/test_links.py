"""The links of the documentation have targets."""

import re
from pathlib import Path

import pytest

from tests.architecture.outside import FOLDERS
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


PATH = re.compile(r"`((?:src/waypost/|tests/|docs/|tools/|contrib/|bench/|stubs/)?[a-z0-9_./-]+)`")
BASES = (ROOT, ROOT / "src" / "waypost", ROOT / "tests")


def dead_paths(text: str) -> list[str]:
    """Return the quoted paths of the repository that do not exist.

    A quoted text is a path of the repository if it begins with a folder of the repository, of the
    package or of the tests.
    """
    return [
        path
        for path in PATH.findall(text)
        if "/" in path and _is_of_repository(path) and not _exists(path)
    ]


def _is_of_repository(path: str) -> bool:
    first = path.partition("/")[0]
    folders = {one.name for base in BASES[1:] for one in base.iterdir() if one.is_dir()}
    is_file = path.endswith((".py", ".toml", ".md", ".xml", ".json", ".txt", "/"))
    return first in FOLDERS or (first in folders and is_file)


def _exists(path: str) -> bool:
    return any((base / path).exists() for base in BASES)


@pytest.mark.parametrize("page", pages(), ids=lambda page: f"{page.relative_to(ROOT)}")
def test_paths_exist(page: Path) -> None:
    """Every quoted path of the repository exists."""
    assert dead_paths(page.read_text(encoding="utf-8")) == []


DEAD = [
    ("see `src/waypost/absent.py`", "src/waypost/absent.py"),
    ("see `formats/absent.py`, `formats/autoconfig.py`", "formats/absent.py"),
    ("`tests/absent/`", "tests/absent/"),
    ("`cli/test_absent.py`", "cli/test_absent.py"),
]


@pytest.mark.parametrize(("text", "path"), DEAD)
def test_dead_paths_are_found(text: str, path: str) -> None:
    """A quoted path that does not exist is reported."""
    assert dead_paths(text) == [path]


def test_other_paths_are_ignored() -> None:
    """A path of a machine or of a URL is not a path of the repository."""
    assert dead_paths("`/etc/waypost/waypost.toml`, `mail/config-v1.1.xml`, `v1.1/mail`") == []
