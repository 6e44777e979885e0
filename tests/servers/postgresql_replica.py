"""A real streaming replica of a PostgreSQL, and PgBouncer in transaction mode."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from tests.servers.accounts import account, folder_of
from tests.servers.database_server import PASSWORD, USER
from tests.servers.nginx import listens
from tests.servers.postgresql import PostgreSql, postgresql, programs
from tests.servers.process import Process
from tests.servers.requirements import program, require
from tests.servers.waypost import free_port


class Replica(PostgreSql):
    """A replica, which only reads until it is promoted."""

    def __init__(self, folder: Path, user: str | None, primary: PostgreSql) -> None:
        super().__init__(folder, user)
        self._primary = primary

    def create_files(self) -> None:
        """Copy the files of the primary, and follow it over its socket."""
        primary = self._primary
        self._run(
            *(f"{programs() / 'pg_basebackup'}", "-D", f"{self._data}", "-c", "fast", "-R"),
            *("--no-sync", "-h", f"{primary.socket}", "-p", f"{primary.port}", "-U", "postgres"),
            *("-d", f"application_name={self.name}"),
            user=self._user,
        )

    @property
    def name(self) -> str:
        """The name that the primary knows it by."""
        return f"replica{self.port}"

    def promote(self) -> None:
        """Make it the primary."""
        self.sql("SELECT pg_promote()")

    def is_behind(self) -> bool:
        """Return whether it lacks a change that the primary has at the time of the call."""
        position = self._primary.sql("SELECT pg_current_wal_lsn()").strip()
        done = self.sql(f"SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn").strip()
        return done != "t"


@contextmanager
def replicated_postgresql() -> Iterator[tuple[PostgreSql, Replica]]:
    """Run a primary and a replica; a change is complete when the replica has it, too."""
    with postgresql() as primary:
        hba = primary.socket / "data" / "pg_hba.conf"
        with hba.open("a", encoding="ascii") as file:
            file.write("local replication postgres trust\n")
        primary.sql("SELECT pg_reload_conf()")
        user = account("postgres")
        with folder_of(user) as folder:
            replica = Replica(folder, user, primary)
            replica.create_files()
            try:
                replica.start()
                primary.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{replica.name}'")
                primary.sql("ALTER SYSTEM SET synchronous_commit = 'remote_apply'")
                primary.sql("SELECT pg_reload_conf()")
                yield primary, replica
            finally:
                replica.stop()


def uri_of(servers: Sequence[PostgreSql], database: str, attributes: str, driver: str) -> str:
    """Return the URI of a database on several servers, with `target_session_attrs`."""
    secret = quote(PASSWORD, safe="")
    hosts = "&".join(f"host=127.0.0.1:{server.port}" for server in servers)
    return (
        f"postgresql+{driver}://{USER}:{secret}@/{database}?{hosts}"
        f"&target_session_attrs={attributes}"
    )


class PgBouncer:
    """A running PgBouncer.

    Attributes:
        port: where it listens on 127.0.0.1.
    """

    def __init__(self, port: int, folder: Path, user: str | None) -> None:
        self.port = port
        self._process = Process(
            [program("pgbouncer"), f"{folder}/pgbouncer.ini"],
            log=folder / "pgbouncer.log",
            folder=folder,
            user=user,
        )

    def start(self) -> None:
        """Start, and wait until it listens."""
        self._process.__enter__()
        self._process.wait_until(lambda: listens(self.port))

    def stop(self) -> None:
        """Stop it."""
        self._process.__exit__(None, None, None)

    def restart(self) -> None:
        """Kill it, and start it again."""
        self._process.kill()
        self.start()


@contextmanager
def pgbouncer(server: PostgreSql, pool_size: int = 2) -> Iterator["PgBouncer"]:
    """Run PgBouncer in transaction mode in front of a server."""
    require(programs=["pgbouncer"])
    port, user = free_port(), account("postgres")
    with folder_of(user) as folder:
        (folder / "users.txt").write_text(f'"{USER}" "{PASSWORD}"\n', encoding="ascii")
        (folder / "pgbouncer.ini").write_text(
            "[databases]\n"
            f"* = host=127.0.0.1 port={server.port}\n"
            "[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            f"auth_type = scram-sha-256\nauth_file = {folder}/users.txt\n"
            f"pool_mode = transaction\ndefault_pool_size = {pool_size}\n",
            encoding="ascii",
        )
        if user is not None:
            for file in folder.iterdir():
                shutil.chown(file, user)
        pool = PgBouncer(port, folder, user)
        pool.start()
        try:
            yield pool
        finally:
            pool.stop()
