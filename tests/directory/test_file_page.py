"""docs/directories/file.md agrees with the code."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.directory.user_files import BAD
from tests.docs.pages import ROOT, blocks
from waypost.core.address import EmailAddress
from waypost.core.errors import ProblemsError, WaypostError
from waypost.directory.file.problems import MISTAKES_MAX
from waypost.directory.file.read_bytes import MAX_BYTES
from waypost.directory.file.toml_tables import TOML_MAX_BYTES
from waypost.directory.file.users import parse_users, read_users

PAGE = ROOT / "docs" / "directories" / "file.md"
_ROW = re.compile(r"^\| `(.+?)` \| (.+) \|$", re.MULTILINE)
# The placeholders in the messages of the page; COUNT and N are numbers.
_ANY = {"REASON": ".+", "RULE": ".+", "PROBLEM": ".+", "NAME": ".+", "KEY": "(a key|[^ ]+)"}
_ANY |= {"COUNT": r"\d+ cells?", "N": r"\d+"}


def of_bad_files() -> Iterator[str]:
    """Yield every message about the content of the bad files."""
    for data, _, name in [*BAD, (b"address,login\n" + b"x,y\n" * 200, [], "users.csv")]:
        with pytest.raises(ProblemsError) as caught:
            parse_users(data, Path(name))
        for problem in caught.value.problems:
            yield re.sub(r"^line \d+: ", "", problem.removeprefix(f"{name}: "))
    with pytest.raises(ProblemsError) as caught:
        parse_users(b"#" * (TOML_MAX_BYTES + 1), Path("users.toml"))
    yield caught.value.problems[0].removeprefix("users.toml: ")


def of_bad_paths(folder: Path) -> Iterator[str]:
    """Yield every message about a path that cannot be read."""
    huge = folder / "huge.csv"
    with huge.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    for path in (folder / "none.csv", folder, huge, Path("/a\0b.csv")):
        with pytest.raises(WaypostError) as caught:
            read_users(path)
        yield str(caught.value).removeprefix(f"{path}: ").removeprefix(f"{str(path)!r}: ")


def templates() -> list[str]:
    """Return the messages of the page, as written there."""
    table = PAGE.read_text(encoding="utf-8").partition("| message | what to do |")[2]
    return [row[1] for row in _ROW.finditer(table)]


def _pattern(template: str) -> re.Pattern[str]:
    words = "|".join(_ANY)
    parts = re.split(rf"\b({words})\b", template)
    return re.compile("".join(_ANY.get(part) or re.escape(part) for part in parts))


def test_every_message_is_on_the_page(tmp_path: Path) -> None:
    """Each message has a line of the page, and each line of the page has a message."""
    messages = [*of_bad_files(), *of_bad_paths(tmp_path)]
    used = set()
    for message in messages:
        # The most precise one that fits.
        fitting = [one for one in templates() if _pattern(one).fullmatch(message)]
        assert fitting, message
        used.add(max(fitting, key=len))
    assert used == set(templates())


def test_numbers_of_the_page() -> None:
    """The limits that the page names are those of the code."""
    text = PAGE.read_text(encoding="utf-8")
    assert f"`is larger than {MAX_BYTES // 2**20} MiB" in text
    assert f"At most 64 columns and {MAX_BYTES // 2**20} MiB" in text
    assert f"At most {TOML_MAX_BYTES // 2**20} MiB" in text
    assert f"fix the first {MISTAKES_MAX}" in text


def test_examples_of_the_page() -> None:
    """The users of both examples are found with their values."""
    (users,) = blocks(PAGE, "csv")
    people = parse_users(users.text.encode(), Path("users.csv"))
    (bob,) = people.find(EmailAddress.parse("bob@example.com"))
    assert bob.entry["display_name"] == ("Example; Bob",)
    (carol,) = people.find(EmailAddress.parse("carol@bücher.example"))
    assert carol.entry == {"login": ("carol",), "display_name": ('Carol "CC" Example',)}
    (tables,) = (block for block in blocks(PAGE, "toml") if "[[" not in block.text)
    people = parse_users(tables.text.encode(), Path("users.toml"))
    (bob,) = people.find(EmailAddress.parse("bob@example.com"))
    assert bob.entry == {"login": ("u1002",), "mailHost": ("mx7.example.org", "mx2.example.com")}
