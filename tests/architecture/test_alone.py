"""A clone of the repository is complete: nothing in it refers to a path outside of it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture.outside import (
    path_findings,
    relative_findings,
    repository_files,
    skip_findings,
)
from tests.architecture.source import ROOT

Finder = Callable[[Path, str], Iterator[str]]
SKIPS = "tests/servers/requirements.py"
ROOT_IMPORT = "from tests.architecture.source import ROOT\n"
BAD = [
    # finder, file, text, part of the finding
    (relative_findings, "Makefile", "\tcp ../data/x .", "Makefile:1: ../data/x . is outside"),
    (relative_findings, "docs/guide.md", "see\n[x](../../x.md)", "docs/guide.md:2: ../../x.md)"),
    (relative_findings, "pyproject.toml", 'pythonpath = ["../lib"]', ":1: ../lib"),
    (path_findings, "tests/a.py", "Path(__file__).parents[2]", "tests/a.py:1"),
    (path_findings, "tests/a.py", "A = 1\nB = Path(__file__).parents[1].parent / 'x'", ":2"),
    (path_findings, "tests/a.py", "A = Path(__file__).parents[1]\nB = A.parent", ":2"),
    (path_findings, "tests/a.py", "A: Path = Path(__file__).parents[1]\nB = A / '../x'", ":2"),
    (path_findings, "tests/a.py", f"{ROOT_IMPORT}f(ROOT.parent / 'data')", ":2"),
    (path_findings, "a.py", "Path(__file__).resolve().parent.parent", "a.py:1"),
    (skip_findings, "tests/a.py", "pytest.skip('no data')", "tests/a.py:1: use tests.servers"),
    (skip_findings, "tests/a.py", "yaml = pytest.importorskip('yaml')", ":1"),
    (skip_findings, "tests/a.py", "@pytest.mark.skipif(x)\ndef f(): pass", ":1"),
    (skip_findings, "tests/a.py", "@pytest.mark.skip\ndef f(): pass", ":1"),
    (skip_findings, "tests/a.py", "pytest.param(1, marks=pytest.mark.skip(reason='x'))", ":1"),
]
GOOD = [
    (relative_findings, "docs/engines/mariadb.md", "[x](../guide.md), [y](../../README.md)"),
    (relative_findings, "Makefile", "$(BIN)/../x and https://a.example/../b"),
    (relative_findings, "docs/standards.md", "`/autodiscover.json`, `.../autodiscover.json`"),
    (path_findings, "tests/cli/a.py", "Path(__file__).parents[2] / 'docs' / name"),
    (path_findings, "tests/cli/a.py", "Path(__file__).parent.parent.parent"),
    (path_findings, "tests/cli/a.py", "x.parent.parent.parent.parent"),
    (path_findings, "tests/a.py", f"{ROOT_IMPORT}ROOT / 'docs/../src'"),
    (skip_findings, "tests/a.py", "with pytest.raises(pytest.skip.Exception): pass"),
]


@pytest.mark.parametrize(("finder", "file", "text", "said"), BAD)
def test_bad_text_is_found(finder: Finder, file: str, text: str, said: str) -> None:
    """A path that leaves the repository, or a skip, is found once with its line."""
    (found,) = finder(Path(file), text)
    assert said in found


@pytest.mark.parametrize(("finder", "file", "text"), GOOD)
def test_good_text_is_accepted(finder: Finder, file: str, text: str) -> None:
    """A path inside of the repository is accepted."""
    assert list(finder(Path(file), text)) == []


@pytest.mark.parametrize("finder", [relative_findings, path_findings])
def test_no_file_refers_to_the_outside(finder: Finder) -> None:
    """No file of the repository refers to a path outside of it."""
    found: list[str] = []
    for path in repository_files():
        if finder is relative_findings or path.suffix == ".py":
            text = path.read_text(encoding="utf-8", errors="ignore")
            found += finder(path.relative_to(ROOT), text)
    assert found == []


def test_only_requirements_skip() -> None:
    """Only `require` skips a test, by what the machine lacks, and with CI=true it fails."""
    found: list[str] = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        name = path.relative_to(ROOT)
        if name.as_posix() != SKIPS:
            found += skip_findings(name, path.read_text(encoding="utf-8"))
    assert found == []


def test_all_files_are_seen() -> None:
    """The check reads code, pages, tools and the files in the main folder."""
    names = {path.relative_to(ROOT).as_posix() for path in repository_files()}
    assert {"Makefile", "docs/guide.md", "tools/lock", ".ci/run", "tests/conftest.py"} <= names
