"""A new version upgrades the database while the version before it still serves."""

import io
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.servers.forked import run_waypost
from tests.servers.patience import PATIENCE_SECONDS, wait_for_log
from tests.servers.requirements import find_program, skip
from tests.servers.service_manager import ServiceManager, tcp_socket
from tests.servers.waypost import SOURCE
from waypost.database.engine import open_engine, write_transaction
from waypost.store.sql.revision import HEAD, VERSION_TABLE

ROOT: Final = SOURCE.parent
MIGRATIONS: Final = SOURCE / "waypost" / "store" / "sql" / "migrations"
# Migrations that change more than the rule allows, each with the reason.
EXCEPTIONS: Final[dict[str, str]] = {}


@dataclass(frozen=True)
class Tables:
    """The tables of a database: their columns, and what must be unique in them."""

    columns: Mapping[tuple[str, str], Mapping[str, Any]]
    unique: frozenset[tuple[str, tuple[str, ...]]]


def revisions() -> list[str]:
    """Return all revisions, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    found = [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()]
    return found[::-1]


def upgrade_to(engine: sa.Engine, revision: str) -> Tables:
    """Upgrade a database to a revision, and return its tables."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with write_transaction(engine) as connection:
        inspector = sa.inspect(connection)
        existing = {
            name: {one["name"] for one in inspector.get_columns(name)}
            for name in inspector.get_table_names()
        }
        config.attributes.update(
            existing=existing, connection=connection, version_table=VERSION_TABLE
        )
        command.upgrade(config, revision)
    inspector = sa.inspect(engine)
    names = inspector.get_table_names()
    columns = {(table, one["name"]): one for table in names for one in inspector.get_columns(table)}
    unique = {
        (table, tuple(one["column_names"]))
        for table in names
        for one in inspector.get_unique_constraints(table)
    }
    unique |= {
        (table, tuple(f"{name}" for name in one["column_names"]))
        for table in names
        for one in inspector.get_indexes(table)
        if one["unique"]
    }
    return Tables(columns, frozenset(unique))


def findings(before: Tables, after: Tables) -> Iterator[str]:
    """Yield what the version before a migration could not work with."""
    tables = {table for table, _ in before.columns}
    for place, column in before.columns.items():
        if place not in after.columns:
            yield f"{'.'.join(place)} is removed or renamed"
        elif f"{column['type']}" != f"{after.columns[place]['type']}":
            yield f"{'.'.join(place)} changes its type"
        elif column["nullable"] and not after.columns[place]["nullable"]:
            yield f"{'.'.join(place)} must have a value"
    for place, column in after.columns.items():
        is_new = place[0] in tables and place not in before.columns
        if is_new and not column["nullable"] and column["default"] is None:
            yield f"{'.'.join(place)} is new and has no default"
    for table, names in after.unique - before.unique:
        if table in tables:
            yield f"{table} must have unique {', '.join(names)}"


# The index on names in lower case is not unique.
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_each_migration_only_adds(tmp_path: Path) -> None:
    """A migration adds tables, and columns that may be empty or have a default; nothing else."""
    engine = open_engine(f"sqlite:///{tmp_path}/a.sqlite")
    found: dict[str, list[str]] = {}
    before: Tables | None = None
    for revision in revisions():
        after = upgrade_to(engine, revision)
        if before is not None and (lines := list(findings(before, after))):
            found[revision] = lines
        before = after
    engine.dispose()
    assert found.keys() == EXCEPTIONS.keys(), found


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ("ALTER TABLE a DROP COLUMN y", "a.y is removed or renamed"),
        ("ALTER TABLE a RENAME COLUMN y TO z", "a.y is removed or renamed"),
        ("ALTER TABLE a ADD COLUMN z INTEGER NOT NULL DEFAULT 1", None),
        ("ALTER TABLE a ADD COLUMN z INTEGER", None),
        ("CREATE TABLE b (x INTEGER NOT NULL)", None),
        ("CREATE UNIQUE INDEX u ON a (y)", "a must have unique y"),
        ("DROP TABLE a", "a.x is removed or renamed"),
    ],
)
def test_rule(change: str, finding: str | None) -> None:
    """The rule finds each change that old code could not work with."""
    engine = sa.create_engine("sqlite://")

    def tables() -> Tables:
        inspector = sa.inspect(engine)
        names = inspector.get_table_names()
        columns = {(t, one["name"]): one for t in names for one in inspector.get_columns(t)}
        unique = {
            (t, tuple(f"{name}" for name in one["column_names"]))
            for t in names
            for one in inspector.get_indexes(t)
            if one["unique"]
        }
        return Tables(columns, frozenset(unique))

    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE a (x INTEGER, y INTEGER)"))
    before = tables()
    with engine.begin() as connection:
        connection.execute(sa.text(change))
    found = list(findings(before, tables()))
    engine.dispose()
    assert (found[0] if found else None) == finding


