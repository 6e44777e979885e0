"""A slapd that dies, hangs and is slow, and entries of 5 MB, with thousands of requests."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from tests.servers.authority import Authority
from tests.servers.frozen import frozen
from tests.servers.slapd import PASSWORD, PEOPLE, READER, SUFFIX, Attributes, Slapd, slapd
from tests.torture.attack import Attack, Figure
from tests.torture.companion import Companion
from tests.torture.loads import AUTOCONFIG, crowd
from tests.torture.server import Server, ask
from tests.torture.waiting import seconds_until

LASTS_SECONDS = 2.0
HEALED_SECONDS = 5.0
TIME_LIMIT_SECONDS = 0.7
USERS = 2000
HUGE_BYTES = 5_000_000
VALUES = 20_000
HUGE = ("photo", "large", "values")
PROVIDERS = f"""
[[directory]]
name = "staff"
kind = "ldap"
urls = ["URL"]
search_base = "{SUFFIX}"
bind_user = "{READER}"
bind_password = '{PASSWORD}'
ca_file = "AUTHORITY"
time_limit_seconds = {TIME_LIMIT_SECONDS}
connect_timeout_seconds = {TIME_LIMIT_SECONDS}
ttl_seconds = 1
attributes.description = {{ pattern = "mx[.]example[.]com", default = "mx.example.com" }}
attributes.jpegPhoto = {{ pattern = "mx[.]example[.]com", default = "mx.example.com" }}

[[provider]]
name = "Example"
domains = ["example.com"]
directory = "staff"
services = [
  {{ type = "imap", host = "%{{description}}" }},
  {{ type = "pop3", host = "%{{jpegPhoto}}" }},
  {{ type = "smtp", host = "smtp.example.com" }},
]
"""


def _people() -> Iterator[tuple[str, Attributes]]:
    yield SUFFIX, {"objectClass": ["dcObject", "organization"], "dc": ["example"], "o": ["E"]}
    yield PEOPLE, {"objectClass": ["organizationalUnit"], "ou": ["people"]}
    reader = {"objectClass": ["organizationalRole", "simpleSecurityObject"], "cn": ["reader"]}
    yield READER, reader | {"userPassword": [PASSWORD]}
    yield _user("alice")
    for number in range(USERS):
        yield _user(f"user{number}")
    yield _user("photo", jpegPhoto=["\udcff" * HUGE_BYTES])
    yield _user("large", description=["x" * HUGE_BYTES])
    yield _user("values", description=[f"value {number}" for number in range(VALUES)])


def _user(name: str, **more: list[str]) -> tuple[str, Attributes]:
    usual = {"uid": [name], "cn": [name], "sn": [name], "mail": [f"{name}@example.com"]}
    return f"uid={name},{PEOPLE}", {"objectClass": ["inetOrgPerson"], **usual, **more}


@contextmanager
def _companion(folder: Path) -> Iterator[Companion]:
    authority = Authority.create(folder)
    with slapd(authority, authority.issue("slapd", ["localhost"]), _people()) as server:
        text = PROVIDERS.replace("URL", server.url)
        text = text.replace("AUTHORITY", f"{authority.certificate}")
        (folder / "mail.toml").write_text(text, encoding="utf-8")
        yield Companion({}, server)


def _directory(server: Server) -> Slapd:
    assert isinstance(server.companion.crashing, Slapd)
    return server.companion.crashing


@contextmanager
def _killed(directory: Slapd) -> Iterator[None]:
    directory.kill()
    try:
        yield
    finally:
        directory.start()


@contextmanager
def _hanging(directory: Slapd) -> Iterator[None]:
    with frozen(directory.pid):
        yield


@contextmanager
def _slow(directory: Slapd) -> Iterator[None]:
    """Run the server for only a tenth of the time."""
    end, pid = threading.Event(), directory.pid

    def run() -> None:
        while not end.wait(0.02):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(0.2)
            os.kill(pid, signal.SIGCONT)

    slowing = threading.Thread(target=run)
    slowing.start()
    try:
        yield
    finally:
        end.set()
        slowing.join()


FAULTS: tuple[tuple[str, Callable[[Slapd], AbstractContextManager[None]]], ...] = (
    ("killed", _killed),
    ("hanging", _hanging),
    ("slow", _slow),
)


def _login_is_answered(server: Server) -> float:
    """Return the seconds until the login name of a user comes from the directory again."""

    def is_up() -> bool:
        with suppress(OSError):
            if 'waypost_directory_up{directory="staff"} 1.0' in server.metrics():
                return True
            ask(server.port, f"{AUTOCONFIG}{quote('user1@example.com')}")
        return False

    return seconds_until(is_up)


def _break(server: Server) -> list[Figure]:
    directory, figures = _directory(server), []
    before = server.memory()
    with crowd(server, lambda number: f"user{number % (2 * USERS)}@example.com", 8, 0):
        for name, fault in FAULTS:
            with fault(directory):
                time.sleep(LASTS_SECONDS)
            seconds = _login_is_answered(server)
            figures.append(Figure(f"until it is asked again: {name}", seconds, "s", HEALED_SECONDS))
        grown = server.memory() - before
    peak = before = server.memory()
    with crowd(server, lambda number: f"{HUGE[number % len(HUGE)]}@example.com", 8, 0):
        end = time.monotonic() + LASTS_SECONDS
        while time.monotonic() < end:
            peak = max(peak, server.memory())
            time.sleep(0.05)
    return [
        *figures,
        Figure("memory for all users", grown, "MB", 40),
        Figure("memory for entries of 5 MB", peak - before, "MB", 150),
    ]


ATTACKS = (
    Attack(
        "a slapd that fails in each way",
        "operation",
        _break,
        options=("--providers", "mail.toml"),
        companion=_companion,
    ),
)
