"""Change one domain of a database: `waypost domain set` and `waypost domain remove`."""

import json
from pathlib import Path

import pytest

from bench import domains
from tests.cli.conftest import DATABASE, Outcome, Waypost
from tests.cli.providers.test_apply import FIRST
from tests.servers.database import Database
from waypost.cli.principal import command_principal
from waypost.database.engine import open_engine, read_connection
from waypost.store.sql.audit_log import AuditFilter, read_audit

ADDED = """\
+ domain new.example (Own Mail)
+ new.example: imap imap.own.example:993 tls
+ new.example: smtp smtp.own.example:465 tls
"""
SET = ("domain", "set", "new.example")
REMOVE = ("domain", "remove", "old.example")


@pytest.fixture(name="filled")
def _filled(
    waypost: Waypost,
    home: Path,
    upgraded_database: None,  # noqa: ARG001 -- is filled
) -> Path:
    """Fill the default database with two domains of a provider."""
    file = home / "first.toml"
    file.write_text(FIRST, encoding="utf-8")
    assert waypost("apply", file).code == 0
    return file


@pytest.mark.parametrize(
    "model", [("--provider", "Own Mail"), ("--like", "OLD.example")], ids=["provider", "like"]
)
@pytest.mark.usefixtures("filled")
def test_set(waypost: Waypost, model: tuple[str, str]) -> None:
    """The plan and the exit codes are those of `apply`; a second run has nothing to do."""
    planned = waypost(*SET, *model, "--dry-run")
    assert planned == Outcome(1, ADDED, "3 to add, 0 to change, 0 to remove\n", planned.databases)
    done = waypost(*SET, *model)
    assert (done.code, done.out, done.err) == (0, ADDED, "3 added, 0 changed, 0 removed\n")
    assert done.databases[0].startswith("sqlite:////")
    assert waypost("domain", "show", "new.example").code == 0
    for more in ((), ("--dry-run",)):
        again = waypost(*SET, *model, *more)
        assert (again.code, again.out, again.err) == (0, "", "nothing to do\n")


@pytest.mark.usefixtures("filled")
def test_audit_log(waypost: Waypost, home: Path) -> None:
    """Each command that changes the database has an entry with its user in the audit log."""
    waypost(*SET, "--provider", "Own Mail")
    waypost(*SET, "--provider", "Own Mail")  # Nothing to do.
    waypost(*REMOVE)
    uri = f"sqlite:///{home / DATABASE}"
    engine = open_engine(uri)
    with read_connection(engine) as connection:
        rows, _ = read_audit(connection, AuditFilter(), 10)
    engine.dispose()
    assert [(row.action, row.object_name) for row in rows] == [
        ("delete", "old.example"),
        ("put", "new.example"),
        ("apply", None),
    ]
    assert {(row.principal, row.principal_kind) for row in rows} == {
        (command_principal().name, "command")
    }
    after = rows[-1].after or {}
    assert {key: after[key] for key in ("added", "changed", "removed")} == {
        "added": 6,
        "changed": 0,
        "removed": 0,
    }


def test_remove(waypost: Waypost, filled: Path) -> None:
    """A domain is removed; a second run ends with exit code 1, as it may be a mistyped name."""
    planned = waypost(*REMOVE, "--dry-run")
    line = "- domain old.example (Own Mail)\n"
    assert (planned.code, planned.out) == (1, line)
    done = waypost(*REMOVE)
    assert (done.code, done.out, done.err) == (0, line, "0 added, 0 changed, 1 removed\n")
    again = waypost(*REMOVE)
    assert (again.code, again.out) == (1, "")
    start = "error: old.example is not in the database; nothing was changed"
    assert again.err == f"{start}; did you mean own.example?\n"
    # The file has it still.
    assert waypost("apply", filled).err == "3 added, 0 changed, 0 removed\n"


