"""Counts have their nouns in singular or plural, in all output of commands."""

import re
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGE
from tests.cli.conftest import Waypost
from waypost.cli.output import quantity

# In "3 of 5 domains", the noun is for the second number, which is never one.
PLURALS = re.compile(
    r"(?<!of )\{[^{}]*\} (?:more )?(?:answers|clients are|differences|directories|domains|errors"
    r"|findings|hits|lines|names|patterns|providers|records|requests|rows|services|times|users"
    r"|warnings)\b(?! no\b)"
)


@pytest.mark.parametrize(
    ("count", "nouns", "said"),
    [
        (0, ("domain",), "0 domains"),
        (1, ("domain",), "1 domain"),
        (2, ("domain",), "2 domains"),
        (1000, ("domain",), "1,000 domains"),
        (1, ("name is", "names are"), "1 name is"),
        (2, ("name is", "names are"), "2 names are"),
    ],
)
def test_quantity(count: int, nouns: tuple[str, ...], said: str) -> None:
    """One is singular, and all other counts are plural."""
    assert quantity(count, *nouns) == said


def test_all_counts_use_quantity() -> None:
    """No command writes a fixed plural after a number that may be one."""
    files = list((PACKAGE / "cli").rglob("*.py"))
    assert len(files) > 50
    found = {
        path.name: plurals
        for path in files
        if (plurals := PLURALS.findall(path.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_one_of_each(waypost: Waypost, home: Path) -> None:
    """Commands use the singular for a count of one."""
    (home / "mail.toml").write_text(
        '[[provider]]\nname = "Own"\ndomains = ["own.example", "*.own.example"]\n'
        'services = [{ type = "imap", host = "a.example" }]\n',
        encoding="utf-8",
    )
    assert waypost("apply", "mail.toml").code == 0
    assert waypost("domain", "list").out.count("  1 service\n") == 2
    assert "warning: 1 pattern is left out" in waypost("hostnames").err
