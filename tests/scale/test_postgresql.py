"""PostgreSQL with TLS, behind PgBouncer, and with a replica that becomes the primary under load."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from tests.scale import postgresql_failures
from tests.scale.load import template
from tests.scale.machines import command, fill, serving
from tests.scale.row import Changes, Row
from tests.servers.authority import Authority
from tests.servers.database_server import PASSWORD, USER
from tests.servers.patience import wait_until
from tests.servers.postgresql import PostgreSql
from tests.servers.postgresql_replica import Replica, pgbouncer, replicated_postgresql, uri_of
from waypost.core.errors import StoreError
from waypost.database.engine import open_engine, write_transaction

pytestmark = [pytest.mark.servers, pytest.mark.slow]

DRIVERS = ["psycopg", "psycopg2"]


@pytest.fixture(name="pair", scope="module")
def _pair() -> Iterator[tuple[PostgreSql, Replica]]:
    with replicated_postgresql() as pair:
        yield pair


@pytest.fixture(name="authority", scope="module")
def _authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("authority"))


@pytest.fixture(name="with_tls", scope="module")
def _with_tls(pair: tuple[PostgreSql, Replica], authority: Authority) -> tuple[PostgreSql, Replica]:
    """Return the servers; the primary has a certificate for `localhost`, the replica none."""
    primary, _ = pair
    issued = authority.issue("server", ["localhost"])
    data = primary.socket / "data"
    for source, name in ((issued.certificate, "server.crt"), (issued.key, "server.key")):
        shutil.copy(source, data / name)
        (data / name).chmod(0o600)
        shutil.chown(data / name, data.owner())
    primary.sql("ALTER SYSTEM SET ssl = on")
    primary.sql("SELECT pg_reload_conf()")
    wait_until(lambda: primary.sql("SHOW ssl").strip() == "on", "TLS")
    return pair


TLS = [
    # the server, the host name, the file, what refuses it (None: accepted)
    (0, "localhost", "{ca}", None),
    (0, "localhost", "{other}", "certificate verify failed"),
    (0, "127.0.0.1", "{ca}", 'does not match host name "127.0.0.1"'),
    (1, "localhost", "{ca}", "server does not support SSL, but SSL was required"),
    (0, "localhost", "/nonexistent.pem", 'root certificate file "/nonexistent.pem" does not exist'),
]


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("case", TLS)
def test_tls(
    with_tls: tuple[PostgreSql, Replica],
    authority: Authority,
    tmp_path: Path,
    driver: str,
    case: tuple[int, str, str, str | None],
) -> None:
    """With `verify-full`, a server needs a certificate of this authority for its name."""
    number, host, file, refusal = case
    path = file.format(ca=authority.certificate, other=Authority.create(tmp_path).certificate)
    secret = quote(PASSWORD, safe="")
    place = f"{USER}:{secret}@{host}:{with_tls[number].port}/postgres"
    uri = f"postgresql+{driver}://{place}?sslmode=verify-full&sslrootcert={path}"
    code, output = command(tmp_path, uri, "db", "status")
    assert (refusal or "this version needs revision") in output, output
    assert code == (1 if refusal is None else 2)
    assert PASSWORD not in output
    assert ("check that the file with the authority in db_uri" in output) == (refusal is not None)


@pytest.mark.parametrize("driver", DRIVERS)
def test_replica_refuses_changes(pair: tuple[PostgreSql, Replica], driver: str) -> None:
    """A change that reaches the replica is refused, and the message says which setting to add."""
    primary, replica = pair
    database = primary.fresh()
    wait_until(lambda: not replica.is_behind(), "the replica")
    engine = open_engine(uri_of([replica], database, "any", driver))
    with (
        pytest.raises(StoreError, match="add target_session_attrs=read-write"),
        write_transaction(engine) as connection,
    ):
        connection.execute(sa.text("CREATE TABLE numbers (number INTEGER)"))
    engine.dispose()


def test_replica_is_checked(pair: tuple[PostgreSql, Replica], tmp_path: Path) -> None:
    """`db status` and `db check` say why a database of `db_read_uri` cannot be used."""
    primary, replica = pair
    database, other = primary.fresh(), primary.fresh()
    uri = uri_of([primary], database, "read-write", "psycopg")
    fill(tmp_path, uri)
    wait_until(lambda: not replica.is_behind(), "the replica")
    good = uri_of([replica], database, "any", "psycopg")
    closed = good.replace(f":{replica.port}", ":1")
    cases = {
        good: ("", 0),
        uri_of([replica], other, "any", "psycopg"): ("check that it is a replica of db_uri", 1),
        closed: ("db_read_uri: postgresql", 1),
    }
    for read_uri, (text, expected) in cases.items():
        (tmp_path / "waypost.toml").write_text(
            f'db_uri = "{uri}"\ndb_read_uri = "{read_uri}"\n', encoding="utf-8"
        )
        for name in ("status", "check"):
            code, output = command(tmp_path, None, "db", name)
            assert (code, text in output) == (expected, True), output
            assert PASSWORD not in output


def test_start_without_the_primary(pair: tuple[PostgreSql, Replica], tmp_path: Path) -> None:
    """A server that starts while the primary is away serves from the replica."""
    primary, replica = pair
    database = primary.fresh()
    fill(tmp_path, uri_of([primary], database, "read-write", "psycopg"))
    wait_until(lambda: not replica.is_behind(), "the replica")
    uri = uri_of([replica], database, "read-write", "psycopg")
    read_uri = uri_of([replica], database, "any", "psycopg2")
    with serving(tmp_path, [uri], {"WAYPOST_DB_READ_URI": read_uri}) as (port,):
        assert template(port)
    log = (tmp_path / "waypost-0.log").read_text(encoding="utf-8")
    assert "database unavailable; starting without it" in log
    assert "using database for look-ups" in log


@pytest.mark.parametrize("driver", DRIVERS)
def test_commands_through_pgbouncer(
    pair: tuple[PostgreSql, Replica], tmp_path: Path, driver: str
) -> None:
    """All commands work with one connection in transaction mode, and leave no state in it."""
    primary, _ = pair
    database = primary.fresh()
    with pgbouncer(primary, pool_size=1) as pool:
        uri = primary.tcp_uri(database, driver).replace(f":{primary.port}/", f":{pool.port}/")
        for _ in range(2):
            fill(tmp_path, uri)
        for arguments in (
            ["domain", "set", "one.example", "--provider", "Scale"],
            ["export"],
            ["db", "check"],
            ["domain", "remove", "one.example"],
        ):
            code, output = command(tmp_path, uri, *arguments)
            assert code == 0, output
        state = (
            "SELECT count(*) FROM pg_prepared_statements UNION ALL "
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
        )
        engine = open_engine(uri)
        with engine.connect() as connection:
            assert connection.execute(sa.text(state)).scalars().all() == [0, 0]
        engine.dispose()


def test_pgbouncer_restarts_under_load(
    pair: tuple[PostgreSql, Replica], tmp_path: Path, show: Callable[[Row | Changes], None]
) -> None:
    """While PgBouncer is killed and started again, no answer and no change is lost."""
    for line in postgresql_failures.pooled(pair[0], tmp_path):
        show(line)
        assert line.problems() == []


def test_replica_is_promoted_under_load(
    pair: tuple[PostgreSql, Replica], tmp_path: Path, show: Callable[[Row | Changes], None]
) -> None:
    """With `db_read_uri`, all domains are answered while a primary is lost and one is promoted."""
    # This is the last test of the file, because the pair has no primary afterwards.
    lines = postgresql_failures.promoted(
        pair, tmp_path, has_replica=True, driver="psycopg2", servers=1
    )
    for line in lines:
        show(line)
        assert line.problems() == []
        if isinstance(line, Row):
            assert line.figures.total("degraded") == 0
