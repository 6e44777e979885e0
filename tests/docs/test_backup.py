"""The commands of the page about backups: run with a running Waypost, and compared afterwards."""

import getpass
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pytest
import sqlalchemy as sa

from tests.docs.pages import ROOT, blocks
from tests.servers.database_server import USER
from tests.servers.mariadb import MariaDb
from tests.servers.nginx import listens
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.postgresql import PostgreSql, programs
from tests.servers.process import Process
from tests.servers.requirements import require
from tests.servers.waypost import SOURCE, free_port
from tests.store.test_downgrade import rich_catalog
from waypost.database.engine import Engine, open_engine, read_connection, write_transaction
from waypost.store.sql.migrate import upgrade
from waypost.store.sql.sync.catalog import write_catalog

pytestmark = pytest.mark.servers
PAGE: Final = ROOT / "docs" / "backup.md"
DATABASE: Final = "waypost"
AUTOCONFIG: Final = "/mail/config-v1.1.xml?emailaddress=alice@example.com"
# What happens after the backup, and is undone by the restore.
DAMAGE: Final = (
    "DELETE FROM server_domain",
    "UPDATE provider SET name = 'Damaged'",
    "INSERT INTO provider (name, short_name) VALUES ('Late', 'Late')",
)
Content = Mapping[str, Sequence[tuple[object, ...]]]


@dataclass
class Site:
    """A machine of the page, in a folder: its database, its commands and its Waypost.

    Attributes:
        folder: has the folders of the page.
        uri: of the database.
        environment: for the commands: where the programs find the server.
    """

    folder: Path
    uri: str
    environment: Mapping[str, str]

    def __post_init__(self) -> None:
        for name in ("var/lib/waypost", "var/backups", "etc/waypost"):
            (self.folder / name).mkdir(parents=True)

    def run(self, heading: str, number: int = 0, *, code: int = 0) -> str:
        """Run the commands of a block below a heading, without those for the service."""
        lines = console(heading, number)
        lines = [line for line in lines if not line.startswith("systemctl ")]
        return self.run_lines(lines, code=code)

    def run_lines(self, lines: Sequence[str], *, code: int = 0) -> str:
        """Run commands of a page."""
        text = "\n".join(map(self._here, lines))
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", text],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, f"{text}\n{done.stderr}"
        return done.stdout

    def _here(self, line: str) -> str:
        """Return a command with the folders, users and programs of the test."""
        for path in ("/var/lib/waypost", "/var/backups/waypost"):
            line = line.replace(path, f"{self.folder}{path}")
        line = line.replace("--directory=/", f"--directory={self.folder}")
        line = line.replace("-o waypost -g waypost ", f"-o {getpass.getuser()} ")
        line = line.replace("runuser -u waypost -- waypost", f"{sys.executable} -m waypost")
        return line.replace("runuser -u postgres -- ", "")


def console(heading: str, number: int) -> list[str]:
    """Return the commands of a block: the lines after `#`."""
    text = PAGE.read_text(encoding="utf-8")
    start = text[: text.index(f"\n## {heading}\n")].count("\n") + 2
    found = [block for block in blocks(PAGE, "console") if block.line > start]
    return [line[2:] for line in found[number].text.splitlines() if line.startswith("# ")]


def content(engine: Engine) -> Content:
    """Return all rows of all tables."""
    found = {}
    for table in sa.inspect(engine).get_table_names():
        with read_connection(engine) as connection:
            rows = connection.execute(sa.select(sa.text("*")).select_from(sa.table(table)))
            found[table] = sorted(map(tuple, rows), key=repr)
    return found


@contextmanager
def serving(site: Site) -> Iterator[int]:
    """Run `waypost serve` with the database, and yield its port."""
    port = free_port()
    environment = dict(site.environment) | {"WAYPOST_ADMIN_PORT": "0", "WAYPOST_CACHE_TTL": "0"}
    command = [sys.executable, "-m", "waypost", "serve", "--host", "127.0.0.1", "--port", f"{port}"]
    process = Process(
        command, log=site.folder / "waypost.log", environment=environment, folder=site.folder
    )
    with process:
        process.wait_until(lambda: listens(port))
        yield port


def answers(port: int) -> bytes:
    answer = httpx.get(f"http://127.0.0.1:{port}{AUTOCONFIG}", timeout=PATIENCE_SECONDS)
    assert answer.status_code == 200, answer.text
    return answer.content


def check(site: Site, heading: str, *backups: int, restore: int) -> None:
    """Make a backup while Waypost answers, damage the database, restore it, and compare.

    Args:
        site: the machine.
        heading: of the section of the engine.
        backups: the blocks with the backup.
        restore: the block with the restore.
    """
    engine = open_engine(site.uri)
    upgrade(engine)
    with write_transaction(engine) as connection:
        write_catalog(connection, rich_catalog())
    before = content(engine)
    assert sum(map(len, before.values())) > 30
    with serving(site) as port:
        answer = answers(port)
        for number in backups:
            site.run(heading, number)
        assert answers(port) == answer
        with write_transaction(engine) as connection:
            for statement in DAMAGE:
                connection.execute(sa.text(statement))
    assert content(engine) != before
    engine.dispose()
    site.run(heading, restore)
    assert content(engine) == before
    # Ids of new rows are free.
    with write_transaction(engine) as connection:
        connection.execute(sa.text(DAMAGE[2]))
    engine.dispose()
    # The rows of the test have findings.
    assert site.run("After a restore", code=1).startswith("up to date")


