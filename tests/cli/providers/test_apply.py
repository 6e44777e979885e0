"""Apply files to the database, and export them."""

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given

from tests.cli.conftest import DATABASE, Waypost
from tests.examples import examples
from tests.providers_file.catalogs import catalogs
from waypost.core.model import Catalog
from waypost.database.engine import Engine, open_engine, write_transaction
from waypost.providers_file.load import read_providers, write_providers
from waypost.providers_file.plan import compare
from waypost.store.sql.migrate import upgrade
from waypost.store.sql.sync.catalog import purge, read_catalog, write_catalog

SEEDS = Path(__file__).parents[2] / "importers" / "seeds"
GOLDEN = Path(__file__).parents[2] / "providers_file" / "golden"
FIRST = """
[[provider]]
name = "Own Mail"
domains = ["own.example", "old.example"]
services = [
  { type = "imap", host = "imap.own.example" },
  { type = "smtp", host = "smtp.own.example" },
]
"""
SECOND = """
[[provider]]
name = "Own Mail"
short_name = "Mine"
domains = ["own.example", "new.example"]
services = [
  { type = "imap", host = "imap.own.example" },
  { type = "smtp", host = "send.own.example" },
]
"""


@pytest.fixture
def files(home: Path) -> Path:
    """Write two providers files, and one with mistakes, to the working folder."""
    (home / "first.toml").write_text(FIRST, encoding="utf-8")
    (home / "second.toml").write_text(SECOND, encoding="utf-8")
    (home / "bad.toml").write_text(
        '[[provider]]\nname = ""\n[[provider]]\nnam = "X"\n', encoding="utf-8"
    )
    return home


def test_what_is_added(waypost: Waypost, files: Path) -> None:
    """Applying to a new database creates it, and prints every domain and every service."""
    outcome = waypost("apply", "first.toml")
    assert (outcome.code, outcome.err) == (0, "6 added, 0 changed, 0 removed\n")
    assert outcome.out.splitlines() == [
        "+ domain own.example (Own Mail)",
        "+ own.example: imap imap.own.example:993 tls",
        "+ own.example: smtp smtp.own.example:465 tls",
        "+ domain old.example (Own Mail)",
        "+ old.example: imap imap.own.example:993 tls",
        "+ old.example: smtp smtp.own.example:465 tls",
    ]
    assert (files / DATABASE).is_file()