@pytest.mark.usefixtures("filled")
def test_json(waypost: Waypost) -> None:
    """The result for scripts has the keys that `apply` has."""
    model = ("--provider", "Own Mail", "--json")
    dry = json.loads(waypost(*SET, *model, "--dry-run").out)
    assert (dry["counts"]["added"], dry["written"]) == (3, False)
    done = json.loads(waypost(*SET, *model).out)
    assert done == {**dry, "written": True}
    assert json.loads(waypost(*SET, *model).out)["written"] is False
    file = json.loads(waypost("apply", "first.toml", "--dry-run", "--json").out)
    assert done.keys() == file.keys()
    removed = json.loads(waypost(*REMOVE, "--json").out)
    assert removed["removed"] == ["domain old.example (Own Mail)"]


REFUSED = [
    (SET, "use either --provider NAME or --like DOMAIN"),
    ((*SET, "--provider", "X", "--like", "old.example"), "use either --provider NAME or --like"),
    ((*SET, "--provider", "X"), "--provider: the database has no provider 'X'"),
    # A byte that is not UTF-8, as Python shows it.
    ((*SET, "--provider", "X\udcff"), "--provider: contains a control character"),
    ((*SET, "--like", "x.example"), "--like: the database has no domain x.example"),
    ((*SET, "--like", "a..example"), "--like: a..example: the domain has an empty label"),
    (("domain", "set", "a_b.example", "--provider", "X"), "DOMAIN: a_b.example: a label of the"),
    (("domain", "remove", f"{'a.' * 64}example"), "is longer than 128 characters"),
    (("domain", "remove", "a*.example"), "DOMAIN: a*.example: a * must be alone"),
]


@pytest.mark.parametrize(("arguments", "rule"), REFUSED, ids=[rule for _, rule in REFUSED])
@pytest.mark.usefixtures("filled")
def test_refused(waypost: Waypost, arguments: tuple[str, ...], rule: str) -> None:
    """Wrong use ends with exit code 2, and the message names the option and the rule."""
    outcome = waypost(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: ")
    assert rule in outcome.err
    assert waypost("apply", "first.toml").err == "nothing to do\n"


@pytest.mark.parametrize("arguments", [(*SET, "--provider", "X"), REMOVE])
def test_no_database(waypost: Waypost, home: Path, arguments: tuple[str, ...]) -> None:
    """No file is created if there is none."""
    outcome = waypost(*arguments)
    assert outcome.code == 2
    assert "there is no database file" in outcome.err
    assert not (home / DATABASE).exists()


def test_alias(waypost: Waypost, home: Path) -> None:
    """A domain with an alias is refused, because the alias would keep the services."""
    text = FIRST.replace(
        '"old.example"', '"old.example", { name = "short.example", alias_of = "old.example" }'
    )
    (home / "alias.toml").write_text(text, encoding="utf-8")
    waypost("apply", "alias.toml")
    outcome = waypost(*REMOVE)
    assert (outcome.code, outcome.out) == (2, "")
    assert "old.example: short.example is an alias of this domain" in outcome.err


def test_each_engine(waypost: Waypost, filled: Path, database: Database) -> None:
    """The commands change the databases of each engine."""
    uri = ("--db-uri", database.uri)
    assert waypost("apply", filled, *uri).code == 0
    assert waypost(*SET, "--provider", "Own Mail", *uri).out == ADDED
    assert waypost(*REMOVE, *uri).code == 0
    text = FIRST.replace("old.example", "new.example")
    filled.write_text(text, encoding="utf-8")
    assert waypost("apply", filled, *uri).err == "nothing to do\n"


def test_warning(waypost: Waypost, home: Path) -> None:
    """The command prints the warnings about the domain that `apply` prints."""
    file = domains.write(home / "few", 8)
    name = next(name for number, name in enumerate(domains.names(8)) if number % 4 == 3)
    assert "directory-by-address" in waypost("apply", file).err
    outcome = waypost(*SET, "--like", name)
    assert "warning: directory-by-address" in outcome.err
    assert "found in new.example" in outcome.err
