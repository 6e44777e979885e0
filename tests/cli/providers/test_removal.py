"""A file that takes many domains out of service is refused without permission."""

import os
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import DATABASE, Waypost
from tests.clients.terminal import terminal
from waypost.cli.providers.removal import Removal

pytestmark = pytest.mark.usefixtures("upgraded_database")

SERVICES = """
services = [
  { type = "imap", host = "imap.example.com" },
  { type = "smtp", host = "smtp.example.com" },
]
"""


def write(folder: Path, names: list[str], more: str = SERVICES) -> Path:
    """Write a providers file with these domains."""
    path = folder / f"{len(names)}.toml"
    domains = ", ".join(f'"{name}"' for name in names)
    text = f'[[provider]]\nname = "Example"\ndomains = [{domains}]\n{more}'
    path.write_text(text, encoding="utf-8")
    return path


def some(count: int) -> list[str]:
    """Return so many domains."""
    return [f"d{number}.example" for number in range(count)]


LIMITS = [
    # domains before, domains removed, --allow-removal, whether it is allowed
    (1, 1, None, True),
    (2, 2, None, True),
    (3, 3, None, False),
    (4, 2, None, True),
    (5, 3, None, False),
    (20, 10, None, True),
    (1000, 10, None, True),
    (1000, 11, None, False),
    (1_000_000, 1_000_000, None, False),
    (1000, 11, 10, False),
    (1000, 11, 11, True),
    (1000, 0, 0, True),
    (1000, 1, 0, False),
    (3, 3, 3, True),
]


@pytest.mark.parametrize(("total", "removed", "allowed", "expected"), LIMITS)
def test_limit(total: int, removed: int, allowed: int | None, expected: bool) -> None:
    """A few domains are removed without permission, but not more than half of several domains."""
    assert Removal(total, removed).is_allowed(allowed) is expected


def test_small_file_into_a_large_database(waypost: Waypost, home: Path) -> None:
    """A small file does not empty a large database; the message has both options."""
    assert waypost("apply", write(home, some(300))).code == 0
    small = write(home, ["new.example"])
    refused = waypost("apply", small)

    assert refused.code == 2
    assert refused.out == ""
    (line,) = (one for one in refused.err.splitlines() if one.startswith("error"))
    assert "nothing was changed: 300 of 300 domains would not be served any more" in line
    assert "d0.example, d1.example, d2.example, d3.example, d4.example, ..." in line
    assert "Use --only-add to keep them" in line
    assert "--allow-removal 300 to remove them" in line
    assert len(waypost("domain", "list").out.splitlines()) == 300


def test_allowed_removal(waypost: Waypost, home: Path) -> None:
    """With --allow-removal, up to this number of domains is removed."""
    assert waypost("apply", write(home, some(30))).code == 0
    small = write(home, some(1))

    assert waypost("apply", small, "--allow-removal", "28").code == 2
    assert len(waypost("domain", "list").out.splitlines()) == 30
    assert waypost("apply", small, "--allow-removal", "29").code == 0
    assert len(waypost("domain", "list").out.splitlines()) == 1


def test_dry_run_says_it(waypost: Waypost, home: Path) -> None:
    """--dry-run lists the domains, and prints the required permission."""
    assert waypost("apply", write(home, some(30))).code == 0
    dry = waypost("apply", write(home, some(1)), "--dry-run")

    assert dry.code == 1
    assert dry.out.count("\n- domain ") + dry.out.startswith("- domain ") == 29
    assert "without --dry-run, this change is refused: 29 of 30 domains" in dry.err
    allowed = waypost("apply", write(home, some(1)), "--dry-run", "--allow-removal", "29")
    assert "is refused" not in allowed.err


@pytest.mark.parametrize(
    "more",
    ["declined = true\n", "services = []\n"],
    ids=["declined", "without services"],
)
def test_domains_without_services_count_as_removed(waypost: Waypost, home: Path, more: str) -> None:
    """Domains that are declined or lose all services count like removed ones."""
    assert waypost("apply", write(home, some(30))).code == 0
    refused = waypost("apply", write(home, some(30), more))

    assert refused.code == 2
    assert "30 of 30 domains would not be served any more" in refused.err


def test_changed_domains_are_not_removed(waypost: Waypost, home: Path) -> None:
    """Other servers for all domains, and domains that have moved, need no permission."""
    assert waypost("apply", write(home, some(30))).code == 0
    other = SERVICES.replace("imap.example.com", "mail.example.com")
    assert waypost("apply", write(home, some(30), other)).code == 0
    assert waypost("apply", write(home, some(30), 'redirect_address = "b.example"\n')).code == 0


def test_only_add_keeps_a_domain_as_it_is(waypost: Waypost, home: Path) -> None:
    """--only-add does not add a second IMAP server to an existing domain, and says so."""
    assert waypost("apply", write(home, some(1))).code == 0
    other = SERVICES.replace('host = "imap.example.com"', 'host = "imap.example.com", port = 143')
    added = waypost("apply", write(home, some(2), other), "--only-add")

    assert added.code == 0
    assert "= domain d0.example: exists in another form, left unchanged" in added.out
    assert "existing domains not changed: 1" in added.err
    assert waypost("domain", "show", "d0.example").out.count("imap ") == 1
    assert "143" in waypost("domain", "show", "d1.example").out


def rows(home: Path, statement: str) -> list[tuple[object, ...]]:
    """Query the database of the home folder."""
    with closing(sqlite3.connect(home / DATABASE)) as connection:
        return connection.execute(statement).fetchall()


@pytest.mark.parametrize(
    "services",
    [
        SERVICES.replace("imap.example.com", "imap2.example.com"),
        '\nservices = [{ type = "imap", host = "imap2.example.com" }]\n',
        '\nservices = [{ type = "smtp", host = "smtp.example.com" }]\n',
        SERVICES,
    ],
)
def test_only_add_moves_no_link(waypost: Waypost, home: Path, services: str) -> None:
    """--only-add keeps each link of the existing domains, and adds no row without a domain."""
    links = "SELECT * FROM server_domain WHERE domain_id <= 30 ORDER BY 1, 2"
    assert waypost("apply", write(home, some(30))).code == 0
    before = rows(home, links)
    assert waypost("apply", write(home, ["new.example"], services), "--only-add").code == 0

    assert rows(home, links) == before
    unused = "SELECT id FROM server WHERE id NOT IN (SELECT server_id FROM server_domain)"
    assert rows(home, unused) == []
    shown = waypost("domain", "show", "new.example").out
    assert all(host in shown for host in re.findall(r'host = "([^"]+)"', services))


@pytest.mark.parametrize(
    ("typed", "left"), [("29", 1), ("", 30), ("yes", 30), ("y", 30), ("30", 30)]
)
def test_confirmed_on_a_terminal(waypost: Waypost, home: Path, typed: str, left: int) -> None:
    """On a terminal the number of domains must be typed; anything else changes nothing."""
    assert waypost("apply", write(home, some(30))).code == 0
    command = [sys.executable, "-m", "waypost", "apply", f"{write(home, some(1))}"]
    with terminal(command, environment=dict(os.environ)) as screen:
        screen.wait_for("Type 29 to remove them")
        screen.type(f"{typed}\r")
        screen.wait_for("29 removed" if left == 1 else "error")

    assert len(waypost("domain", "list").out.splitlines()) == left
