"""SQLite files and folders of other users are refused before a write, with advice."""

import os
import pwd
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Waypost, home, waypost
from tests.servers.requirements import require
from waypost.core.errors import StoreError
from waypost.database.ownership import check_readable, check_writable

__all__ = ["home", "waypost"]

OTHER = pwd.getpwnam("nobody")
NAME = "mail.sqlite"


@pytest.fixture(name="folder")
def _folder() -> Iterator[Path]:
    """Yield a folder that each user can enter, and only root can write."""
    require(root=True)
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name) / "var"
        Path(name).chmod(0o755)
        folder.mkdir(mode=0o755)
        yield folder


@contextmanager
def another_user() -> Iterator[None]:
    """Run the block as the user `nobody`."""
    os.setegid(OTHER.pw_gid)
    os.seteuid(OTHER.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def give(path: Path, owner: str, mode: int) -> None:
    """Change the owner and the mode of a file or a folder."""
    user = pwd.getpwnam(owner)
    os.chown(path, user.pw_uid, user.pw_gid)
    path.chmod(mode)


# file: its owner and mode, or None; folder: the same; how the error begins, or None
AS_ROOT = [
    (("root", 0o600), ("root", 0o755), None),
    (None, ("root", 0o755), None),
    (None, ("root", 0o1777), None),
    (("nobody", 0o600), ("nobody", 0o755), "the file {file} belongs to nobody, but this process"),
    (("nobody", 0o666), ("root", 0o777), "the file {file} belongs to nobody, but this process"),
    (("root", 0o600), ("nobody", 0o755), "the folder {folder} belongs to nobody, but this process"),
    (
        None,
        ("nobody", 0o755),
        "the folder {folder} belongs to nobody, but this process runs as root",
    ),
]
AS_OTHER = [
    (("nobody", 0o600), ("nobody", 0o755), None),
    (None, ("nobody", 0o700), None),
    (("root", 0o666), ("root", 0o777), None),  # Shared on purpose.
    (
        ("root", 0o644),
        ("nobody", 0o755),
        "the file {file} belongs to root, and nobody cannot write",
    ),
    (("root", 0o600), ("nobody", 0o755), "the file {file} belongs to root, and nobody cannot read"),
    (
        ("nobody", 0o600),
        ("root", 0o755),
        "the folder {folder} belongs to root, and nobody cannot w",
    ),
    (None, ("root", 0o755), "the folder {folder} belongs to root, and nobody cannot write it; run"),
    (None, ("root", 0o700), "the folder {folder} belongs to root, and nobody cannot enter it; run"),
]


def said(folder: Path) -> str | None:
    """Return the error about a write by the user of this process, or None."""
    try:
        check_writable(folder / NAME)
    except StoreError as error:
        return str(error)
    return None


def make(folder: Path, file: tuple[str, int] | None, of_folder: tuple[str, int]) -> None:
    """Create a folder and perhaps a file, with their owners."""
    if file is not None:
        (folder / NAME).touch()
        give(folder / NAME, *file)
    give(folder, *of_folder)


def expected(folder: Path, begin: str) -> str:
    """Return the expected beginning of an error."""
    return "db_uri: " + begin.format(file=folder / NAME, folder=folder)


@pytest.mark.parametrize(("file", "of_folder", "begin"), AS_ROOT)
def test_root(
    folder: Path, file: tuple[str, int] | None, of_folder: tuple[str, int], begin: str | None
) -> None:
    """Root writes root's files, but no file that another user's service could not write then."""
    make(folder, file, of_folder)
    found = said(folder)
    if begin is None:
        assert found is None
        return
    assert found is not None
    assert found.startswith(expected(folder, begin))
    assert "run the command as nobody (runuser -u nobody -- waypost ...)" in found
    assert "if no service uses it, change the owner (chown root " in found


@pytest.mark.parametrize(("file", "of_folder", "begin"), AS_OTHER)
def test_other_user(
    folder: Path, file: tuple[str, int] | None, of_folder: tuple[str, int], begin: str | None
) -> None:
    """Another user writes what the permissions allow, and else the error names the owner."""
    make(folder, file, of_folder)
    with another_user():
        found = said(folder)
    if begin is None:
        assert found is None
        return
    assert found is not None
    assert found.startswith(expected(folder, begin))
    assert "run the command as root (runuser -u root -- waypost ...)" in found
    assert "if no service uses it, change the owner (chown nobody " in found


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
def test_files_next_to_the_database(folder: Path, end: str) -> None:
    """SQLite's own files next to a database are checked as well."""
    make(folder, ("nobody", 0o600), ("nobody", 0o755))
    other = folder / f"{NAME}{end}"
    other.touch()
    give(other, "root", 0o644)
    with another_user(), pytest.raises(StoreError, match=rf"{NAME}{end} belongs to root, and nobo"):
        check_writable(folder / NAME)


def test_user_without_a_name(folder: Path) -> None:
    """An owner without an entry in the user database is named by number."""
    os.chown(folder, 54321, 54321)
    with pytest.raises(StoreError, match="belongs to 54321, but this process runs as root"):
        check_writable(folder / NAME)


def test_folder_that_is_not_there(folder: Path) -> None:
    """If folders are missing, the nearest existing folder is checked."""
    give(folder, "nobody", 0o755)
    with pytest.raises(StoreError, match=f"the folder {folder} belongs to nobody"):
        check_writable(folder / "a" / "b" / NAME)
    with another_user():
        check_writable(folder / "a" / "b" / NAME)


def test_reading(folder: Path) -> None:
    """Reading a file of another user is refused only if the permissions forbid it."""
    make(folder, ("nobody", 0o600), ("nobody", 0o700))
    check_readable(folder / NAME)
    check_readable(folder / "missing.sqlite")
    give(folder / NAME, "root", 0o600)
    with another_user(), pytest.raises(StoreError, match="belongs to root, and nobody cannot read"):
        check_readable(folder / NAME)


WRITING = [
    ("apply", "--demo"),
    ("db", "upgrade"),
    ("serve", "--port", "0", "--admin-port", "0"),
]


@pytest.mark.parametrize("command", WRITING, ids=" ".join)
@pytest.mark.parametrize("is_made", [True, False], ids=["file", "folder"])
def test_commands_that_write(
    waypost: Waypost, folder: Path, command: tuple[str, ...], is_made: bool
) -> None:
    """A command of root writes nothing into a service's folder, and does not serve from it."""
    uri = f"sqlite:///{folder}/{NAME}"
    if is_made:
        assert waypost("apply", "--demo", "--db-uri", uri).code == 0
        for path in folder.iterdir():
            give(path, "nobody", 0o600)
    give(folder, "nobody", 0o755)
    before = sorted(folder.iterdir())
    outcome = waypost(*command, "--db-uri", uri)
    assert (outcome.code, outcome.out) == (2, "")
    assert "belongs to nobody, but this process runs as root" in outcome.err
    assert "runuser -u nobody -- waypost" in outcome.err
    assert sorted(folder.iterdir()) == before


def test_root_reads_without_a_trace(waypost: Waypost, folder: Path) -> None:
    """Root may read a service's database, and no file in the folder becomes root's."""
    uri = f"sqlite:///{folder}/{NAME}"
    assert waypost("apply", "--demo", "--db-uri", uri).code == 0
    for path in [folder, *folder.iterdir()]:
        give(path, "nobody", 0o700)
    with (
        closing(sqlite3.connect(folder / NAME)) as service,
        service,
    ):  # As a service does, so that the log stays.
        service.execute("SELECT count(*) FROM domain").fetchone()
        assert waypost("domain", "list", "--db-uri", uri).code == 0
        assert {path.owner() for path in folder.iterdir()} == {"nobody"}


LINKED = [
    (("root", 0o600), ("nobody", 0o755), "the folder {folder} belongs to nobody, but this process"),
    (None, ("nobody", 0o755), "the folder {folder} belongs to nobody, but this process"),
    (("nobody", 0o600), ("root", 0o755), "the file {file} belongs to nobody, but this process"),
]


@pytest.mark.parametrize(("file", "of_folder", "begin"), LINKED)
def test_symbolic_link(
    folder: Path, file: tuple[str, int] | None, of_folder: tuple[str, int], begin: str
) -> None:
    """The owner of a link's target is checked, not the owner of the link."""
    make(folder, file, of_folder)
    link = folder.parent / "link.sqlite"
    link.symlink_to(folder / NAME)
    with pytest.raises(StoreError) as error:
        check_writable(link)
    assert str(error.value).startswith(expected(folder, begin))


def test_symbolic_link_into_a_closed_folder(folder: Path) -> None:
    """The error names the folder behind a link that the user cannot enter."""
    make(folder, ("root", 0o600), ("root", 0o700))
    link = folder.parent / "link.sqlite"
    link.symlink_to(folder / NAME)
    with another_user(), pytest.raises(StoreError, match=f"{folder} belongs to root, and nobody c"):
        check_readable(link)


def test_symbolic_link_to_itself(folder: Path) -> None:
    """A link without a target is left to SQLite."""
    link = folder / "loop.sqlite"
    link.symlink_to(link)
    check_writable(link)


@pytest.mark.parametrize("query", ["uri=true", "mode=rwc&uri=true"])
def test_uri_of_sqlite(folder: Path, waypost: Waypost, home: Path, query: str) -> None:
    """SQLite's own form of a URI is checked as well, and creates no folder named `file:`."""
    make(folder, None, ("nobody", 0o755))
    outcome = waypost("db", "upgrade", "--db-uri", f"sqlite:///file:{folder / NAME}?{query}")
    assert (outcome.code, f"the folder {folder} belongs to nobody" in outcome.err) == (2, True)
    outcome = waypost("db", "upgrade", "--db-uri", f"sqlite:///file:{home}/sub/{NAME}?{query}")
    assert (outcome.code, (home / "sub" / NAME).is_file()) == (0, True)
    assert [path.name for path in home.iterdir()] == ["sub"]


@pytest.mark.parametrize("name", ["file::memory:?uri=true", "file:x?mode=memory&uri=true"])
def test_uri_of_sqlite_in_memory(waypost: Waypost, home: Path, name: str) -> None:
    """A database in memory has no file and no folder."""
    assert waypost("db", "upgrade", "--db-uri", f"sqlite:///{name}").code == 0
    assert list(home.iterdir()) == []
