"""The files that the cases need: each is made when a case first uses it."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.automx2.old_database import SCHEMAS
from tests.servers.authority import Authority

from bench import domains
from bench.peers.installed import FOLDER

DOMAINS: Final = 10_000
MILLION: Final = 1_000_000
_SERVICES: Final = (
    # type, host, port, socket type
    ("imap", "imap.hoster.example", 993, "SSL"),
    ("pop3", "pop.hoster.example", 995, "SSL"),
    ("smtp", "smtp.hoster.example", 465, "SSL"),
    ("smtp", "smtp.hoster.example", 587, "STARTTLS"),
)
_PROVIDERS: Final = """
[defaults.service]
login_name = "%EMAILADDRESS%"

[[provider]]
name = "Hoster"
domains_file = "domains.txt"
services = [
"""


class Materials:
    """Files in a folder, by name: `str.format_map` gets their paths from it.

    Args:
        folder: the folder for the files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: dict[str, Path] = {}
        self._makers: dict[str, Callable[[], Path]] = {
            "automx2": self._automx2,
            "certificate": lambda: self._signer().with_suffix(".pem"),
            "database": lambda: self._applied(folder / "waypost.sqlite", self["providers"]),
            "domains": lambda: self["providers"].with_name("domains.txt"),
            "key": lambda: self._signer().with_suffix(".key"),
            "million": self._million,
            "providers": lambda: _providers(folder / "providers", DOMAINS),
        }

    def __getitem__(self, name: str) -> Path:
        """Return the path of a file."""
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def _signer(self) -> Path:
        path = self.folder / "signer"
        if not path.with_suffix(".key").exists():
            Authority.create(self.folder).issue("signer", ["hoster.example"])
        return path

    def _million(self) -> Path:
        """Return a database with a million domains, which stays until the next run."""
        database = FOLDER / "million.sqlite"
        if not database.exists():
            unfinished = database.with_suffix(".unfinished")
            unfinished.unlink(missing_ok=True)
            self._applied(unfinished, _providers(self.folder / "million", MILLION))
            unfinished.rename(database)
        # An older Waypost may have made it.
        _waypost("db", "upgrade", database=database)
        return database

    def _applied(self, database: Path, providers: Path) -> Path:
        database.parent.mkdir(parents=True, exist_ok=True)
        _waypost("apply", f"{providers}", database=database)
        return database

    def _automx2(self) -> Path:
        """Return a database of automx2 with the same domains and services.

        Each domain has its own provider, because automx2 lists all domains of a provider in each
        answer.
        """
        path = self.folder / "automx2.sqlite"
        # automx2's answers contain the id of the provider: all ids have the same length.
        names = list(enumerate(domains.names(DOMAINS), start=DOMAINS))
        servers = list(enumerate(_SERVICES, start=1))
        with sqlite3.connect(path) as database:
            database.executescript((SCHEMAS / "2021.5.sql").read_text(encoding="utf-8"))
            database.executemany(
                "INSERT INTO provider (id, name, short_name) VALUES (?, 'Hoster', 'Hoster')",
                [(number,) for number, _ in names],
            )
            database.executemany(
                "INSERT INTO domain (id, name, provider_id) VALUES (?, ?, ?)",
                [(number, name, number) for number, name in names],
            )
            database.executemany(
                "INSERT INTO server (id, type, name, port, socket_type, user_name, authentication)"
                " VALUES (?, ?, ?, ?, ?, '%EMAILADDRESS%', 'plain')",
                [
                    (number, "pop" if kind == "pop3" else kind, *rest)
                    for number, (kind, *rest) in servers
                ],
            )
            database.executemany(
                "INSERT INTO server_domain (server_id, domain_id) VALUES (?, ?)",
                [(server, domain) for server, _ in servers for domain, _ in names],
            )
        database.close()
        return path


def _waypost(*arguments: str, database: Path) -> None:
    command = [sys.executable, "-m", "waypost", *arguments, "--db-uri", f"sqlite:///{database}"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"waypost {arguments[0]} failed: {done.stderr[-2000:]}")


def _providers(folder: Path, count: int) -> Path:
    """Write a providers file for this many domains."""
    folder.mkdir()
    with (folder / "domains.txt").open("w", encoding="ascii") as listed:
        listed.writelines(f"{name}\n" for name in domains.names(count))
    lines = [
        f'  {{ type = "{kind}", host = "{host}", port = {port} }},'
        for kind, host, port, _ in _SERVICES
    ]
    path = folder / "mail.toml"
    path.write_text("\n".join([_PROVIDERS.strip(), *lines, "]\n"]), encoding="utf-8")
    return path
