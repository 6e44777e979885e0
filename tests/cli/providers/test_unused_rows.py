"""Rows that no answer uses: reported by all commands, removed only by `apply`, on all engines."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import DATABASE, Waypost
from tests.cli.import_.test_import import document
from tests.cli.providers.test_apply import FIRST, SECOND
from tests.servers.database import Database

ODD = """
INSERT INTO domain (id, name, provider_id) VALUES (70, 'not a domain', 1);
INSERT INTO domain (id, name, provider_id) VALUES (71, 'own.example.', 1);
INSERT INTO server (id, name, port, type, socket_type, user_name, authentication)
  VALUES (80, 'imap.own.example', 993, 'INVALID', 'SSL', '', 'plain');
INSERT INTO server_domain (server_id, domain_id) VALUES (80, 1);
INSERT INTO server (id, name, port, type, socket_type, user_name, authentication)
  VALUES (81, 'spare.example', 993, 'imap', 'SSL', '', 'plain');
"""
REPORTED = [
    (
        "domain 70: name 'not a domain': a label of the domain has characters other than letters, "
        "digits and inner hyphens; no client can ask for it"
    ),
    (
        "domain 71: name 'own.example.' is the same domain as 'own.example'; "
        "domain 1 is served instead"
    ),
    "server 80: type 'INVALID' is not known; left out of all answers",
    "server 81: name 'spare.example' has no domain; no answer uses it",
]
CASE_TWIN = "INSERT INTO domain (id, name, provider_id) VALUES (72, 'OWN.example', 1);"
NAMES = "SELECT name FROM domain ORDER BY id;"


@pytest.fixture(name="odd")
def _odd(waypost: Waypost, home: Path, database: Database) -> list[str]:
    """Apply a file, then store rows that no file can have; return the flags for the database."""
    (home / "first.toml").write_text(FIRST, encoding="utf-8")
    (home / "second.toml").write_text(SECOND, encoding="utf-8")
    uri = ["--db-uri", database.uri]
    assert waypost("apply", "first.toml", *uri).code == 0
    database.client(ODD)
    return uri


def test_removed_rows_are_printed(waypost: Waypost, odd: list[str], database: Database) -> None:
    """A plan has a line for each removed row, even if nothing else changes."""
    dry = waypost("apply", "first.toml", "--dry-run", *odd)
    assert (dry.code, dry.err) == (1, "0 to add, 0 to change, 4 to remove\n")
    assert dry.out.splitlines() == [f"- {line}" for line in REPORTED]
    assert "not a domain" in database.client(NAMES)

    done = waypost("apply", "first.toml", *odd)
    assert (done.code, done.err) == (0, "0 added, 0 changed, 4 removed\n")
    assert done.out == dry.out
    assert database.client(NAMES).split() == ["own.example", "old.example"]
    assert waypost("apply", "first.toml", *odd).err == "nothing to do\n"
    assert waypost("db", "check", *odd).code == 0


def test_removed_together_with_other_changes(waypost: Waypost, odd: list[str]) -> None:
    """The same lines are in a plan that changes something, and only there."""
    done = waypost("apply", "second.toml", *odd)
    assert done.err == "4 added, 1 changed, 6 removed\n"
    assert set(done.out.splitlines()) > {f"- {line}" for line in REPORTED}
    assert waypost("apply", "second.toml", *odd).err == "nothing to do\n"


def test_codes_of_rows(waypost: Waypost, odd: list[str]) -> None:
    """`db check` has the severity and the code of each row, also for scripts."""
    codes = ["error db-domain-name", "warning db-domain-twin", "error db-service"]
    outcome = waypost("db", "check", *odd)
    assert outcome.err.endswith("3 findings\nwaypost explain CODE describes a code\n")
    lines = [f"{code}: {line}" for code, line in zip(codes, REPORTED, strict=False)]
    assert sorted(outcome.out.splitlines()) == sorted(lines)
    found = json.loads(waypost("db", "check", "--json", *odd).out)["findings"]
    assert sorted(f"{one['severity']} {one['code']}" for one in found) == sorted(codes)
    (service,) = (one for one in found if one["table"] == "server")
    assert service == {
        "code": "db-service",
        "severity": "error",
        "message": "a service cannot be read, so no answer contains it",
        "fix": "correct the row, or delete it",
        "link": "waypost explain db-service",
        "table": "server",
        "key": "80",
        "problem": "type 'INVALID' is not known",
        "effect": "left out of all answers",
    }


def test_only_add_keeps_unused_rows(waypost: Waypost, odd: list[str], database: Database) -> None:
    """With --only-add, the rows are listed, and they stay."""
    nothing = waypost("apply", "first.toml", "--only-add", *odd)
    assert (nothing.code, nothing.err) == (0, "nothing to do; unused rows not removed: 4\n")
    assert nothing.out.splitlines() == [f"= {line}" for line in REPORTED]
    assert waypost("apply", "first.toml", "--only-add", "--dry-run", *odd).code == 0

    added = waypost("apply", "second.toml", "--only-add", *odd)
    assert added.err == (
        "3 added, 0 changed, 0 removed; unused rows not removed: 4; "
        "existing domains not changed: 1\n"
    )
    names = set(database.client(NAMES).splitlines())
    assert names == {"own.example", "old.example", "not a domain", "own.example.", "new.example"}
    types = database.client("SELECT type FROM server WHERE id >= 80 ORDER BY id;").split()
    assert types[:2] == ["INVALID", "imap"]
    links = database.client("SELECT domain_id FROM server_domain WHERE server_id = 80;")
    assert links.split() == ["1"]


def test_export_warns(waypost: Waypost, home: Path, odd: list[str]) -> None:
    """Each row that an export cannot have is a warning; the text has all served domains."""
    exported = waypost("export", *odd)
    assert exported.code == 0
    assert exported.err.splitlines() == [f"warning: not exported: {line}" for line in REPORTED]
    (home / "mail.toml").write_text(exported.out, encoding="utf-8")
    assert waypost("apply", "mail.toml", *odd).err == "0 added, 0 changed, 4 removed\n"
    after = waypost("export", *odd)
    assert (after.out, after.err) == (exported.out, "")


def test_plan_for_scripts(waypost: Waypost, odd: list[str]) -> None:
    """JSON has removed rows in `removed`, and the others in `unused_rows`."""
    plain = json.loads(waypost("apply", "first.toml", "--dry-run", "--json", *odd).out)
    assert (plain["removed"], plain["unused_rows"]) == (REPORTED, [])
    only = json.loads(waypost("apply", "first.toml", "--only-add", "--json", *odd).out)
    assert (only["removed"], only["unused_rows"], only["counts"]["unused_rows"]) == (
        [],
        REPORTED,
        4,
    )
    assert only["written"] is False


def test_import_keeps_unused_rows(
    waypost: Waypost, home: Path, odd: list[str], database: Database
) -> None:
    """An import only adds, and removes no row."""
    assert waypost("import", "ispdb", document(home), *odd).code == 0
    assert "not a domain" in database.client(NAMES)
    assert "80" in database.client("SELECT server_id FROM server_domain;").split()
    assert waypost("apply", "first.toml", "--only-add", *odd).err.startswith(
        "nothing to do; unused rows not removed: 4"
    )


# MariaDB's names are unique without their case.
@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_twin_in_capitals(waypost: Waypost, odd: list[str], database: Database) -> None:
    """The row in lower case is shown and kept; the other is reported and removed."""
    twin = "domain 72: name 'OWN.example' is the same domain as 'own.example'; domain 1 is served"
    database.client(CASE_TWIN)
    listed = waypost("domain", "list", *odd).out.splitlines()
    assert [line.split()[0] for line in listed] == ["old.example", "own.example"]
    assert "imap imap.own.example:993 tls" in waypost("domain", "show", "OWN.example", *odd).out
    assert twin in waypost("export", *odd).err
    assert twin in waypost("db", "check", *odd).out
    assert f"- {twin}" in waypost("apply", "first.toml", *odd).out
    assert database.client(NAMES).split() == ["own.example", "old.example"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_links_to_nothing(waypost: Waypost, odd: list[str], database: Database) -> None:
    """A link with a missing end is also reported and removed; SQLite allows such links."""
    database.client("INSERT INTO server_domain VALUES (81, 500), (600, 1), (600, 500);")
    lines = [*REPORTED, "server_domain 81/500: domain 500 does not exist; the link is ignored"]
    lines += ["server_domain 600/1: server 600 does not exist; the link is ignored"]
    lines += ["server_domain 600/500: server 600 and domain 500 do not exist; the link is ignored"]
    assert waypost("apply", "first.toml", *odd).out.splitlines() == [f"- {line}" for line in lines]
    assert waypost("apply", "first.toml", *odd).err == "nothing to do\n"
    assert waypost("db", "check", *odd).code == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_name_that_is_too_long(waypost: Waypost, odd: list[str], database: Database) -> None:
    """A name of 300 bytes, which SQLite stores, is reported in a truncated line."""
    name = "a" * 300
    database.client(f"INSERT INTO domain (id, name, provider_id) VALUES (73, '{name}', 1);")  # noqa: S608
    (line,) = (line for line in waypost("export", *odd).err.splitlines() if " 73: " in line)
    assert len(line) < 300
    assert waypost("apply", "first.toml", *odd).err == "0 added, 0 changed, 5 removed\n"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_many_are_counted(waypost: Waypost, odd: list[str], database: Database) -> None:
    """If there are very many such rows, some are listed and all are counted."""
    rows = ", ".join(f"({number}, 'no domain {number}', 1)" for number in range(100, 1300))
    database.client(f"INSERT INTO domain (id, name, provider_id) VALUES {rows};")  # noqa: S608
    dry = waypost("apply", "first.toml", "--dry-run", *odd)
    assert dry.out.splitlines()[-1] == "- and 204 more; --all lists them"
    left = waypost("apply", "first.toml", "--only-add", *odd)
    assert left.out.splitlines()[-1] == "= and 204 more; --all lists them"
    assert left.err == "nothing to do; unused rows not removed: 1204\n"
    assert waypost("apply", "first.toml", *odd).err == "0 added, 0 changed, 1204 removed\n"


def test_dry_run_without_tables(waypost: Waypost, home: Path, database: Database) -> None:
    """A plan for a database without tables says so, and creates none."""
    (home / "first.toml").write_text(FIRST, encoding="utf-8")
    uri = ["--db-uri", database.uri]
    dry = waypost("apply", "first.toml", "--dry-run", *uri)
    assert dry.code == 1
    assert dry.err.splitlines() == [
        "the database has no tables yet; without --dry-run, Waypost creates them first",
        "6 to add, 0 to change, 0 to remove",
    ]
    plan = json.loads(waypost("apply", "first.toml", "--dry-run", "--json", *uri).out)
    assert (plan["creates_tables"], plan["written"]) == (True, False)
    assert waypost("import", "ispdb", document(home), "--dry-run", *uri).code == 1
    assert not (home / "waypost.sqlite").exists()
    status = waypost("db", "status", *uri)
    assert (status.code, "run `waypost db upgrade`" in status.out) == (1, True)
    assert waypost("apply", "first.toml", *uri).out == dry.out
    again = json.loads(waypost("apply", "first.toml", "--dry-run", "--json", *uri).out)
    assert (again["creates_tables"], again["added"]) == (False, [])


def test_dry_run_with_other_tables(waypost: Waypost, home: Path, database: Database) -> None:
    """A database of another program is refused by a dry run and by `apply`."""
    (home / "first.toml").write_text(FIRST, encoding="utf-8")
    database.client("CREATE TABLE orders (id INTEGER PRIMARY KEY);")
    for more in ([], ["--dry-run"]):
        outcome = waypost("apply", "first.toml", "--db-uri", database.uri, *more)
        assert (outcome.code, outcome.out) == (2, "")
        assert "neither Waypost's nor automx2's" in outcome.err


def test_dry_run_and_if_empty(waypost: Waypost, home: Path) -> None:
    """A dry run follows --if-empty too."""
    (home / "first.toml").write_text(FIRST, encoding="utf-8")
    assert waypost("apply", "--demo", "--if-empty", "--dry-run").code == 1
    assert not (home / DATABASE).exists()
    waypost("apply", "first.toml")
    dry = waypost("apply", "--demo", "--if-empty", "--dry-run")
    assert (dry.code, dry.out) == (0, "")
    assert dry.err == "the database has providers already; nothing was changed\n"