@pytest.mark.usefixtures("upgraded_database")
def test_providers_file_of_the_settings(
    waypost: Waypost, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the service reads a file, the command says that the database is not served."""
    monkeypatch.setenv("WAYPOST_PROVIDERS", f"{files / 'first.toml'}")
    outcome = waypost("apply", "first.toml")
    assert outcome.code == 0
    assert f"the service serves {files / 'first.toml'} and not this database" in outcome.err


@pytest.mark.usefixtures("upgraded_database")
def test_what_changes(waypost: Waypost, files: Path) -> None:
    """Applying another file prints what it adds, changes and removes."""
    assert files.is_dir()
    waypost("apply", "first.toml")
    outcome = waypost("apply", "second.toml")
    assert (outcome.code, outcome.err) == (0, "4 added, 1 changed, 2 removed\n")
    assert outcome.out.splitlines() == [
        "+ own.example: smtp send.own.example:465 tls",
        "+ domain new.example (Own Mail)",
        "+ new.example: imap imap.own.example:993 tls",
        "+ new.example: smtp send.own.example:465 tls",
        '~ own.example: short name "Own" becomes "Mine"',
        "- own.example: smtp smtp.own.example:465 tls",
        "- domain old.example (Own Mail)",
    ]


@pytest.mark.usefixtures("upgraded_database")
@pytest.mark.parametrize(
    "arguments",
    [["first.toml"], ["--demo"], [SEEDS / "version-1.json"], [SEEDS / "version-2.json"]],
    ids=str,
)
def test_applying_twice(waypost: Waypost, files: Path, arguments: list[str | Path]) -> None:
    """Applying the same file again changes nothing, and a line says so."""
    assert waypost("apply", *arguments).code == 0
    before = (files / DATABASE).read_bytes()
    again = waypost("apply", *arguments)
    assert (again.code, again.out) == (0, "")
    assert again.err.splitlines()[-1] == "nothing to do"
    assert (files / DATABASE).read_bytes() == before


@pytest.mark.slow
@pytest.mark.usefixtures("upgraded_database")
@pytest.mark.parametrize("form", ["toml", "json"])
@pytest.mark.parametrize(
    "source",
    [
        GOLDEN / "providers.toml",
        GOLDEN / "providers.json",
        SEEDS / "version-1.json",
        SEEDS / "version-2.json",
        "--demo",
    ],
    ids=str,
)
def test_export_apply_export(waypost: Waypost, home: Path, source: Path, form: str) -> None:
    """An export, applied to another database and exported again, is the same text."""
    assert waypost("apply", source).code == 0
    first = waypost("export", "--format", form)
    assert (first.code, first.err) == (0, "")
    exported = home / f"exported.{form}"
    exported.write_text(first.out, encoding="utf-8")
    other = ["--db-uri", "sqlite:///other.sqlite"]
    assert waypost("apply", exported, *other).code == 0
    assert waypost("export", "--format", form, *other).out == first.out


@pytest.mark.usefixtures("upgraded_database")
def test_dry_run(waypost: Waypost, files: Path) -> None:
    """A dry run prints the same, changes nothing, and ends with exit code 1 for differences."""
    waypost("apply", "first.toml")
    before = waypost("export").out
    dry = waypost("apply", "second.toml", "--dry-run")
    assert (dry.code, dry.err) == (1, "4 to add, 1 to change, 2 to remove\n")
    assert waypost("export").out == before
    assert waypost("apply", "second.toml").out == dry.out
    again = waypost("apply", "second.toml", "--dry-run")
    assert (again.code, again.out, again.err) == (0, "", "nothing to do\n")
    assert files.is_dir()


def test_plan_for_scripts(waypost: Waypost, files: Path) -> None:
    """A plan as JSON has the same items, and whether they were written."""
    assert files.is_dir()
    dry = waypost("apply", "first.toml", "--db-uri", "sqlite://", "--json")
    plan = json.loads(dry.out)
    assert plan["added"][0] == "domain own.example (Own Mail)"
    assert (plan["changed"], plan["removed"], plan["written"]) == ([], [], True)


def test_if_empty_keeps_existing_providers(waypost: Waypost, files: Path) -> None:
    """With --if-empty, the samples are written to an empty database, and replace nothing."""
    assert files.is_dir()
    assert "+ domain example.com (Example Inc.)" in waypost("apply", "--demo", "--if-empty").out
    waypost("apply", "first.toml")
    before = waypost("export").out
    outcome = waypost("apply", "--demo", "--if-empty")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == "the database has providers already; nothing was changed\n"
    assert waypost("export").out == before
    for flags in ((), ("--dry-run",)):
        printed = json.loads(waypost("apply", "--demo", "--if-empty", "--json", *flags).out)
        assert (printed["written"], set(printed["counts"].values())) == (False, {0})


@pytest.mark.usefixtures("upgraded_database")
def test_password_in_the_database_stays(waypost: Waypost, home: Path) -> None:
    """Export omits bind passwords, and applying that export keeps the passwords in the database."""
    waypost("apply", SEEDS / "version-2.json")
    exported = waypost("export").out
    assert "reader-secret" not in exported
    (home / "mail.toml").write_text(exported, encoding="utf-8")
    assert waypost("apply", "mail.toml").err.splitlines()[-1] == "nothing to do"
    connection = sqlite3.connect(home / DATABASE)
    rows = connection.execute("SELECT bind_password FROM ldapserver ORDER BY id").fetchall()
    connection.close()
    assert rows == [("reader-secret",), ("unused-secret",)]


@pytest.mark.usefixtures("upgraded_database")
@pytest.mark.parametrize("form", ["toml", "json"])
def test_export_with_secrets(waypost: Waypost, home: Path, form: str) -> None:
    """Bind passwords are exported only with --with-secrets, and then apply restores them."""
    waypost("apply", SEEDS / "version-2.json")
    assert "reader-secret" not in waypost("export", "--format", form).out
    exported = waypost("export", "--format", form, "--with-secrets").out
    (home / f"mail.{form}").write_text(exported, encoding="utf-8")
    other = ["--db-uri", "sqlite:///other.sqlite"]
    assert waypost("apply", f"mail.{form}", *other).code == 0
    assert waypost("export", "--format", form, "--with-secrets", *other).out == exported
    assert "reader-secret" in exported


BAD = [
    # arguments, what is said
    (["bad.toml"], "error: bad.toml: provider[0].name: must not be empty"),
    (["bad.toml"], "error: bad.toml: provider[1].nam: unknown key"),  # codespell:ignore nam
    (["bad.toml", "--dry-run"], "error: bad.toml: provider[0].name: must not be empty"),
    (["bad.toml", "--print-sql"], "error: bad.toml: provider[0].name: must not be empty"),
    (["missing.toml"], "error: missing.toml: cannot be read: No such file or directory\n"),
    ([], "error: use either a FILE or --demo\n"),
    (["first.toml", "--demo"], "error: use either a FILE or --demo\n"),
    (["first.toml", "--db-uri", "x"], "--db-uri: db_uri is"),
    (["first.toml", "--db-uri", "nosuch://"], "nosuch"),
    (["first.toml", "--db-uri", "sqlite:////dev/null/x"], "the folder /dev/null cannot be created"),
]


@pytest.mark.parametrize(("arguments", "said"), BAD)
def test_wrong_input(waypost: Waypost, files: Path, arguments: list[str], said: str) -> None:
    """Wrong input ends with exit code 2 and one line per mistake, and no database is changed."""
    outcome = waypost("apply", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert "Traceback" not in outcome.err
    assert not (files / DATABASE).exists()


@pytest.mark.usefixtures("upgraded_database")
def test_mistakes_change_nothing(waypost: Waypost, files: Path) -> None:
    """A file with mistakes does not change the database."""
    assert files.is_dir()
    waypost("apply", "first.toml")
    before = waypost("export").out
    assert waypost("apply", "bad.toml").code == 2
    assert waypost("export").out == before


def test_warnings_go_to_standard_error(waypost: Waypost, home: Path) -> None:
    """What is usable but perhaps a mistake is a warning, and is applied."""
    (home / "mail.toml").write_text(FIRST.replace('imap"', 'imap", security = "none"'))
    outcome = waypost("apply", "mail.toml")
    assert outcome.code == 0
    assert outcome.err.startswith(
        "warning: mail.toml: provider[0].services[0].security: is none: passwords"
    )


@pytest.mark.parametrize("source", [GOLDEN / "providers.toml", SEEDS / "version-2.json", "--demo"])
def test_sql_for_sqlite3(waypost: Waypost, home: Path, source: Path) -> None:
    """The printed SQL, run by sqlite3, has the same export as the applied file."""
    program = shutil.which("sqlite3")
    printed = waypost("apply", source, "--print-sql")
    assert printed.code == 0
    by_sql, by_apply = ["--db-uri", "sqlite:///sql.sqlite"], ["--db-uri", "sqlite:///apply.sqlite"]
    assert waypost("db", "upgrade", *by_sql).code == 0
    if program is None:
        connection = sqlite3.connect(home / "sql.sqlite", isolation_level=None)
        connection.executescript(printed.out)
        connection.close()
    else:
        subprocess.run([program, home / "sql.sqlite"], input=printed.out, text=True, check=True)
    assert waypost("apply", source, *by_apply).code == 0
    assert waypost("export", *by_sql).out == waypost("export", *by_apply).out


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql", "mysql"])
def test_sql_needs_no_database(waypost: Waypost, home: Path, dialect: str) -> None:
    """SQL is printed for each dialect, and no database is created."""
    outcome = waypost("apply", "--demo", "--print-sql", "--dialect", dialect)
    assert outcome.code == 0
    assert all(line.startswith("warning: ") for line in outcome.err.splitlines())
    assert "INSERT INTO provider" in outcome.out
    assert outcome.out.rstrip().endswith(";")
    assert list(home.iterdir()) == []


@pytest.fixture(name="in_memory", scope="module")
def _in_memory() -> Iterator[Engine]:
    """One upgraded database in memory for all examples, because creating tables takes long."""
    engine = open_engine("sqlite://")
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.mark.slow
@examples(50)
@given(first=catalogs(), second=catalogs())
def test_second_apply_of_any_catalog_changes_nothing(
    in_memory: Engine, first: Catalog, second: Catalog
) -> None:
    """After writing any catalog over another, there is nothing to do, and its export is stable."""
    with write_transaction(in_memory) as connection:
        purge(connection)
        write_catalog(connection, first)
        write_catalog(connection, second)
        stored = read_catalog(connection)
        assert compare(stored, second).is_empty
        text = write_providers(stored, "toml")
        write_catalog(connection, read_providers(text, name="x", format="toml").catalog)
        assert write_providers(read_catalog(connection), "toml") == text


def test_provider_gets_its_first_domains(waypost: Waypost, home: Path) -> None:
    """The plan does not list a provider as removed that `provider list` shows afterwards."""
    assert waypost("db", "upgrade").code == 0
    assert waypost("provider", "add", "Own Mail", "short_name=Mine").code == 0
    (home / "first.toml").write_text(FIRST, encoding="utf-8")
    done = waypost("apply", "first.toml")
    assert "provider Own Mail without domains" not in done.out
    assert '~ provider Own Mail: short name "Mine" becomes "Own"' in done.out
    assert waypost("provider", "list").out == "Own Mail  2 domains\n"
    assert waypost("apply", "first.toml").out == ""
