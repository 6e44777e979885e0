"""Files of users: the users of good files, and the messages about bad ones."""

import os
from pathlib import Path

import pytest

from tests.directory.user_files import BAD, GOOD_CSV, GOOD_TOML, HEAD
from tests.servers.requirements import require
from waypost.core.address import EmailAddress
from waypost.core.errors import DirectoryError, DirectoryUnavailable, ProblemsError
from waypost.directory.file.problems import MISTAKES_MAX
from waypost.directory.file.read_bytes import MAX_BYTES
from waypost.directory.file.toml_tables import TOML_MAX_BYTES
from waypost.directory.file.user_table import UserTable
from waypost.directory.file.users import parse_users, read_users


def entry(people: UserTable, address: str) -> dict[str, list[str]] | None:
    """Return the entry of an address, or None if there is not exactly one user."""
    hits = people.find(EmailAddress.parse(address))
    return {name: list(values) for name, values in hits[0].entry.items()} if hits else None


@pytest.mark.parametrize(("text", "address", "found"), GOOD_CSV)
def test_csv(text: str, address: str, found: object) -> None:
    """A user in a CSV file has the values of its line."""
    people = parse_users(text.removeprefix("\ufeff").encode(), Path("users.csv"))
    got = entry(people, address)
    if isinstance(found, list):
        assert got is not None
        found = {"login": [found[0]], "display_name": [found[1]]}
    assert got == found


@pytest.mark.parametrize(("text", "found"), GOOD_TOML)
def test_toml(text: str, found: object) -> None:
    """A user in a TOML file has the values of its table."""
    got = entry(parse_users(text.encode(), Path("users.toml")), "ann@x.example")
    if isinstance(found, list):
        found = {"login": [found[0]], "display_name": [found[1]]}
    assert got == found


def test_ambiguous_address() -> None:
    """If two addresses differ in case only, a third spelling finds neither."""
    text = "address,login\nAnn@x.example,u1\nANN@x.example,u2\n"
    people = parse_users(text.encode(), Path("users.csv"))
    assert [hit.line for hit in people.find(EmailAddress.parse("ann@x.example"))] == [2, 3]
    assert entry(people, "ANN@x.example") == {"login": ["u2"]}


@pytest.mark.parametrize(("data", "said", "name"), BAD)
def test_bad_file(data: bytes, said: list[str], name: str) -> None:
    """Every mistake of a file is reported with its line, and without an address."""
    with pytest.raises(ProblemsError) as caught:
        parse_users(data, Path(name))
    problems = caught.value.problems
    assert len(problems) == len(said), problems
    for problem, expected in zip(problems, said, strict=True):
        assert problem.startswith(f"{name}: {expected}"), problem
        assert "x.example" not in problem


def test_many_mistakes_are_counted() -> None:
    """The number of reported mistakes is bounded."""
    text = "address,login\n" + "x,y\n" * 5000
    with pytest.raises(ProblemsError) as caught:
        parse_users(text.encode(), Path("users.csv"))
    assert len(caught.value.problems) == MISTAKES_MAX + 1
    assert caught.value.problems[-1] == f"users.csv: and {5000 - MISTAKES_MAX} more mistakes"


def test_no_file(tmp_path: Path) -> None:
    """A missing file, a loop of links and a file without rights are temporary failures."""
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    (tmp_path / "file").write_text("")
    for name, said in [
        ("none.csv", "No such file or directory"),
        ("loop.csv", "Too many levels of symbolic links"),
        ("file/users.csv", "Not a directory"),
        ("n" * 300 + ".csv", "File name too long"),
    ]:
        with pytest.raises(DirectoryUnavailable) as caught:
            read_users(tmp_path / name)
        assert str(caught.value) == f"{tmp_path / name}: cannot be read: {said}"


def test_no_permission(tmp_path: Path) -> None:
    """The error says that Waypost may not read the file."""
    require(root=True)  # Only root can become another user.
    file = tmp_path / "users.csv"
    file.write_text(HEAD, encoding="utf-8")
    file.chmod(0o600)
    child = os.fork()
    if child == 0:
        os.setuid(65534)
        said = ""
        try:
            read_users(file)
        except DirectoryUnavailable as error:
            said = str(error)
        os._exit(0 if said.endswith("Permission denied") else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_what_is_no_file(tmp_path: Path) -> None:
    """A folder, a FIFO and a device are refused at once, without waiting."""
    os.mkfifo(tmp_path / "fifo.csv")
    for path in (tmp_path, tmp_path / "fifo.csv", Path("/dev/zero")):
        with pytest.raises(DirectoryError, match="is a folder or a device, not a file"):
            read_users(path)
    with pytest.raises(DirectoryError, match="is not the path of a file"):
        read_users(Path("/a\0b.csv"))


def test_huge_file(tmp_path: Path) -> None:
    """A file that is too large is refused, and not kept in memory."""
    for name, data in (("users.csv", MAX_BYTES + 1), ("users.toml", MAX_BYTES + 1)):
        with (tmp_path / name).open("wb") as file:
            file.truncate(data)
        with pytest.raises(DirectoryError, match="is larger than 64 MiB"):
            read_users(tmp_path / name)


def test_large_toml() -> None:
    """TOML is for fewer users, as reading it takes long."""
    with pytest.raises(ProblemsError, match="is larger than 4 MiB; use CSV for so many users"):
        parse_users(b"#" * (TOML_MAX_BYTES + 1), Path("users.toml"))


def test_many_users() -> None:
    """Each of 100,000 users is found, and the memory is little more than the file's size."""
    lines = (f"user{n}@d{n % 50}.example,u{n},User {n}\n" for n in range(100_000))
    data = (HEAD + "".join(lines)).encode()
    people = parse_users(data, Path("users.csv"))
    assert len(people) == 100_000
    for number in range(0, 100_000, 997):
        found = entry(people, f"user{number}@d{number % 50}.example")
        assert found == {"login": [f"u{number}"], "display_name": [f"User {number}"]}
    assert entry(people, "user1@d2.example") is None
