"""`waypost db downgrade`: what it prints, refuses and changes."""

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Waypost
from tests.docs.pages import ROOT
from waypost.store.sql.downgrade import revisions
from waypost.store.sql.revision import HEAD

PREVIOUS = revisions()[-2]
ALIASES = """
[[provider]]
name = "Own"
domains = ["own.example", { name = "alias.example", alias_of = "own.example" }]
services = [{ type = "imap", host = "a.example" }, { type = "smtp", host = "b.example" }]
"""
LOST = "column domain.alias_of: 1 row with a value (alias.example)"


@pytest.fixture(name="applied")
def _applied(waypost: Waypost, home: Path) -> Waypost:
    """Apply providers with an alias to the database of the settings."""
    (home / "mail.toml").write_text(ALIASES, encoding="utf-8")
    assert waypost("apply", "mail.toml").code == 0
    return waypost


def test_one_revision(applied: Waypost) -> None:
    """Without a revision, the tables return to the one before; an upgrade undoes it."""
    planned = applied("db", "downgrade", "--dry-run")
    assert planned.code == 1
    assert f"from revision {HEAD} to {PREVIOUS}; nothing was changed\n" in planned.err
    assert applied("db", "status").code == 0
    done = applied("db", "downgrade", "--force")
    assert done.code == 0
    assert done.out == planned.out
    assert done.err == f"the database was at revision {HEAD}; it is at {PREVIOUS} now\n"
    assert applied("db", "status").out.startswith(f"at revision {PREVIOUS}; ")
    assert applied("db", "upgrade").code == 0
    assert applied("domain", "show", "own.example").code == 0


def test_refused_losses(applied: Waypost) -> None:
    """Values are lost only with --force, and each of them is named."""
    planned = applied("db", "downgrade", "--to", "0010", "--dry-run")
    assert planned.code == 1
    assert f"- {LOST}" in planned.out.splitlines()
    assert "--force permits it" in planned.err
    refused = applied("db", "downgrade", "--to", "0010")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("error: nothing was changed: revision 0010 cannot store ")
    assert LOST in refused.err
    assert applied("db", "status").code == 0
    assert applied("db", "downgrade", "--to", "0010", "--force").code == 0
    again = applied("db", "downgrade", "--to", "0010")
    assert (again.code, again.out) == (0, "")
    assert again.err == "the database has revision 0010 already\n"
    nothing = applied("db", "downgrade", "--to", "0010", "--dry-run")
    assert (nothing.code, nothing.err) == (0, again.err)


def test_printed_sql(applied: Waypost) -> None:
    """The SQL is printed, and nothing is changed."""
    printed = applied("db", "downgrade", "--to", "0010", "--sql")
    assert (printed.code, printed.err) == (0, "")
    assert "ALTER TABLE domain DROP COLUMN alias_of;" in printed.out
    assert "SET version_num='0010'" in printed.out
    assert applied("db", "status").code == 0
    assert applied("db", "downgrade", "--to", "0010", "--force").code == 0
    nothing = applied("db", "downgrade", "--to", "0010", "--sql")
    assert (nothing.code, nothing.out) == (0, "")
    assert nothing.err == "the database has this revision already\n"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--to", "0099"], "--to 0099: there is no such revision; choose one of 0001, "),
        (["--sql", "--dry-run"], "--sql cannot be used with --dry-run or --force"),
        (["--sql", "--force"], "--sql cannot be used with --dry-run or --force"),
        (["--db-uri", "sqlite:///no.sqlite"], "there is no database file"),
    ],
)
def test_wrong_use(applied: Waypost, flags: list[str], said: str) -> None:
    """Wrong use and a missing database are refused, and nothing is changed."""
    refused = applied("db", "downgrade", *flags)
    assert (refused.code, refused.out) == (2, "")
    assert said in refused.err
    assert applied("db", "status").code == 0
    assert not Path("no.sqlite").exists()


def test_commands_of_the_guide(applied: Waypost) -> None:
    """The commands of the guide for the way back can be run in their order."""
    guide = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    lines = re.findall(r"^ +# .*-- waypost (db downgrade .*)$", guide, re.MULTILINE)
    commands = [line.replace("REVISION", PREVIOUS).split() for line in lines]
    assert [applied(*command).code for command in commands] == [1, 0]
    assert applied("db", "status").out.startswith(f"at revision {PREVIOUS}; ")
