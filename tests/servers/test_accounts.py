"""Folders of the tests that other users can enter."""

import tempfile
from pathlib import Path

import pytest

from tests.servers.accounts import let_others_enter


def modes(top: Path) -> list[int]:
    """Return the permissions of a folder and of two folders below it."""
    return [one.stat().st_mode & 0o777 for one in (top, top / "a", top / "a/b")]


@pytest.mark.parametrize(
    ("temporary", "expected"),
    [
        pytest.param(".", [0o700, 0o711, 0o711], id="below the folder of temporary files"),
        pytest.param("a/b", [0o700, 0o700, 0o700], id="the folder of temporary files"),
        pytest.param("a/other", [0o700, 0o700, 0o700], id="not below it"),
    ],
)
def test_only_temporary_folders_are_opened(
    temporary: str, expected: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All folders below the folder of temporary files are opened, and no others."""
    top = tmp_path / "top"
    for one in (top, top / "a", top / "a/b"):
        one.mkdir(mode=0o700)
    monkeypatch.setattr(tempfile, "tempdir", f"{top / temporary}")
    let_others_enter(top / "a/b")
    assert modes(top) == expected
