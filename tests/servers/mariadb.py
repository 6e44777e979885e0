"""A real MariaDB from Debian's package, on a private socket and a free port."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from tests.servers.accounts import account, folder_of
from tests.servers.database_server import PASSWORD, USER, DatabaseServer
from tests.servers.requirements import program, require

# Options for speed: a power cut may lose data, but a killed process does not.
_FAST = (
    "--innodb-flush-method=nosync",
    "--innodb-flush-log-at-trx-commit=2",
    "--innodb-doublewrite=0",
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=16M",
    "--innodb-fast-shutdown=2",
    "--skip-log-bin",
    "--skip-name-resolve",
    "--performance-schema=OFF",
)


class MariaDb(DatabaseServer):
    """A MariaDB.

    Attributes:
        socket: its socket.
    """

    def __init__(self, folder: Path, user: str | None) -> None:
        super().__init__(folder, user)
        self.socket = folder / "mariadb.sock"
        # A server that starts removes the temporary tables of others from a common folder.
        self._temporary = folder / "tmp"

    @property
    def pid(self) -> int:
        """Return the id of its process."""
        return int((self._folder / "mariadb.pid").read_text(encoding="ascii"))

    def create_files(self) -> None:
        """Create the files of the server."""
        self._create_temporary()
        user = [] if self._user is None else [f"--user={self._user}"]
        self._run(
            program("mariadb-install-db"), "--no-defaults", f"--datadir={self._data}", *user,
            f"--tmpdir={self._temporary}",
            "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
            "--innodb-log-file-size=16M",
            user=self._user,
        )  # fmt: skip

    def start(self) -> None:
        """Start, and wait until it answers."""
        self._create_temporary()
        super().start()

    def sql(self, text: str, database: str = "") -> str:
        """Run statements with `mariadb`, and return its output, one line per row."""
        return self._run(*self.client(), "--batch", "-N", database, given=text)

    def fresh(self) -> str:
        """Create a database of the user `waypost`, and return its name."""
        name = self._new_name()
        self.sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return name

    def uri(self, database: str, driver: str = "pymysql") -> str:
        """Return the URI of a database by the socket."""
        secret, socket = quote(PASSWORD, safe=""), quote(str(self.socket), safe="")
        place = f"localhost/{database}?unix_socket={socket}&charset=utf8mb4"
        return f"mysql+{driver}://{USER}:{secret}@{place}"

    def tcp_uri(self, database: str, driver: str = "pymysql", password: str = PASSWORD) -> str:
        """Return the URI of a database by the port."""
        secret = quote(password, safe="")
        place = f"127.0.0.1:{self.port}/{database}?charset=utf8mb4"
        return f"mysql+{driver}://{USER}:{secret}@{place}"

    def _create_temporary(self) -> None:
        self._temporary.mkdir(exist_ok=True)
        if self._user is not None:
            shutil.chown(self._temporary, self._user, self._user)

    def _command(self) -> list[str]:
        return [
            *(program("mariadbd"), "--no-defaults", f"--datadir={self._data}"),
            f"--tmpdir={self._temporary}",
            *(f"--socket={self.socket}", "--bind-address=127.0.0.1", f"--port={self.port}"),
            *(f"--pid-file={self._folder}/mariadb.pid", *_FAST),
        ]

    def client(self) -> list[str]:
        """Return the command of its client program, as its administrator."""
        flags = ["--no-defaults", "--default-character-set=utf8mb4", "-u", "root"]
        return [program("mariadb"), *flags, f"--socket={self.socket}"]

    def _answers(self) -> bool:
        asked = [*self.client(), "-e", "SELECT 1"]
        return (
            self.socket.exists()
            and subprocess.run(asked, check=False, capture_output=True).returncode == 0
        )


@contextmanager
def mariadb() -> Iterator[MariaDb]:
    """Run a server with the user `waypost`; skip if it is not installed."""
    require(programs=["mariadbd", "mariadb-install-db", "mariadb"])
    user = account("mysql")
    with folder_of(user) as folder:
        server = MariaDb(folder, user)
        server.create_files()
        try:
            server.start()
            # skip-name-resolve: clients of the port are 127.0.0.1, those of the socket localhost.
            for host in ("localhost", "127.0.0.1"):
                server.sql(
                    f"CREATE USER '{USER}'@'{host}' IDENTIFIED BY '{PASSWORD}';"
                    f"GRANT ALL PRIVILEGES ON `waypost\\_%`.* TO '{USER}'@'{host}';"
                )
            yield server
        finally:
            server.stop()
