"""The page about directories shows the output of the commands."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from tests.cli.conftest import Waypost, home, waypost
from tests.docs.pages import ROOT, Block, blocks, commands
from waypost.core.model import DirectoryLimits
from waypost.providers_file.models.directory_keys import DirectoryLimitKeys

__all__ = ["home", "waypost"]

PAGE = ROOT / "docs" / "directories.md"
SHOWN = [block for block in blocks(PAGE, "console") if commands(block)]


def _plain(text: str, folder: Path) -> list[str]:
    """Return lines without the parts that differ each time: folders, times and blanks."""
    text = text.replace(f"{folder}", "/etc/waypost")
    text = re.sub(r"[\d.]+ ms", "N ms", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:+]+", "WHEN", text)
    return [" ".join(line.split()) for line in text.splitlines()]


@pytest.mark.parametrize("block", SHOWN, ids=lambda block: block.name)
def test_commands_say_what_the_page_says(waypost: Waypost, home: Path, block: Block) -> None:
    """Each command of the page prints the output that the page shows."""
    (users,), (mail,) = blocks(PAGE, "csv"), blocks(PAGE, "toml")
    (home / "users.csv").write_text(users.text, encoding="utf-8")
    text = mail.text.replace("/etc/waypost", f"{home}")
    (home / "mail.toml").write_text(text, encoding="utf-8")
    (command,) = commands(block)
    arguments = command.replace("/etc/waypost", f"{home}").split()
    outcome = waypost(*arguments[1:])
    assert (outcome.code, outcome.err) == (0, "")
    shown = block.text.partition("\n")[2]
    assert _plain(outcome.out, home) == _plain(shown, home)


def test_examples_are_found() -> None:
    """The test above gets the commands of the page, not an empty list."""
    assert len(SHOWN) == 2


def test_limits_of_the_page() -> None:
    """The page has every limit with its minimum, its maximum and its default."""
    text = PAGE.read_text(encoding="utf-8")
    keys = DirectoryLimitKeys.model_json_schema()["properties"]
    for limit in fields(DirectoryLimits):
        lowest, highest = (keys[limit.name][bound] for bound in ("minimum", "maximum"))
        assert f"| `{limit.name}` | {lowest:g}, {highest:d} | {limit.default:g} |" in text
