"""A running Waypost with a database, and a person in Chromium who is signed in."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import BrowserContext

from tests.servers.nginx import listens
from tests.servers.process import Process
from tests.servers.waypost import environment_of, free_port
from tests.web.admin.api.api_client import COMMAND
from waypost.admin.access.scope import AccessScope
from waypost.admin.access.sessions import Sessions
from waypost.admin.principal import Role
from waypost.database.engine import open_engine, write_transaction
from waypost.demo import demo_catalog
from waypost.store.sql.migrate import upgrade
from waypost.store.sql.sync.catalog import write_catalog


@dataclass(frozen=True, slots=True)
class RunningPages:
    """A Waypost whose admin listener answers at `url`.

    Attributes:
        port: of the public listener.
        url: of the admin listener, without a final slash.
        uri: of its database.
        log: the file with its output.
    """

    port: int
    url: str
    uri: str
    log: Path

    def link(self, name: str = "ada", role: Role = Role.WRITE) -> str:
        """Return a link that signs a person in."""
        engine = open_engine(self.uri)
        try:
            secret = Sessions(engine).create_link(name, AccessScope(role), by=COMMAND)
        finally:
            engine.dispose()
        return f"{self.url}/admin/sign-in?link={secret}"

    def sign_in(self, window: BrowserContext) -> None:
        """Sign a person in with the only button of the page of a link."""
        page = window.new_page()
        page.goto(self.link())
        page.get_by_role("button").click()
        page.wait_for_url(f"{self.url}/admin/")
        page.close()


def write_sample(path: Path) -> None:
    """Write a SQLite file with the sample providers."""
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    with write_transaction(engine) as connection:
        write_catalog(connection, demo_catalog())
    engine.dispose()


@contextmanager
def running_pages(
    folder: Path,
    *flags: str,
    port: int = 0,
    runner: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[RunningPages]:
    """Run `waypost serve` with the sample providers in a database, and with more flags.

    Args:
        folder: for its files.
        flags: more flags.
        port: of the public listener; 0 for any.
        runner: a command that runs the command after it.
        environment: more variables.

    Raises TimeoutError with its output if it does not start.
    """
    database = folder / "waypost.sqlite"
    if not database.exists():
        write_sample(database)
    port, admin_port, uri = port or free_port(), free_port(), f"sqlite:///{database}"
    command = [*runner, sys.executable, "-m", "waypost", "serve", "--host", "127.0.0.1"]
    command += ["--port", f"{port}", "--admin-port", f"{admin_port}", "--db-uri", uri, *flags]
    process = Process(
        command,
        log=folder / "waypost.log",
        environment={**environment_of(folder), **(environment or {})},
        folder=folder,
    )
    with process:
        process.wait_until(lambda: listens(port) and listens(admin_port))
        yield RunningPages(port, f"http://127.0.0.1:{admin_port}", uri, process.log)
