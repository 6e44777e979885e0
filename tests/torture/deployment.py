"""A Waypost with three workers, and the servers and files that it depends on."""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.profiles.making import Signing, signing
from tests.servers.authority import Authority
from tests.servers.forked import run_waypost
from tests.servers.frozen import frozen
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.postgresql import PostgreSql, postgresql
from tests.servers.requirements import require
from tests.servers.slapd import PASSWORD, PEOPLE, READER, SUFFIX, Attributes, Slapd, slapd
from tests.servers.waypost import SOURCE
from tests.torture.fake_clock import FakeClock, fake_clock
from tests.torture.load.connection import Client
from tests.torture.load.expected import Expected
from tests.torture.load.questions import (
    LISTED,
    NEW,
    NEW_USER_WORD,
    NEW_USERS,
    PLAIN,
    USERS,
    Source,
    login_of,
    new_user,
)
from tests.torture.name_server import NameServer, name_server
from tests.torture.server import Server, Volume

WORKERS: Final = 3
DESCRIPTORS: Final = 256
DATABASE_HOST: Final = "db.waypost.test"
DIRECTORY_HOST: Final = "ldap.waypost.test"
SQLITE_NAME: Final = "mail.sqlite"
FILE_NAME: Final = "mail.toml"
DISK_KILOBYTES: Final = 2048
_CACHE_TTL: Final = ("--cache-ttl", "1")
_DIRECTORY: Final = f"""
[[directory]]
name = "staff"
kind = "ldap"
urls = ["URL"]
search_base = "{SUFFIX}"
bind_user = "{READER}"
bind_password = '{PASSWORD}'
ca_file = "AUTHORITY"
ttl_seconds = 1
"""
_PROVIDERS: Final = f"""
[defaults]
services = [
  {{ type = "imap", host = "imap.%EMAILDOMAIN%" }},
  {{ type = "smtp", host = "HOST" }},
]

[[provider]]
name = "Listed"
domains = ["{LISTED}"]
DIRECTORY

[[provider]]
name = "Plain"
domains = ["{PLAIN}", "*.{NEW}"]
"""


@dataclass(frozen=True, slots=True)
class Services:
    """The servers that Waypost asks.

    Attributes:
        database: the PostgreSQL.
        directory: the slapd.
        names: the DNS server that knows the host names of both.
        resolver: its resolv.conf(5).
        authority: has signed the certificate of slapd.
    """

    database: PostgreSql
    directory: Slapd
    names: NameServer
    resolver: Path
    authority: Path


@dataclass(slots=True)
class Deployment:
    """A running Waypost, and what a fault breaks.

    Attributes:
        server: the Waypost.
        expected: the right answers.
        sources: the requests to repeat, and those to send once.
        keys: the files that profiles are signed with; `cert.pem`, `key.pem` and `chain.pem`.
        signings: certificates and keys that `keys` may have a copy of; it has the first ones.
    """

    server: Server
    expected: Expected
    sources: tuple[Source, Source]
    keys: Path
    signings: list[Signing]
    _services: Services | None = None
    _clock: FakeClock | None = None
    _changes: int = 0

    @property
    def services(self) -> Services:
        """The servers that Waypost asks."""
        assert self._services is not None
        return self._services

    @property
    def clock(self) -> FakeClock:
        """The clock of Waypost."""
        assert self._clock is not None
        return self._clock

    @property
    def providers(self) -> str:
        """The current content of the providers file."""
        return providers_text(self.host, has_directory=self._services is not None)

    def begin_change(self) -> None:
        """Begin a change of a host in all answers: from now on, old and new ones are accepted."""
        old, self._changes = self.host, self._changes + 1
        number = self.expected.derive(old.encode(), self.host.encode())
        self.expected.accepted = (*self.expected.accepted, number)

    def end_change(self) -> None:
        """From now on, only the new answers are right."""
        self.expected.accepted = self.expected.accepted[-1:]

    @property
    def host(self) -> str:
        """The host in all answers with mail servers."""
        return smtp_host(self._changes)


def smtp_host(changes: int) -> str:
    """Return the host in all answers with mail servers, after some changes."""
    return f"smtp{changes}.example"


def providers_text(host: str, *, has_directory: bool) -> str:
    """Return a providers file whose answers contain a host."""
    text = _PROVIDERS.replace("HOST", host)
    return text.replace("DIRECTORY", 'directory = "staff"' if has_directory else "")


Starting = Callable[[Path], AbstractContextManager[Deployment]]


@contextmanager
def with_database(folder: Path) -> Iterator[Deployment]:
    """Run Waypost with PostgreSQL, slapd and DNS."""
    with services(folder) as found:
        uri = _fill_database(folder, found)
        with _running(folder, [], {"WAYPOST_DB_URI": uri}, found) as deployment:
            yield deployment


@contextmanager
def with_fake_clock(folder: Path) -> Iterator[Deployment]:
    """Run Waypost with PostgreSQL, slapd and DNS, and with a clock that can be set."""
    with services(folder) as found:
        uri, clock = _fill_database(folder, found), fake_clock(folder)
        environment = {"WAYPOST_DB_URI": uri, **clock.environment}
        with _running(folder, [], environment, found, clock=clock) as deployment:
            yield deployment