def previous_source(folder: Path) -> Path:
    """Unpack the code before the newest migration; skip without the history of the repository."""
    git = find_program("git")
    (migration,) = (MIGRATIONS / "versions").glob(f"{HEAD}_*.py")
    name = migration.relative_to(ROOT).as_posix()
    if git is None or not (ROOT / ".git").exists():
        skip("needs git and the history of the repository")
    log = [git, "log", "--follow", "--diff-filter=A", "--format=%H", "-1", "--", name]
    added = subprocess.run(log, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    show = subprocess.run(
        [git, "archive", f"{added}^", "src"], cwd=ROOT, capture_output=True, check=False
    )
    if not added or show.returncode != 0:
        skip("needs the whole history of the repository")
    with tarfile.open(fileobj=io.BytesIO(show.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "src"


@pytest.mark.servers
@pytest.mark.slow
def test_previous_code_serves_from_new_tables(tmp_path: Path) -> None:
    """The code before the newest migration answers while the database is upgraded, and after it."""
    old = previous_source(tmp_path)
    uri = f"sqlite:///{tmp_path}/mail.sqlite"
    environ = {"PATH": "/usr/bin:/bin", "HOME": f"{tmp_path}", "WAYPOST_DB_URI": uri}
    environ |= {"WAYPOST_CACHE_TTL": "0", "WAYPOST_ADMIN_PORT": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    waypost = [sys.executable, "-m", "waypost"]

    def run(source: Path, *arguments: str) -> str:
        variables = environ | {"PYTHONPATH": f"{source}"}
        done = run_waypost(*arguments, environment=variables, folder=tmp_path)
        assert done.returncode in {0, 1}, done.stderr
        return done.stdout + done.stderr

    run(old, "apply", "--demo")
    # The old code does not know sockets of a service manager, and is tied to a port.
    listener = tcp_socket()
    port = listener.getsockname()[1]
    listener.close()
    url = f"http://127.0.0.1:{port}/mail/config-v1.1.xml?emailaddress=alice@"
    with ServiceManager(tmp_path) as manager:
        manager.start([*waypost, "serve", "--port", f"{port}"], environ | {"PYTHONPATH": f"{old}"})
        wait_for_log(manager.log, "Application startup complete")
        assert httpx.get(f"{url}example.com", timeout=PATIENCE_SECONDS).status_code == 200
        assert f"revision {HEAD}" not in run(old, "db", "status")
        run(SOURCE, "db", "upgrade")
        assert f"revision {HEAD}" in run(SOURCE, "db", "status")
        for domain in ("example.com", "example.net", "unserved.example"):
            answer = httpx.get(f"{url}{domain}", timeout=PATIENCE_SECONDS)
            assert answer.status_code == (404 if domain.startswith("unserved") else 200)
        run(SOURCE, "apply", "--demo")
        assert httpx.get(f"{url}example.net", timeout=PATIENCE_SECONDS).status_code == 200
        # Back again: the old version names the revision that it needs, and then it can write.
        needed = re.search(r"needs revision (\w+)", run(old, "db", "status"))
        assert needed is not None
        run(SOURCE, "db", "downgrade", "--to", needed[1], "--force")
        assert httpx.get(f"{url}example.net", timeout=PATIENCE_SECONDS).status_code == 200
        assert f"up to date (revision {needed[1]})" in run(old, "db", "status")
        assert "nothing to do" in run(old, "apply", "--demo")
