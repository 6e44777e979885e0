"""Where the temporary files of the tests are."""

import os
import tempfile
from pathlib import Path

import pytest

from tests.temporary import keep_in_memory

MEMORY = Path("/dev/shm")
MUCH = 2**60


@pytest.fixture(autouse=True)
def _no_folder_yet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert tmp_path.exists()  # while the folder for it is known
    # Set first, so that the end of the test restores it whatever the test did.
    monkeypatch.setenv("TMPDIR", "/chosen")
    monkeypatch.delenv("TMPDIR")
    monkeypatch.setattr(tempfile, "tempdir", "/chosen")


def test_in_memory_if_there_is_enough() -> None:
    """Temporary files are in memory if a file system in memory has enough room."""
    keep_in_memory(MEMORY, needed_bytes=1)
    assert os.environ["TMPDIR"] == tempfile.gettempdir() == "/dev/shm"


def test_in_the_usual_place_if_there_is_not_enough() -> None:
    """A small file system, such as that of a container, is not used."""
    keep_in_memory(MEMORY, needed_bytes=MUCH)
    assert "TMPDIR" not in os.environ


def test_a_folder_of_the_disk_is_not_used(tmp_path: Path) -> None:
    """A folder of this name on the disk is not memory."""
    keep_in_memory(tmp_path, needed_bytes=1)
    keep_in_memory(tmp_path / "missing", needed_bytes=1)
    assert "TMPDIR" not in os.environ


def test_programs_must_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without programs is not used: the tests write scripts and run them."""
    fields = list(os.statvfs(MEMORY))
    fields[8] |= os.ST_NOEXEC  # f_flag
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(fields))
    keep_in_memory(MEMORY, needed_bytes=1)
    assert "TMPDIR" not in os.environ


def test_what_the_user_chose_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A TMPDIR that is set stays."""
    monkeypatch.setenv("TMPDIR", "/var/tmp")
    keep_in_memory(MEMORY, needed_bytes=1)
    assert os.environ["TMPDIR"] == "/var/tmp"
