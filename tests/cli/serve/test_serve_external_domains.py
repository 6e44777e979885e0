"""A server without its own database, which reads domains and users from the mail server's."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Waypost
from tests.cli.serve.test_serve import AUTOCONFIG, Server, serving
from tests.cli.serve.test_serve_reload import until
from tests.directory.sql.schemas import SCHEMAS
from tests.servers.database import Database, mysql_database, postgresql_database
from tests.servers.mariadb import MariaDb
from tests.servers.patience import wait_for_log
from tests.servers.postgresql import PostgreSql

PROVIDERS = """
[[directory]]
name = "postfixadmin"
kind = "sql"
uri_file = "mail.uri"
query = \"\"\"
SELECT m.username AS login, m.name AS display_name
FROM alias a JOIN mailbox m ON m.username = a.goto
WHERE a.address = :address AND a.active = '1' AND m.active = '1'
\"\"\"
domains_query = "SELECT domain FROM domain WHERE domain = :domain AND active = '1'"
connect_timeout_seconds = 1

[[provider]]
name = "Own"
domains = ["own.example", "*.pattern.example"]
domains_from = "postfixadmin"
directory = "postfixadmin"
show_display_name = true
services = [{ type = "imap", host = "imap.example" }, { type = "smtp", host = "smtp.example" }]
"""
AUTODISCOVER = (
    '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/'
    '2006"><Request><EMailAddress>sales@example.com</EMailAddress><AcceptableResponseSchema>http://'
    "schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
    "</AcceptableResponseSchema></Request></Autodiscover>"
)
pytestmark = pytest.mark.servers
Restarting = Callable[[], None]


@pytest.fixture(name="mail", params=["postgresql_server", "mariadb_server"])
def _mail(request: pytest.FixtureRequest, home: Path) -> tuple[PostgreSql | MariaDb, Database]:
    """Return a server with PostfixAdmin's tables, and a providers file that uses it."""
    server = request.getfixturevalue(request.param)
    is_postgresql = isinstance(server, PostgreSql)
    database = postgresql_database(server) if is_postgresql else mysql_database(server)
    database.client(SCHEMAS["postfixadmin"][database.dialect])
    write(home, database.uri)
    return server, database


def write(home: Path, uri: str, text: str = PROVIDERS) -> None:
    """Write a providers file, and next to it the file with the URI."""
    (home / "mail.uri").write_text(uri, encoding="utf-8")
    (home / "mail.toml").write_text(text, encoding="utf-8")


def status(server: Server, domain: str) -> int:
    """Return the status of the answer about a domain."""
    return server.status(f"{AUTOCONFIG}a@{domain}")


def test_domains_of_postfixadmin(home: Path, mail: tuple[PostgreSql | MariaDb, Database]) -> None:
    """Domains and login names of PostfixAdmin are in all formats, also after its server stops."""
    database_server, database = mail
    flags = ["--providers", "mail.toml", "--cache-ttl", "0.2"]
    with serving(home, *flags) as server:
        autoconfig = httpx.get(f"{server.place}{AUTOCONFIG}sales@example.com").text
        assert autoconfig.count("<username>alice@example.com</username>") == 2
        answer = httpx.post(f"{server.place}/autodiscover/autodiscover.xml", content=AUTODISCOVER)
        assert answer.text.count("<LoginName>alice@example.com</LoginName>") == 2
        assert "<DisplayName>Alice Example</DisplayName>" in answer.text
        profile = httpx.get(f"{server.place}/mobileconfig?emailaddress=sales@example.com").text
        assert "<string>alice@example.com</string>" in profile

        for domain, expected in [
            ("own.example", 200),
            ("a.pattern.example", 200),
            ("old.example", 404),
            ("new.example", 404),
        ]:
            assert status(server, domain) == expected, domain
        database.client("INSERT INTO domain (domain, description) VALUES ('new.example', '');")
        until(lambda: status(server, "new.example") == 200, "a new domain")

        database_server.kill()
        try:
            time.sleep(0.5)
            assert status(server, "example.com") == 200
            assert status(server, "own.example") == 200
            assert status(server, "never-seen.example") == 503
        finally:
            database_server.start()
        until(lambda: status(server, "never-seen.example") == 404, "the server is back")


