"""Copy automx2's database into a new one."""

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.automx2.old_database import RELEASES, content, execute, make
from tests.cli.conftest import Waypost
from waypost.core.address import DomainName
from waypost.database.engine import Engine, is_missing_file, open_engine
from waypost.store.sql.migrate import upgrade
from waypost.store.sql.store import SqlStore

LACKING = [
    f"warning: {domain} has no incoming and no outgoing mail service; no client can set up an "
    "account (404)"
    for domain in (
        "domain 3003: name 'odd-type.example'",
        "domain 3004: name 'without-servers.example'",
    )
]


@pytest.fixture(name="source")
def _source(tmp_path: Path) -> Path:
    """Return the path of automx2's SQLite file."""
    return tmp_path / "old #1 100%.sqlite"


def fill(source: Path, release: str) -> str:
    """Create automx2's database, and return its URI."""
    uri = f"sqlite:///{source}"
    engine = open_engine(uri)
    make(engine, release)
    engine.dispose()
    with closing(sqlite3.connect(source)) as connection, connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    return uri


@pytest.mark.parametrize("release", RELEASES)
def test_every_row_is_copied(
    waypost: Waypost, bare: Engine, uri: str, source: Path, release: str
) -> None:
    """All rows of any release are copied with ids and passwords; the source is unchanged."""
    from_uri = fill(source, release)
    before = hashlib.sha256(source.read_bytes()).digest()
    outcome = waypost("import", "automx2", "--from-uri", from_uri, "--db-uri", uri)

    assert (outcome.code, outcome.err.splitlines()) == (1, LACKING)
    assert "server: 5 copied" in outcome.out.splitlines()
    assert hashlib.sha256(source.read_bytes()).digest() == before
    assert [path.name for path in source.parent.glob("old*")] == [source.name]
    assert [*Path.cwd().glob("file:*")] == []  # SQLite's URI is not a path.
    old_engine = open_engine(from_uri)
    old, new = content(old_engine), content(bare)
    old_engine.dispose()
    for table, rows in old.items():
        assert [{name: row[name] for name in rows[0]} for row in new[table]] == rows, table
    if release != "2019.0":
        assert [row["bind_password"] for row in new["ldapserver"]] == ["bind-secret"]
    assert "bind-secret" not in outcome.out + outcome.err
    execute(bare, "INSERT INTO provider (name, short_name) VALUES ('Next', 'Next');\n")
    assert max(row["id"] for row in content(bare)["provider"]) == 1003


def test_dry_run(waypost: Waypost, bare: Engine, uri: str, source: Path) -> None:
    """A dry run counts the rows, with exit code 1, and creates no table."""
    from_uri = fill(source, "2021.5")
    arguments = "--from-uri", from_uri, "--db-uri", uri, "--dry-run"
    outcome = waypost("import", "automx2", *arguments)
    parsed = waypost("import", "automx2", *arguments, "--json")

    assert outcome.code == parsed.code == 1
    assert "domain: 5 to copy" in outcome.out
    is_sqlite = bare.dialect.name == "sqlite"
    assert is_missing_file(bare) if is_sqlite else content(bare) == {}  # not even an empty file
    answer = json.loads(parsed.out)
    assert answer["written"] is False
    assert answer["rows"]["server_domain"] == 8


def test_target_is_not_empty(waypost: Waypost, bare: Engine, uri: str, source: Path) -> None:
    """A database that is not empty is not changed without `--replace`."""
    from_uri = fill(source, "2021.5")
    upgrade(bare)
    execute(bare, "INSERT INTO provider (id, name, short_name) VALUES (1, 'Mine', 'Mine');\n")
    arguments = "--from-uri", from_uri, "--db-uri", uri
    for more in ([], ["--dry-run"]):
        refused = waypost("import", "automx2", *arguments, *more)
        assert (refused.code, refused.out) == (2, "")
        assert "--replace" in refused.err
        assert [row["name"] for row in content(bare)["provider"]] == ["Mine"]

    assert "copied" in waypost("import", "automx2", *arguments, "--replace").out
    assert [row["id"] for row in content(bare)["provider"]] == [1000, 1001, 1002]


