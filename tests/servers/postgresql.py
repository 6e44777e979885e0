"""A real PostgreSQL from Debian's package, on a private socket and a free port."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from tests.servers.accounts import account, folder_of
from tests.servers.database_server import PASSWORD, USER, DatabaseServer
from tests.servers.requirements import require

# Options for speed: a power cut may lose data, but a killed process does not. The log stays small,
# because it may be in memory.
_FAST = (
    "fsync=off",
    "full_page_writes=off",
    "autovacuum=off",
    "max_connections=60",
    "max_wal_size=128MB",
)


class PostgreSql(DatabaseServer):
    """A PostgreSQL; at its port, the user `waypost` needs a password.

    Attributes:
        socket: the folder of its socket, which trusts every user name.
    """

    stop_signal = signal.SIGINT  # does not wait for clients

    def __init__(self, folder: Path, user: str | None) -> None:
        super().__init__(folder, user)
        self.socket = folder

    def create_files(self) -> None:
        """Create the files of the server."""
        self._run(
            *(_path("initdb"), "-D", f"{self._data}", "-U", "postgres", "-A", "trust"),
            *("-E", "UTF8", "--locale=C.UTF-8", "--no-sync"),
            user=self._user,
        )
        (self._data / "pg_hba.conf").write_text(
            "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n", encoding="ascii"
        )

    def sql(self, text: str, database: str = "postgres", user: str = "postgres") -> str:
        """Run statements with `psql`, and return its unaligned output."""
        return self._run(
            *(_path("psql"), "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-U", user),
            *("-h", f"{self.socket}", "-p", f"{self.port}", "-d", database),
            given=text,
        )

    def fresh(self, template: str = "template0") -> str:
        """Create a database of the user `waypost`, and return its name."""
        name = self._new_name()
        self.sql(f"CREATE DATABASE {name} OWNER {USER} TEMPLATE {template}")
        return name

    def uri(self, database: str, driver: str = "psycopg") -> str:
        """Return the URI of a database by the socket."""
        query = f"host={quote(str(self.socket), safe='')}&port={self.port}"
        return f"postgresql+{driver}://{USER}@/{database}?{query}"

    def tcp_uri(self, database: str, driver: str = "psycopg", password: str = PASSWORD) -> str:
        """Return the URI of a database by the port, with a password."""
        secret = quote(password, safe="")
        return f"postgresql+{driver}://{USER}:{secret}@127.0.0.1:{self.port}/{database}"

    def _command(self) -> list[str]:
        place = ["-k", f"{self.socket}", "-h", "127.0.0.1", "-p", f"{self.port}"]
        options = [part for option in _FAST for part in ("-c", option)]
        return [_path("postgres"), "-D", f"{self._data}", *place, *options]

    def _answers(self) -> bool:
        socket = self.socket / f".s.PGSQL.{self.port}"
        ready = [_path("pg_isready"), "-q", "-h", f"{self.socket}", "-p", f"{self.port}"]
        return socket.exists() and subprocess.run(ready, check=False).returncode == 0


def programs() -> Path:
    """Return the folder of the newest server's programs, which Debian keeps out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return found[-1].parent if found else Path("/usr/lib/postgresql")


def _path(name: str) -> str:
    return str(programs() / name)


@contextmanager
def postgresql() -> Iterator[PostgreSql]:
    """Run a server with the user `waypost`; skip if it is not installed."""
    require(programs=[_path("postgres")])
    user = account("postgres")
    with folder_of(user) as folder:
        server = PostgreSql(folder, user)
        server.create_files()
        try:
            server.start()
            server.sql(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'")
            yield server
        finally:
            server.stop()
