"""Real automx2, installed from the package index into a virtual environment."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.installed import NotInstalledError, installed
from tests.servers.nginx import listens
from tests.servers.process import Process
from tests.servers.waypost import free_port

DRIVERS = ("PyMySQL>=1.1", "psycopg2-binary>=2.9")
# The old releases have no upper bounds, and do not run with the newest libraries.
OF_THEIR_TIME = (
    *("Flask==2.2.5", "Werkzeug==2.2.3", "Flask-SQLAlchemy==2.5.1", "SQLAlchemy==1.4.54"),
    *("Flask-Migrate==3.1.0", "setuptools<81"),
)
REQUIREMENTS = {"2026.2": (), "2020.2": OF_THEIR_TIME, "2021.4": OF_THEIR_TIME}


@dataclass(frozen=True, slots=True)
class Release:
    """An installed automx2."""

    version: str
    python: Path


def install(version: str) -> Release:
    """Install a release, unless it is installed already.

    Skips the test if that is not possible (no network); fails it if CI=true.
    """
    try:
        python = installed("automx2", version, [*REQUIREMENTS[version], *DRIVERS])
    except NotInstalledError as error:
        error.demand()
    return Release(version, python)


@contextmanager
def running(release: Release, db_uri: str, folder: Path) -> Iterator[int]:
    """Run automx2 on a database, as in its manual; yield its port on 127.0.0.1."""
    port = free_port()
    process = Process(
        [
            *(str(release.python), "-m", "flask", "run", "--host", "127.0.0.1"),
            *("--port", f"{port}"),
        ],
        log=folder / f"automx2-{release.version}.log",
        environment=environment(db_uri, folder / f"automx2-{release.version}.conf"),
        folder=folder,
    )
    with process:
        process.wait_until(lambda: listens(port))
        yield port


def environment(db_uri: str, settings: Path) -> dict[str, str]:
    """Write a settings file of automx2, and return the variables for a process with it."""
    text = f"[automx2]\nloglevel = WARNING\ndb_echo = no\ndb_uri = {db_uri}\nproxy_count = 0\n"
    text = text.replace("%", "%%")  # automx2 interpolates %.
    settings.write_text(text, encoding="utf-8")
    return {
        "AUTOMX2_CONF": f"{settings}",
        "FLASK_APP": "automx2.server:app",
        "HOME": f"{settings.parent}",
        "PATH": os.environ.get("PATH", ""),
    }