def test_dangling_rows(waypost: Waypost, bare: Engine, uri: str, source: Path) -> None:
    """References to missing rows are reported and not copied; the rest is copied."""
    from_uri = fill(source, "2021.5")
    with closing(sqlite3.connect(source)) as connection, connection:
        connection.executescript(
            "DELETE FROM ldapserver; DELETE FROM provider WHERE id = 1001;"
            "INSERT INTO server_domain VALUES (77, 3000);"
        )
    outcome = waypost("import", "automx2", "--from-uri", from_uri, "--db-uri", uri)

    assert outcome.code == 1
    assert outcome.err.splitlines() == [
        (
            "warning: domain 3001: refers to ldapserver 5000, which does not exist; "
            "copied without this reference"
        ),
        "warning: domain 3003: refers to provider 1001, which does not exist; not copied",
        "warning: server_domain 77/3000: refers to server 77, which does not exist; not copied",
        "warning: server_domain 4005/3003: refers to domain 3003, which does not exist; not copied",
        LACKING[1],
    ]
    assert SqlStore(bare).find(DomainName("example.net")) is not None


def test_what_the_new_columns_cannot_hold(
    waypost: Waypost, bare: Engine, uri: str, source: Path
) -> None:
    """Too long texts are shortened or not copied, and reported; the rest is copied."""
    from_uri = fill(source, "2020.2")
    with closing(sqlite3.connect(source)) as connection, connection:
        connection.execute("UPDATE provider SET short_name = ? WHERE id = 1000", ("s" * 60,))
        connection.execute("UPDATE server SET user_name = ? WHERE id = 4003", ("u" * 70,))
        connection.execute("UPDATE server SET port = 'imaps' WHERE id = 4002")
    outcome = waypost("import", "automx2", "--from-uri", from_uri, "--db-uri", uri)

    # The IMAP server of domain 3001 is not copied, or is invalid.
    lack = "domain 3001: name 'example.net' has no incoming mail service"
    assert outcome.code == 1
    assert lack in outcome.err
    if bare.dialect.name == "sqlite":
        assert outcome.err.count("warning: ") == 3  # SQLite stores any value.
        return
    assert "provider 1000: short_name has 60 characters, more than 32; shortened" in outcome.err
    assert "server 4003: user_name has 70 characters, more than 64; not copied" in outcome.err
    assert "server 4002: port 'imaps' is not a number; not copied" in outcome.err
    assert {row["id"] for row in content(bare)["server"]} == {4000, 4001, 4005}
    assert len(content(bare)["domain"]) == 5


@pytest.mark.parametrize(
    ("from_uri", "said"),
    [
        ("nonsense", "--from-uri: *** is not a database URI"),
        ("sqlite://", "--from-uri: name the file"),
        (
            "sqlite:////no/such/file.sqlite",
            "--from-uri: there is no database file /no/such/file.sqlite",
        ),
        ("sqlite:////dev/null", "not contain the tables of automx2"),
        ("sqlite:////etc/passwd", "file is not a database"),
        ("gopher://user:s3cret@host/db", "does not support 'gopher'"),
    ],
)
def test_bad_sources(waypost: Waypost, bare: Engine, uri: str, from_uri: str, said: str) -> None:
    """A source that cannot be read is an error of one line, with exit code 2."""
    outcome = waypost("import", "automx2", "--from-uri", from_uri, "--db-uri", uri)

    assert (outcome.code, outcome.out) == (2, "")
    (line,) = outcome.err.splitlines()
    assert said in line
    assert "s3cret" not in line
    assert content(bare) == {}


def test_all_is_well(waypost: Waypost, bare: Engine, uri: str, source: Path) -> None:
    """If each domain has a usable account, nothing is reported, with exit code 0."""
    from_uri = fill(source, "2021.5")
    with closing(sqlite3.connect(source)) as connection, connection:
        connection.executescript("DELETE FROM server_domain WHERE domain_id > 3002;")
        connection.executescript("DELETE FROM domain WHERE id > 3002;")
    outcome = waypost("import", "automx2", "--from-uri", from_uri, "--db-uri", uri)

    assert (outcome.code, outcome.err) == (0, "")
    assert len(content(bare)["domain"]) == 3
