"""Each command that opens a database prints it on standard error, with the source of its URI."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Waypost
from waypost.cli.main import main

OPENING = [
    ("apply", "--demo"),
    ("apply", "--demo", "--dry-run"),
    ("apply", "--demo", "--json"),
    ("compare", "--old", "http://127.0.0.1:1", "--new", "http://127.0.0.1:1"),
    ("db", "check"),
    ("db", "check", "--json"),
    ("db", "status"),
    ("db", "status", "--json"),
    ("db", "upgrade"),
    ("db", "upgrade", "--sql"),
    ("directory", "list"),
    ("directory", "list", "--json"),
    ("directory", "test", "alice@example.com"),
    ("domain", "list"),
    ("domain", "list", "--json"),
    ("domain", "show", "example.com"),
    ("domain", "show", "example.com", "--json"),
    ("export",),
    ("export", "--format", "json"),
    ("export", "--format", "ispdb", "--domain", "example.com"),
    ("import", "automx2", "--from-uri", "sqlite:///other.sqlite", "--dry-run", "--replace"),
    (
        "import",
        "automx2",
        "--from-uri",
        "sqlite:///other.sqlite",
        "--dry-run",
        "--replace",
        "--json",
    ),
    ("lint",),
    ("lint", "--json"),
    ("hostnames",),
    ("pacc", "pin", "example.com"),
    ("pacc", "status"),
    ("pacc", "status", "--json"),
    ("pacc", "unpin", "example.com"),
    ("show", "activesync", "alice@example.com"),
    ("show", "autoconfig", "alice@example.com"),
    ("show", "autodiscover", "alice@example.com"),
    ("show", "autodiscover-json", "alice@example.com"),
    ("show", "dns", "example.com"),
    ("show", "dns", "example.com", "--format", "json"),
    ("show", "mobileconfig", "alice@example.com"),
    ("show", "pacc", "example.com"),
]
ELSEWHERE = [
    ("apply", "--demo", "--print-sql"),
    ("config", "show"),
    ("db", "upgrade", "--sql", "--dialect", "sqlite"),
    ("domain", "list", "--demo"),
    ("lint", "--demo"),
    ("show", "autoconfig", "alice@example.com", "--demo"),
    ("version",),
]


@pytest.fixture(name="samples", scope="module")
def _samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with the samples."""
    path = tmp_path_factory.mktemp("samples") / "samples.sqlite"
    assert main(["apply", "--demo", "--db-uri", f"sqlite:///{path}"]) == 0
    return path


@pytest.fixture(name="filled")
def _filled(samples: Path, home: Path) -> Path:
    """Return the folder of the settings file, its database with the samples, and a second one."""
    for name in ("mail.sqlite", "other.sqlite"):
        shutil.copy(samples, home / name)
    (home / "waypost.toml").write_text('\n\ndb_uri = "sqlite:///mail.sqlite"\n', encoding="utf-8")
    return home


@pytest.mark.parametrize("command", OPENING, ids=" ".join)
def test_used_database_is_printed(waypost: Waypost, filled: Path, command: tuple[str, ...]) -> None:
    """The line has the whole path and the source of the setting, and JSON is still valid."""
    outcome = waypost(*command)
    source = f"db_uri in {filled}/waypost.toml:3"
    assert outcome.databases[-1] == f"sqlite:///{filled}/mail.sqlite ({source})"
    assert len(outcome.databases) == (2 if "import" in command else 1)
    assert "database: " not in outcome.out
    if "--json" in command:
        json.loads(outcome.out)


@pytest.mark.parametrize("command", ELSEWHERE, ids=" ".join)
def test_unused_database_is_not_printed(
    waypost: Waypost, filled: Path, command: tuple[str, ...]
) -> None:
    """A command without a database does not print one."""
    assert filled.is_dir()
    assert waypost(*command).databases == ()


def test_both_databases_of_a_copy(waypost: Waypost, filled: Path) -> None:
    """A copy also prints the database that it reads, without its password."""
    assert filled.is_dir()
    command = ("import", "automx2", "--dry-run", "--replace", "--from-uri")
    found = waypost(*command, "sqlite:///other.sqlite").databases
    assert found[0] == "sqlite:///other.sqlite (from --from-uri; only read)"
    assert len(found) == 2
    outcome = waypost(*command, "mysql://dom/u:hunter2@127.0.0.1:1/x")
    assert outcome.databases[0] == "mysql://***@127.0.0.1:1/x (from --from-uri; only read)"
    assert "hunter2" not in f"{outcome}"
    assert "hunter2" not in f"{waypost(*command, 'mysql://u:p@h:hunter2/x')}"


def test_each_source(waypost: Waypost, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says whether the source is a flag, a variable or the default."""
    default = f"sqlite:///{home}/.local/state/waypost/waypost.sqlite"
    assert waypost("db", "status").databases == (
        f"{default} (the default, because db_uri is not set)",
    )
    monkeypatch.setenv("WAYPOST_DB_URI", "sqlite:////missing/a.sqlite")
    found = waypost("db", "status").databases
    assert found == ("sqlite:////missing/a.sqlite (from WAYPOST_DB_URI)",)
    found = waypost("db", "status", "--db-uri", "sqlite:///b.sqlite?timeout=3").databases
    assert found == (f"sqlite:///{home}/b.sqlite?timeout=3 (from --db-uri)",)
    found = waypost("db", "status", "--db-uri", "mysql://u:hunter2@127.0.0.1:1/x").databases
    assert found == ("mysql://u:***@127.0.0.1:1/x (from --db-uri)",)
    found = waypost("db", "status", "--db-uri", "sqlite://").databases
    assert found == ("sqlite:// (from --db-uri)",)
