"""A real PostgreSQL on a private socket and a port of its own, from Debian's package."""

import itertools
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from tests.servers.accounts import account, folder_of
from tests.servers.process import Process
from tests.servers.requirements import require
from tests.servers.waypost import free_port

USER = "waypost"
PASSWORD = "s3cret p@ss/word"
# What makes a server quick that may lose everything in a power cut, but nothing by being killed.
_FAST = ("fsync=off", "max_connections=60")


class PostgreSql:
    """A server that can be stopped and started again.

    Attributes:
        port: where it listens on 127.0.0.1, for the user `waypost` with a password.
        socket: the folder of its socket, where everyone is whom they say.
    """

    def __init__(self, folder: Path, user: str | None) -> None:
        self.port = free_port()
        self.socket = folder
        self._user = user
        self._data = folder / "data"
        self._process: Process | None = None
        self._numbers = itertools.count(1)

    def create_cluster(self) -> None:
        """Make the files of the server."""
        self._run(
            "initdb", "-D", f"{self._data}", "-U", "postgres", "-A", "trust", "-E", "UTF8",
            "--locale=C.UTF-8", "--no-sync",
        )  # fmt: skip
        (self._data / "pg_hba.conf").write_text(
            "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n", encoding="ascii"
        )

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = ["-k", f"{self.socket}", "-h", "127.0.0.1", "-p", f"{self.port}"]
        self._process = Process(
            [str(programs() / "postgres"), "-D", f"{self._data}", *options]
            + [part for option in _FAST for part in ("-c", option)],
            log=self.socket / "postgresql.log",
            folder=self.socket,
            user=self._user,
            stop=signal.SIGINT,  # does not wait for clients to leave
        )
        self._process.__enter__()
        self._process.wait_until(self._answers, seconds=30)

    def stop(self) -> None:
        """Stop without waiting for clients."""
        if self._process is not None:
            self._process.__exit__(None, None, None)
            self._process = None

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
        self.stop()

    def sql(self, text: str, database: str = "postgres", user: str = "postgres") -> str:
        """Run statements through `psql`; give what it prints, unaligned."""
        return self._run(
            "psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-U", user,
            "-h", f"{self.socket}", "-p", f"{self.port}", "-d", database,
            given=text,
        )  # fmt: skip

    def fresh(self, template: str = "template0") -> str:
        """Make a new database of the user `waypost`; give its name."""
        name = f"waypost_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} OWNER {USER} TEMPLATE {template}")
        return name

    def uri(self, database: str, driver: str = "psycopg") -> str:
        """Give the URI of a database by the socket."""
        query = f"host={quote(str(self.socket), safe='')}&port={self.port}"
        return f"postgresql+{driver}://{USER}@/{database}?{query}"

    def tcp_uri(self, database: str, driver: str = "psycopg", password: str = PASSWORD) -> str:
        """Give the URI of a database by the port, with a password."""
        secret = quote(password, safe="")
        return f"postgresql+{driver}://{USER}:{secret}@127.0.0.1:{self.port}/{database}"

    def _answers(self) -> bool:
        socket = self.socket / f".s.PGSQL.{self.port}"
        ready = [str(programs() / "pg_isready"), "-q", "-h", f"{self.socket}", "-p", f"{self.port}"]
        return socket.exists() and subprocess.run(ready, check=False).returncode == 0

    def _run(self, name: str, *arguments: str, given: str = "") -> str:
        done = subprocess.run(
            [str(programs() / name), *arguments],
            input=given,
            text=True,
            encoding="utf-8",
            capture_output=True,
            check=False,
            cwd=self.socket,
            user=self._user,
            group=self._user,
            extra_groups=None if self._user is None else [],
        )
        if done.returncode != 0:
            raise RuntimeError(f"{name}: {done.stderr.strip()}")
        return done.stdout


def programs() -> Path:
    """Give the folder of the newest server's programs, which Debian keeps out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return found[-1].parent if found else Path("/usr/lib/postgresql")


@contextmanager
def postgresql() -> Iterator[PostgreSql]:
    """Run a server with the user `waypost`; skip where there is none."""
    require(programs=[str(programs() / "postgres")])
    user = account("postgres")
    with folder_of(user) as folder:
        server = PostgreSql(folder, user)
        server.create_cluster()
        try:
            server.start()
            server.sql(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'")
            yield server
        finally:
            server.stop()
