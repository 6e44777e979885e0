"""The commands on each engine: their output, hidden secrets, and the documented statements."""

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Waypost
from tests.servers.database import Database
from tests.servers.mariadb import MariaDb
from tests.servers.postgresql import PostgreSql
from tests.servers.requirements import require
from waypost.store.sql.revision import HEAD

DOCS = Path(__file__).parents[2] / "docs" / "engines"
SEED = Path(__file__).parents[1] / "importers" / "seeds" / "version-2.json"
GOLDEN = Path(__file__).parents[1] / "providers_file" / "golden" / "providers.toml"
BIND_PASSWORD = "b1nd-s3cret"
DIRECTORY = f"""
[[provider]]
name = "With LDAP"
domains = [{{ name = "ldap.example", ldapserver = 7 }}]
services = [{{ type = "imap", host = "imap.example" }}]
[[ldapserver]]
id = 7
name = "ldap.example"
search_base = "dc=example"
bind_user = "cn=reader"
bind_password = "{BIND_PASSWORD}"
"""


def test_status_and_upgrade(waypost: Waypost, database: Database) -> None:
    """The status of a database is printed before and after its upgrade."""
    uri = ["--db-uri", database.uri]
    before = waypost("db", "status", *uri)
    is_file = database.uri.startswith("sqlite:///")
    path = database.uri.removeprefix("sqlite:///")
    state = f"db_uri: there is no file {path}" if is_file else "empty"
    assert (before.code, before.out) == (
        *(1, f"{state}; this version needs revision {HEAD}: run `waypost db upgrade`\n"),
    )
    assert waypost("db", "upgrade", *uri).err.startswith("the database was empty; it is up to date")
    after = waypost("db", "status", *uri)
    assert (after.code, after.out) == (0, f"up to date (revision {HEAD})\n")
    again = waypost("db", "upgrade", "--sql", *uri)
    assert (again.code, again.out, again.err) == (0, "", "the database is up to date\n")


@pytest.mark.parametrize("source", [GOLDEN, SEED, "--demo"], ids=str)
def test_printed_sql(waypost: Waypost, database: Database, source: Path | str) -> None:
    """The printed SQL, run by the engine's client, creates the same as `apply`."""
    printed = waypost("db", "upgrade", "--sql", "--dialect", database.dialect)
    assert (printed.code, printed.err) == (0, "")
    rows = waypost("apply", source, "--print-sql", "--dialect", database.dialect)
    assert rows.code == 0
    database.client(printed.out)
    database.client(rows.out)

    uri = ["--db-uri", database.uri]
    assert waypost("db", "status", *uri).code == 0
    assert waypost("apply", source, "--db-uri", "sqlite:///other.sqlite").code == 0
    exported = waypost("export", "--db-uri", "sqlite:///other.sqlite").out
    assert waypost("export", *uri).out == exported
    nothing = waypost("apply", source, *uri)
    assert (nothing.code, nothing.out, nothing.err.splitlines()[-1]) == (0, "", "nothing to do")


def test_dialect_without_sql(waypost: Waypost) -> None:
    """--dialect without --sql has no effect, and is refused."""
    outcome = waypost("db", "upgrade", "--dialect", "mysql")
    assert (outcome.code, outcome.err) == (2, "error: --dialect requires --sql\n")


def test_secrets_are_not_printed(
    waypost: Waypost,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No command shows a bind password or the password of the URI, even if it logs statements."""
    Path("mail.toml").write_text(DIRECTORY, encoding="utf-8")
    monkeypatch.setenv("WAYPOST_DB_URI", database.uri)
    monkeypatch.setenv("WAYPOST_DB_ECHO", "true")
    output = caplog.text
    for command in (
        ["apply", "mail.toml", "--dry-run"],
        ["apply", "mail.toml"],
        ["apply", "mail.toml", "--json"],
        ["export"],
        ["export", "--format", "json"],
        ["domain", "show", "ldap.example", "--json"],
        ["config", "show"],
        ["config", "show", "--json"],
        ["db", "status"],
        ["db", "upgrade", "--sql"],
    ):
        outcome = waypost(*command)
        output += outcome.out + outcome.err
    output += caplog.text
    assert "cn=reader" in output
    assert BIND_PASSWORD not in output
    assert "s3cret p@ss" not in output
    assert "s3cret%20p" not in output
    assert BIND_PASSWORD in database.client("SELECT bind_password FROM ldapserver;")


@pytest.mark.servers
def test_documented_postgresql(waypost: Waypost, postgresql_server: PostgreSql) -> None:
    """The statements of the page create the database of its URI."""
    text = (DOCS / "postgresql.md").read_text(encoding="utf-8").replace("waypost", "docs_waypost")
    postgresql_server.sql(_here_document(text))
    uri = _uri(text, f"127.0.0.1:{postgresql_server.port}")
    assert waypost("db", "upgrade", "--db-uri", uri).code == 0


@pytest.mark.servers
def test_documented_mariadb(waypost: Waypost, mariadb_server: MariaDb) -> None:
    """The statements of the page create the database of its URI."""
    require(programs=["mariadb-dump"])
    text = (DOCS / "mariadb.md").read_text(encoding="utf-8").replace("waypost", "docs_waypost")
    socket = str(mariadb_server.socket)
    mariadb_server.sql(_here_document(text))
    found = re.search(r"mysql\+pymysql://\S+unix_socket=[^`]+", text)
    assert found is not None
    uri = found.group().replace("/run/mysqld/mysqld.sock", socket)
    assert waypost("db", "upgrade", "--db-uri", uri).code == 0


def _here_document(text: str) -> str:
    found = re.search(r"<<'SQL'\n(.*?)\n *SQL\n", text, re.DOTALL)
    assert found is not None
    return found[1]


def _uri(text: str, place: str) -> str:
    found = re.search(r"`([a-z+]+://[^`?]+)`", text)
    assert found is not None
    return re.sub(r"@[^/]+", f"@{place}", found[1])