@contextmanager
def with_sqlite(folder: Path) -> Iterator[Deployment]:
    """Run Waypost with a SQLite file on its own small disk."""
    require(programs=["unshare", "mount", "nsenter", "sqlite3"], root=True)
    content, place = folder / "content", folder / "data"
    content.mkdir()
    place.mkdir()
    (folder / FILE_NAME).write_text(
        providers_text(smtp_host(0), has_directory=False), encoding="utf-8"
    )
    fill(f"sqlite:///{content / SQLITE_NAME}", folder / FILE_NAME)
    options = ["--db-uri", f"sqlite:///{place / SQLITE_NAME}", *_CACHE_TTL]
    volume = Volume(place, DISK_KILOBYTES, content)
    with _running(folder, options, {}, volume=volume) as deployment:
        yield deployment


@contextmanager
def with_file(folder: Path) -> Iterator[Deployment]:
    """Run Waypost with a providers file."""
    (folder / FILE_NAME).write_text(
        providers_text(smtp_host(0), has_directory=False), encoding="utf-8"
    )
    with _running(folder, ["--providers", FILE_NAME], {}) as deployment:
        yield deployment


@contextmanager
def services(folder: Path) -> Iterator[Services]:
    """Run PostgreSQL, slapd and DNS."""
    require(programs=["unshare", "mount"], root=True)
    resolver = folder / "resolv.conf"
    authority = Authority.create(folder)
    pair = authority.issue("slapd", [DIRECTORY_HOST])
    with (
        name_server(resolver) as names,
        postgresql() as database,
        slapd(authority, pair, _people()) as directory,
    ):
        yield Services(database, directory, names, resolver, authority.certificate)


def copy_signing(source: Signing, folder: Path) -> None:
    """Copy certificate, key and chain."""
    names = ("cert.pem", "key.pem", "chain.pem")
    for path, name in zip(source.files.paths, names, strict=True):
        shutil.copy(path, folder / name)


@contextmanager
def _running(
    folder: Path,
    options: list[str],
    environment: Mapping[str, str],
    found: Services | None = None,
    volume: Volume | None = None,
    clock: FakeClock | None = None,
) -> Iterator[Deployment]:
    keys = folder / "keys"
    keys.mkdir()
    signings = [signing(folder / "first"), signing(folder / "second")]
    copy_signing(signings[0], keys)
    flags = ["--profile-cert", f"{keys}/cert.pem", "--profile-key", f"{keys}/key.pem"]
    flags += ["--profile-chain", f"{keys}/chain.pem", "--log-format", "json"]
    with ExitStack() as stack:
        server = Server(
            folder,
            workers=WORKERS,
            options=(*options, *flags, *(_CACHE_TTL if found else ())),
            descriptors=DESCRIPTORS,
            environment=environment,
            resolver=None if found is None else found.resolver,
            volume=volume,
        )
        stack.enter_context(server)
        _wait_for_workers(server)
        expected = Expected(directory=found is not None)
        expected.accept_signers(*(one.files.certificate for one in signings[:1]))
        _learn(expected, server)
        sources = Source(expected.repeated, once=False), Source(expected.once, once=True)
        yield Deployment(server, expected, sources, keys, signings, found, clock)


def _learn(expected: Expected, server: Server) -> None:
    """Learn the right answers from each worker, whose caches then have the same content."""
    workers = server.worker_processes()
    for worker in workers:
        client = Client(server.port, keeps_connection=True)
        with ExitStack() as stack:
            for other in workers:
                if other != worker:
                    stack.enter_context(frozen(other))
            client.ask(expected.repeated[-1])  # Now the worker has accepted the connection.
        expected.learn(client)
        client.close()


def _wait_for_workers(server: Server) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while server.started_workers() < server.workers:
        assert time.monotonic() < end, server.log_text()
        time.sleep(0.05)


def _fill_database(folder: Path, found: Services) -> str:
    """Fill a new database, and return its URI with the host name that DNS knows."""
    directory = _DIRECTORY.replace("URL", f"ldap://{DIRECTORY_HOST}:{found.directory.port}")
    directory = directory.replace("AUTHORITY", f"{found.authority}")
    text = directory + providers_text(smtp_host(0), has_directory=True)
    (folder / FILE_NAME).write_text(text, encoding="utf-8")
    uri = found.database.tcp_uri(found.database.fresh())
    fill(uri, folder / FILE_NAME)
    return uri.replace("@127.0.0.1:", f"@{DATABASE_HOST}:")


def command_environment(uri: str) -> dict[str, str]:
    """Return the environment of a command of Waypost that uses a database."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": f"{SOURCE}", "WAYPOST_DB_URI": uri}


def fill(uri: str, providers: Path) -> None:
    """Create the tables of a database, and write the content of a providers file into them."""
    for command in (["db", "upgrade"], ["apply", f"{providers}"]):
        run_waypost(*command, environment=command_environment(uri), check=True)


def _people() -> Iterator[tuple[str, Attributes]]:
    yield SUFFIX, {"objectClass": ["dcObject", "organization"], "dc": ["example"], "o": ["E"]}
    yield PEOPLE, {"objectClass": ["organizationalUnit"], "ou": ["people"]}
    reader = {"objectClass": ["organizationalRole", "simpleSecurityObject"], "cn": ["reader"]}
    yield READER, reader | {"userPassword": [PASSWORD]}
    for name in [
        *(f"user{number}" for number in range(USERS)),
        NEW_USER_WORD,
        *(new_user(number) for number in range(NEW_USERS)),
    ]:
        login, address = login_of(name), f"{name}@{LISTED}"
        usual = {"uid": [login], "cn": [name], "sn": [name], "mail": [address]}
        yield f"uid={login},{PEOPLE}", {"objectClass": ["inetOrgPerson"], **usual}