def environment(folder: Path, uri: str, **more: str) -> dict[str, str]:
    path = f"{programs()}:{os.environ['PATH']}"
    usual = {"PATH": path, "HOME": f"{folder}", "PYTHONPATH": f"{SOURCE}", "WAYPOST_DB_URI": uri}
    return usual | {"LC_ALL": "C.UTF-8"} | more


@pytest.fixture(name="sqlite")
def _sqlite(tmp_path: Path) -> Site:
    require(programs=["sqlite3"])
    uri = f"sqlite:///{tmp_path}/var/lib/waypost/waypost.sqlite"
    return Site(tmp_path, uri, environment(tmp_path, uri))


def test_sqlite(sqlite: Site) -> None:
    """The backup of SQLite has all rows, and the restore brings them back."""
    sqlite.run("What to save")
    check(sqlite, "SQLite", 0, 1, restore=2)
    small = open_engine(f"sqlite:///{sqlite.folder}/var/backups/waypost/small.sqlite")
    copied = content(small)
    small.dispose()
    backup = open_engine(f"sqlite:///{sqlite.folder}/var/backups/waypost/waypost.sqlite")
    assert copied == content(backup)
    backup.dispose()


def indented(text: str) -> list[list[str]]:
    """Return the commands of each indented block."""
    found = re.findall(r"(?:^    .+\n)+", text, re.MULTILINE)
    return [[line[4:] for line in one.splitlines()] for one in found]


@pytest.mark.parametrize("number", [0, 1], ids=["restored", "moved"])
def test_sqlite_while_waypost_runs(sqlite: Site, number: int) -> None:
    """Both ways of the page about SQLite bring back a backup, and a running Waypost serves it."""
    text = (PAGE.parent / "engines/sqlite.md").read_text(encoding="utf-8")
    section = text.partition("## Replace the file while Waypost runs\n")[2]
    ways = indented(section)
    assert len(ways) == 2
    sqlite.run("What to save")
    engine = open_engine(sqlite.uri)
    upgrade(engine)
    with write_transaction(engine) as connection:
        write_catalog(connection, rich_catalog())
    before = content(engine)
    sqlite.run("SQLite", 0)
    with serving(sqlite) as port:
        answer = answers(port)
        with write_transaction(engine) as connection:
            for statement in DAMAGE:
                connection.execute(sa.text(statement))
        engine.dispose()
        sqlite.run_lines(ways[number])
        assert answers(port) == answer
    assert content(engine) == before
    engine.dispose()


def test_files_and_readable_copy(sqlite: Site) -> None:
    """Files are restored with their permissions, and `export` writes a providers file."""
    sqlite.run("What to save")
    settings = sqlite.folder / "etc" / "waypost" / "waypost.toml"
    settings.write_text("db_uri = 'sqlite://'\n", encoding="utf-8")
    settings.chmod(0o640)
    sqlite.run("Files", 0)
    settings.unlink()
    sqlite.run("Files", 1)
    assert settings.read_text(encoding="utf-8") == "db_uri = 'sqlite://'\n"
    assert settings.stat().st_mode & 0o777 == 0o640
    engine = open_engine(sqlite.uri)
    upgrade(engine)
    with write_transaction(engine) as connection:
        write_catalog(connection, rich_catalog())
    engine.dispose()
    sqlite.run("A copy that people can read")
    copied = (sqlite.folder / "var/backups/waypost/mail.toml").read_text(encoding="utf-8")
    assert "example.com" in copied


def test_postgresql(postgresql_server: PostgreSql, tmp_path: Path) -> None:
    """The backup of PostgreSQL has all rows, and the restore brings them back."""
    server = postgresql_server
    server.sql(f"CREATE DATABASE {DATABASE} OWNER {USER} TEMPLATE template0")
    uri = server.uri(DATABASE)
    more = {"PGHOST": f"{server.socket}", "PGPORT": f"{server.port}", "PGUSER": "postgres"}
    site = Site(tmp_path, uri, environment(tmp_path, uri, **more))
    site.run("What to save")
    try:
        check(site, "PostgreSQL", 0, restore=1)
    finally:
        server.sql(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def test_mariadb(mariadb_server: MariaDb, tmp_path: Path) -> None:
    """The backup of MariaDB has all rows, and the restore brings them back."""
    require(programs=["mariadb-dump", "mariadb"])
    server = mariadb_server
    server.sql(f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4")
    server.sql(f"GRANT ALL PRIVILEGES ON {DATABASE}.* TO '{USER}'@'localhost'")
    uri = server.uri(DATABASE)
    site = Site(tmp_path, uri, environment(tmp_path, uri))
    (tmp_path / ".my.cnf").write_text(
        f"[client]\nuser=root\nsocket={server.socket}\n", encoding="utf-8"
    )
    site.run("What to save")
    try:
        check(site, "MariaDB and MySQL", 0, restore=1)
    finally:
        server.sql(f"DROP DATABASE {DATABASE}")
        server.sql(f"REVOKE ALL PRIVILEGES ON {DATABASE}.* FROM '{USER}'@'localhost'")
