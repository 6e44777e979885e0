"""Two Waypost servers with a PostgreSQL, its replica, and PgBouncer."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.scale.load import checked_load, template
from tests.scale.machines import Writer, fill, serving
from tests.scale.row import Changes, Row, observed
from tests.servers.patience import wait_until
from tests.servers.postgresql import PostgreSql
from tests.servers.postgresql_replica import Replica, pgbouncer, uri_of

# From the end of the primary to the promotion; tools for high availability need 10 s and more.
_LEADERLESS_SECONDS: Final = 3.0
_NAMES: Final = "SELECT name FROM domain WHERE name LIKE 'w%'"


def promoted(
    pair: tuple[PostgreSql, Replica],
    folder: Path,
    *,
    has_replica: bool,
    driver: str = "psycopg",
    servers: int = 2,
) -> Iterator[Row | Changes]:
    """Kill a primary, promote its replica after some seconds, and yield what was noticed.

    Args:
        pair: the primary and its replica; afterwards, the replica is the only server.
        folder: for files of Waypost.
        has_replica: whether look-ups use the replica (`db_read_uri`).
        driver: of `db_uri`.
        servers: the number of Waypost servers.
    """
    primary, replica = pair
    database = primary.fresh()
    uri = uri_of([primary, replica], database, "read-write", driver)
    read_uri = uri_of([replica, primary], database, "any", driver)
    setup = "PostgreSQL and a replica" + ", `db_read_uri`" * has_replica
    fill(folder, uri)
    wait_until(lambda: not replica.is_behind(), "the replica")
    more = {"WAYPOST_DB_READ_URI": read_uri} if has_replica else {}
    with (
        serving(folder, [uri] * servers, more) as ports,
        Writer(folder, uri) as writer,
        checked_load(ports, template(ports[0])) as load,
    ):
        load.wait_for_right()
        failure = "the primary is killed, the replica promoted after 3 s"
        yield observed(setup, failure, load, lambda: _fail_over(primary, replica))
    stored = set(replica.sql(_NAMES, database).split())
    yield Changes(setup, writer.written, writer.failures, [stored])


def pooled(server: PostgreSql, folder: Path, driver: str = "psycopg") -> Iterator[Row | Changes]:
    """Put PgBouncer in front of a server, start it again under load, and yield the lines."""
    database, setup = server.fresh(), "PostgreSQL behind PgBouncer"
    with pgbouncer(server) as pool:
        uri = server.tcp_uri(database, driver).replace(f":{server.port}/", f":{pool.port}/")
        fill(folder, uri)
        with (
            serving(folder, [uri]) as ports,
            Writer(folder, uri) as writer,
            checked_load(ports, template(ports[0])) as load,
        ):
            load.wait_for_right()
            yield observed(setup, "PgBouncer is killed and started again", load, pool.restart)
        assert server.sql("SELECT count(*) FROM pg_prepared_statements", database).strip() == "0"
        stored = set(server.sql(_NAMES, database).split())
        yield Changes(setup, writer.written, writer.failures, [stored])


def _fail_over(primary: PostgreSql, replica: Replica) -> None:
    primary.kill()
    time.sleep(_LEADERLESS_SECONDS)
    replica.promote()
