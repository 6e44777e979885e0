"""`make release`: what it refuses, and what it makes."""

import hashlib
import json
import subprocess
import sys
import sysconfig
import tarfile
import venv
from pathlib import Path

import pytest
from tools.dist import DistError, build, run, run_tests, try_out, write_sbom
from tools.release import changelog_problems, problems

from waypost import __version__

ROOT = Path(__file__).parents[2]
CHANGELOGS = [
    ("# Changelog\n\n## [1.2.0] - 2026-01-31\n\n## [1.1.0] - 2025-01-31\n", ""),
    ("# Changelog\n", "no heading"),
    ("## [Unreleased]\n\n## [1.2.0] - 2026-01-31\n", "first entry of CHANGELOG.md is Unreleased"),
    ("## [1.1.0] - 2026-01-31\n", "first entry of CHANGELOG.md is 1.1.0"),
    ("## [1.2.0]\n", "has no date"),
    ("## [1.2.0] - unreleased\n", "has no date"),
]


@pytest.mark.parametrize(("text", "problem"), CHANGELOGS)
def test_changelog(text: str, problem: str) -> None:
    """The first entry of the changelog has the version and a date."""
    found = changelog_problems(text, "1.2.0")
    assert len(found) == bool(problem)
    assert problem in "".join(found)


def test_own_changelog_has_an_entry_for_changes() -> None:
    """The first entry of the project's own changelog is the version, released or not."""
    found = changelog_problems((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), __version__)
    assert not found or "has no date" in found[0] or "Unreleased" in found[0]


@pytest.fixture(name="repository")
def _repository(tmp_path: Path) -> Path:
    """Create a repository with one commit, which is ready for version 1.2.0."""
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOGS[0][0], encoding="utf-8")
    run(["git", "init", "--quiet"], tmp_path)
    run(["git", "config", "user.name", "Test"], tmp_path)
    run(["git", "config", "user.email", "test@example.com"], tmp_path)
    run(["git", "add", "."], tmp_path)
    run(["git", "commit", "--quiet", "--message", "Begin"], tmp_path)
    return tmp_path


def test_clean_commit_is_a_release(repository: Path) -> None:
    """A commit without changes in its work tree, with a fresh version, is a release."""
    assert problems(repository, "1.2.0") == []


def test_changed_work_tree_is_refused(repository: Path) -> None:
    """A file that is not committed would be missing in the release."""
    (repository / "new").touch()
    assert problems(repository, "1.2.0") == [
        "the work tree has changes; commit them, or remove them"
    ]


def test_released_version_is_refused(repository: Path) -> None:
    """A version is released once."""
    run(["git", "tag", "v1.2.0"], repository)
    (problem,) = problems(repository, "1.2.0")
    assert "the tag v1.2.0 exists" in problem


@pytest.fixture(name="archives", scope="module")
def _archives(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Build the source archive and the wheel of the last commit once for all tests."""
    return build(ROOT, tmp_path_factory.mktemp("archives"))


@pytest.mark.slow
def test_archives_work_without_the_checkout(archives: tuple[Path, Path], tmp_path: Path) -> None:
    """The wheel of the last commit runs in another environment, and its materials are listed."""
    source, wheel = archives
    assert source.name == f"waypost-{__version__}.tar.gz"
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"docs/guide.md", "contrib/waypost.service", "CHANGELOG.md", "requirements.txt"} <= names
    assert {"requirements-ldap.txt", "packaging/debian/control", "tests/conftest.py"} <= names
    environment = tmp_path / "environment"
    venv.create(environment)
    # The libraries of this environment, without its editable Waypost, and without a download.
    (purelib,) = environment.glob("lib/python*/site-packages")
    (purelib / "libraries.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", f"{environment / 'bin/python'}"]
    options = ["--quiet", "--no-deps", "--no-index", "--ignore-installed"]
    subprocess.run([*pip, "install", *options, wheel], check=True)
    try_out(environment, __version__)
    with pytest.raises(DistError, match=r"not version 0\.0\.1"):
        try_out(environment, "0.0.1")
    sbom = tmp_path / "sbom.json"
    write_sbom(environment, ROOT / "pyproject.toml", sbom)
    listed = json.loads(sbom.read_text(encoding="utf-8"))
    assert listed["bomFormat"] == "CycloneDX"
    assert listed["metadata"]["component"]["name"] == "waypost"
    assert "lxml" in {component["name"] for component in listed["components"]}


@pytest.mark.slow
def test_tests_of_the_archive_use_the_wheel(archives: tuple[Path, Path], tmp_path: Path) -> None:
    """The tests of the source archive pass against the installed wheel, without `src/`."""
    source, wheel = archives
    said = run_tests(source, wheel, tmp_path, ["tests/core", "tests/formats", "tests/settings"])
    assert " passed" in said
    assert "skipped" not in said


@pytest.mark.slow
def test_two_builds_of_the_archives_are_equal(archives: tuple[Path, Path], tmp_path: Path) -> None:
    """Two builds of a commit give the same source archive and the same wheel."""
    digests = [
        [hashlib.sha256(file.read_bytes()).hexdigest() for file in built]
        for built in (archives, build(ROOT, tmp_path))
    ]
    assert digests[0] == digests[1]