def test_changed_file_is_reloaded(home: Path, tmp_path: Path) -> None:
    """Adding or removing domains_from in a file has an effect without a restart."""
    from tests.servers.database import sqlite_database

    database = sqlite_database(tmp_path)
    database.client(SCHEMAS["postfixadmin"]["sqlite"])
    without = PROVIDERS.replace('domains_from = "postfixadmin"\n', "")
    write(home, database.uri, without)
    with serving(home, "--providers", "mail.toml", "--workers", "2") as server:
        assert status(server, "example.com") == 404
        write(home, database.uri)
        until(lambda: all(status(server, "example.com") == 200 for _ in range(6)), "borrowed")
        write(home, database.uri, without)
        until(lambda: all(status(server, "example.com") == 404 for _ in range(6)), "no longer")
        assert status(server, "own.example") == 200


def test_serving_without_the_database(home: Path) -> None:
    """If the directory's database cannot be used, the domains of the file are still served."""
    write(home, "sqlite:////nosuch/mail.sqlite")
    with serving(home, "--providers", "mail.toml") as server:
        assert status(server, "own.example") == 200
        assert status(server, "example.com") == 503
        wait_for_log(server.log, "check the path, and that Waypost may read")


@pytest.fixture(name="file")
def _file(home: Path, tmp_path: Path) -> Path:
    """Return a providers file with a SQLite file as its directory."""
    from tests.servers.database import sqlite_database

    database = sqlite_database(tmp_path)
    database.client(SCHEMAS["postfixadmin"]["sqlite"])
    write(home, database.uri)
    return home / "mail.toml"


def test_apply_refuses(waypost: Waypost, file: Path) -> None:
    """The database does not support domains_from, and no database is created."""
    for flags in ([], ["--dry-run"], ["--print-sql"]):
        outcome = waypost("apply", file, "--db-uri", "sqlite:///own.sqlite", *flags)
        assert (outcome.code, outcome.out) == (2, "")
        assert outcome.err.startswith("error: ")
        assert "which the database does not support" in outcome.err
        assert "domains_from = 'postfixadmin'" in outcome.err
        assert outcome.err.count("\n") == 1
    assert not Path("own.sqlite").exists()


def test_list(waypost: Waypost, file: Path) -> None:
    """The list has the domains of the file, and one line has the source of more domains."""
    outcome = waypost("domain", "list", "--providers", file)
    assert [line.split()[0] for line in outcome.out.splitlines()] == [
        "*.pattern.example",
        "own.example",
    ]
    assert outcome.err == "more domains of Own come from directory postfixadmin\n"
    assert len(json.loads(waypost("domain", "list", "--providers", file, "--json").out)) == 2


def test_show(waypost: Waypost, file: Path) -> None:
    """A domain of the directory is shown as served."""
    outcome = waypost("domain", "show", "example.com", "--providers", file)
    assert outcome.out.splitlines()[:2] == [
        "example.com is served as example.com by Own",
        "directory postfixadmin",
    ]
    assert waypost("domain", "show", "old.example", "--providers", file).code == 1
    shown = waypost("show", "autoconfig", "example.com", "--providers", file)
    assert (shown.code, "<domain>example.com</domain>" in shown.out) == (0, True)


def test_show_without_the_database(waypost: Waypost, home: Path) -> None:
    """If the database does not answer, the error is the only line."""
    write(home, "sqlite:////nosuch/mail.sqlite")
    outcome = waypost("domain", "show", "example.com", "--providers", "mail.toml")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: directory postfixadmin: uri: /nosuch/mail.sqlite: ")
    assert waypost("domain", "show", "own.example", "--providers", "mail.toml").code == 0


def test_export_warns_about_external_domains(waypost: Waypost, file: Path) -> None:
    """An export has only the domains of the file, with a warning."""
    outcome = waypost("export", "--providers", file)
    assert "warning: domains from directory postfixadmin are left out" in outcome.err
    assert "own.example" in outcome.out
