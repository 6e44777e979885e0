"""Two writers, a crash during a write, and texts that look like SQL, on each engine."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.making import domain, host_service, url_service
from tests.servers.database import Database
from tests.servers.postgresql import PostgreSql
from tests.servers.waypost import SOURCE
from waypost.core.address import DomainName
from waypost.core.errors import DomainError, StoreError, StoreUnavailable
from waypost.core.model import (
    Catalog,
    DirectoryPolicy,
    Documentation,
    Domain,
    DomainPattern,
    LdapServer,
    Provider,
)
from waypost.database.engine import Engine, open_engine, read_snapshot, write_transaction
from waypost.store.sql.migrate import upgrade
from waypost.store.sql.store import SqlStore
from waypost.store.sql.sync.catalog import purge, read_catalog, write_catalog

OLD = Catalog((domain("old.example"),))
NEW = """
[[provider]]
name = "New"
domains = ["new.example"]
services = [{ type = "imap", host = "imap.new.example" }]
"""
RUN = "import sys; from waypost.cli.main import main; sys.exit(main(sys.argv[1:]))"
# The real command, killed after all writes and before the commit.
DIE = """
import os, signal, sys
from waypost.database import locking
real = locking.write_lock.__wrapped__
def dying(connection, wait_seconds):
    wrapped = real(connection, wait_seconds)
    yield next(wrapped)
    found = connection.exec_driver_sql("SELECT name FROM domain").scalars().all()
    if found != ["new.example"]:
        return
    print(found, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
from contextlib import contextmanager
from waypost.database import engine
engine.write_lock = contextmanager(dying)
from waypost.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def write(engine: Engine, catalog: Catalog) -> None:
    with write_transaction(engine) as connection:
        write_catalog(connection, catalog)


def read(engine: Engine) -> Catalog:
    with read_snapshot(engine) as connection:
        return read_catalog(connection)


def started(code: str, folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Start the command in its own process."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{SOURCE}", "HOME": f"{folder}"},
    )


@pytest.fixture(name="applying")
def _applying(tmp_path: Path, database: Database) -> list[str]:
    """Return arguments of `waypost`, with a file that removes the old domain and adds another."""
    (tmp_path / "new.toml").write_text(NEW, encoding="utf-8")
    return ["apply", "new.toml", "--db-uri", database.uri]


def test_second_apply_waits(engine: Engine, applying: list[str], tmp_path: Path) -> None:
    """A second `apply` waits for the first, sees its result, and changes that."""
    with write_transaction(engine) as connection:
        waiting = started(RUN, tmp_path, *applying)
        write_catalog(connection, OLD)
        time.sleep(2.5)
        assert waiting.poll() is None
    out, err = waiting.communicate(timeout=20)

    assert waiting.returncode == 0, err
    assert "- domain old.example (Example Inc.)" in out
    assert [one.pattern.text for one in read(engine).domains] == ["new.example"]


def test_second_writer_says_so(engine: Engine, database: Database) -> None:
    """A writer that waits too long reports another process, and nothing is changed."""
    write(engine, OLD)
    other = open_engine(database.uri)
    if database.dialect == "sqlite":
        sa.event.listen(
            other, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout = 300") and None
        )
    with (
        write_transaction(engine),
        pytest.raises(StoreUnavailable, match="another process writes to it"),
        write_transaction(other, wait_seconds=1) as connection,
    ):
        purge(connection)
    other.dispose()

    assert read(engine) == OLD


def test_killed_in_the_middle(engine: Engine, applying: list[str], tmp_path: Path) -> None:
    """A process killed just before its commit leaves the old state; others can write."""
    write(engine, OLD)
    dying = started(DIE, tmp_path, *applying)
    out, err = dying.communicate(timeout=30)
    assert dying.returncode == -signal.SIGKILL, err
    assert "new.example" in out

    assert read(engine) == OLD
    again = started(RUN, tmp_path, *applying)
    _, err = again.communicate(timeout=30)
    assert again.returncode == 0, err
    assert [one.pattern.text for one in read(engine).domains] == ["new.example"]


def test_export_while_writing(engine: Engine) -> None:
    """Reading everything returns one state, even if others commit meanwhile."""
    write(engine, OLD)
    with read_snapshot(engine) as connection:
        connection.execute(sa.text("SELECT count(*) FROM provider")).scalar()
        write(engine, Catalog((domain("new.example"),)))
        assert read_catalog(connection) == OLD
    assert read(engine) != OLD


HOSTILE = [
    "'; DROP TABLE domain; --",
    'a"b`c',
    "100%s %(x)s %% %",
    "back\\slash\\'",
    "\\",
    ":name $1 ?",
    "\U0001f4ec café Ω",
    "nul\0inside",
    "x" * 10_000,
    "line\nend\ttab",
    "NULL",
    "",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:16]))
def test_hostile_texts(engine: Engine, text: str) -> None:
    """Any text is stored and found unchanged, or refused without a change."""
    write(engine, OLD)
    provider = Provider(
        text or "Provider", text or "P", (Documentation("https://x", (("en", text),)),)
    )
    ldap = LdapServer(
        1, "ldap.example", 636, True, "dc=x", f"(mail={{0}}){text}", "uid", bind_password=text
    )
    services = (host_service(login_name=text or None), url_service())
    wanted = Catalog(
        (Domain(DomainPattern.parse("new.example"), provider, services, DirectoryPolicy(ldap)),),
        (ldap,),
    )
    try:
        write(engine, wanted)
    except (StoreError, StoreUnavailable):
        assert len(text) > 100 or "\0" in text
        assert read(engine) == OLD
        return
    with read_snapshot(engine) as connection:
        found = connection.execute(
            sa.text("SELECT p.name, s.user_name, l.bind_password FROM provider p, server s,"
                    " ldapserver l")
        ).one()  # fmt: skip
    assert tuple(found) == (text or "Provider", text, text)
    assert SqlStore(engine).find(DomainName("new.example")) is not None


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:16]))
def test_hostile_domain_names(engine: Engine, text: str) -> None:
    """A hostile name is refused by the parser; one in the database does no harm."""
    if text != "NULL":  # which is a valid name
        with pytest.raises(DomainError):
            DomainName.parse(text)
    write(engine, OLD)
    try:
        with write_transaction(engine) as connection:
            connection.execute(
                sa.text(
                    "INSERT INTO domain (name, provider_id) SELECT :name, provider_id FROM domain"
                ),
                {"name": text},
            )
    except (StoreError, StoreUnavailable):
        assert len(text) > 100 or "\0" in text
    store = SqlStore(engine)
    assert store.find(DomainName("old.example")) == OLD.domains[0]
    assert store.find(DomainName("new.example")) is None
    assert [one.pattern.text for one in read(engine).domains if one.services] == ["old.example"]


def test_names_that_look_alike(engine: Engine) -> None:
    """If the database compares ü and u as equal, only the right domain answers."""
    write(engine, OLD)
    with write_transaction(engine) as connection:
        connection.execute(sa.text("UPDATE domain SET name = 'bücher.example'"))
    store = SqlStore(engine)
    assert store.find(DomainName("bucher.example")) is None
    assert store.find(DomainName("xn--bcher-kva.example")) is not None


def test_psycopg2_refuses_a_nul(postgresql_server: PostgreSql) -> None:
    """The older driver's error about a NUL is a usual error, without the text."""
    engine = open_engine(postgresql_server.uri(postgresql_server.fresh(), "psycopg2"))
    upgrade(engine)
    with pytest.raises(StoreError, match="NUL"):
        write(engine, Catalog(unused_providers=(Provider("nul\0inside", "x"),)))
    engine.dispose()
