"""The new files: whole or not at all, and never instead of another file."""

import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from tests.servers.accounts import let_others_enter
from tests.servers.requirements import require
from waypost.setup import files
from waypost.setup.files import FileState, PlannedFile, check_file, local_path, write_file

PATH = PurePosixPath("/etc/waypost/waypost.toml")
PACKAGED = PurePosixPath("/usr/lib/waypost.toml")
FILE = PlannedFile(PATH, "proxy_count = 1\n", "the settings", extends_comments=True)


def target(root: Path) -> Path:
    """Return the file below a root, whose folder is made."""
    path = local_path(root, PATH)
    path.parent.mkdir(parents=True)
    return path


def names(root: Path) -> set[str]:
    """Return the names in the folder of the file: no temporary file may stay."""
    return {path.name for path in local_path(root, PATH.parent).iterdir()}


def test_new_file(tmp_path: Path) -> None:
    """A file and its folders are made, with modes that do not depend on the umask."""
    before = os.umask(0o077)
    try:
        assert check_file(tmp_path, FILE).state is FileState.NEW
        assert write_file(tmp_path, FILE).state is FileState.NEW
    finally:
        os.umask(before)
    path = local_path(tmp_path, PATH)
    assert path.read_text() == FILE.text
    assert path.stat().st_mode & 0o777 == 0o644
    assert path.parent.stat().st_mode & 0o777 == 0o755
    assert names(tmp_path) == {"waypost.toml"}
    assert write_file(tmp_path, FILE).state is FileState.SAME


def test_mode_without_group(tmp_path: Path) -> None:
    """A file for a group that the machine does not have can be read by everybody."""
    planned = PlannedFile(PATH, "", "the settings", mode=0o640, group="no-such-group")
    assert write_file(tmp_path, planned).state is FileState.NEW
    assert local_path(tmp_path, PATH).stat().st_mode & 0o777 == 0o644


EXISTING = [
    # content of the file that exists, state
    (b"db_uri = 'sqlite:///a'\n", FileState.KEPT),
    (b"", FileState.EXTENDED),
    (b"# only\n#comments = 1", FileState.EXTENDED),
    (b"\xef\xbb\xbf# with a byte order mark\n", FileState.EXTENDED),
    (b"# only\n\nproxy_count = 1\n", FileState.SAME),
    (b"proxy_count = 1\n", FileState.SAME),
    (b"not TOML at all", FileState.KEPT),
    (b"\xff\xfe", FileState.KEPT),
    (b"#" * (files.MAX_BYTES + 1), FileState.KEPT),
]


@pytest.mark.parametrize(("content", "state"), EXISTING)
def test_existing_file(tmp_path: Path, content: bytes, state: FileState) -> None:
    """A file that sets something is not changed; lines are added to one with comments only."""
    path = target(tmp_path)
    path.write_bytes(content)
    path.chmod(0o600)
    assert write_file(tmp_path, FILE).state is state
    added = state is FileState.EXTENDED
    assert path.read_bytes().startswith(content)
    assert path.read_bytes().endswith(b"\n" + FILE.text.encode()) or not added
    assert added or path.read_bytes() == content
    assert path.stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == {"waypost.toml"}


MARKED = [
    # content of the file that exists, state
    (b"server_name a.example; # managed by Certbot", FileState.SAME),
    (b"server_name b.example;", FileState.KEPT),
]


@pytest.mark.parametrize(("content", "state"), MARKED)
def test_mark(tmp_path: Path, content: bytes, state: FileState) -> None:
    """A file that another tool has changed is accepted if it still has the mark."""
    path = target(tmp_path)
    path.write_bytes(content)
    planned = PlannedFile(PATH, "server_name a.example;", "the site", mark="a.example")
    assert write_file(tmp_path, planned).state is state
    assert path.read_bytes() == content


def test_other_kinds_of_files(tmp_path: Path) -> None:
    """A folder, a FIFO and a link to nothing are not replaced, and nothing waits for a writer."""
    path = target(tmp_path)
    makers: list[Callable[[], None]] = [
        path.mkdir,
        lambda: os.mkfifo(path),
        lambda: path.symlink_to("/nonexistent/x"),
    ]
    for make in makers:
        make()
        found = write_file(tmp_path, FILE)
        assert (found.state, bool(found.reason)) == (FileState.KEPT, True)
        if path.is_symlink() or not path.is_dir():
            path.unlink()
        else:
            path.rmdir()


def test_packaged_file(tmp_path: Path) -> None:
    """If the package has the file elsewhere, none is written, and that is no other content."""
    packaged = local_path(tmp_path, PACKAGED)
    packaged.parent.mkdir(parents=True)
    packaged.touch()
    found = write_file(tmp_path, PlannedFile(PATH, "x", "the unit", other_paths=[PACKAGED]))
    assert (found.state, found.existing) == (FileState.KEPT, PACKAGED)
    assert not found.is_other_content
    assert not local_path(tmp_path, PATH).exists()


def test_file_in_place_of_a_folder(tmp_path: Path) -> None:
    """If a folder of the path is a file, the reason names it."""
    (tmp_path / "etc").write_text("")
    for found in (check_file(tmp_path, FILE), write_file(tmp_path, FILE)):
        assert found.state is FileState.FAILED
        assert f"{tmp_path}/etc is not a folder" in found.reason


def test_race(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another program makes at the same time is not replaced."""
    path = target(tmp_path)
    real = os.link

    def link(source: Path, end: Path, *, follow_symlinks: bool = True) -> None:
        path.write_text("theirs")
        real(source, end, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(os, "link", link)
    assert write_file(tmp_path, FILE).state is FileState.KEPT
    assert path.read_text() == "theirs"
    assert names(tmp_path) == {"waypost.toml"}


@pytest.mark.parametrize("content", [None, b"# comments\n"])
def test_failure_while_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    """If the disk fails, the old state remains, and no temporary file."""
    path = target(tmp_path)
    if content is not None:
        path.write_bytes(content)

    def fsync(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    found = write_file(tmp_path, FILE)
    assert (found.state, found.reason) == (FileState.FAILED, "No space left on device")
    assert names(tmp_path) == (set() if content is None else {"waypost.toml"})
    assert content is None or path.read_bytes() == content


@pytest.mark.servers
def test_read_only_folder(tmp_path: Path) -> None:
    """A folder without permission is named, before anything is written."""
    require(programs=["runuser"], root=True)
    path = target(tmp_path)
    path.parent.chmod(0o555)
    let_others_enter(tmp_path)
    child = os.fork()
    if child == 0:
        os.setuid(65534)
        reason = files.folder_problem(path.parent)
        os._exit(0 if reason == f"{path.parent}: permission denied" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
