"""Evolution's own code without a window: a small program that loads its libraries."""

import json
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from typing import Any, Self

from tests.servers.own_files import over_etc, write_names
from tests.servers.process import tied_to_this_process
from tests.servers.requirements import program

PROGRAM = Path(__file__).parent / "evolution_program.py"
LIBRARY = Path("/usr/lib/evolution/libevolution-mail.so.0")
LOOKING = Path("/usr/lib/evolution/modules/module-config-lookup.so")
REGISTRY = Path("/usr/libexec/evolution-source-registry")
SEARCH_SECONDS = 60
PROTOCOLS = {"imapx": "imap", "pop": "pop3", "smtp": "smtp"}


@dataclass(frozen=True, slots=True)
class Server:
    """A server as an account of Evolution holds it.

    Attributes:
        security: `tls`, `starttls` or `none`.
        mechanism: of SASL, as `CRAM-MD5`; empty for the command of IMAP or POP3 itself.
    """

    kind: str
    host: str
    port: int
    security: str
    mechanism: str
    login_name: str

    @classmethod
    def read(cls, held: dict[str, Any]) -> Self:
        """Read what evolution_program.py gives of a server."""
        return cls(
            kind=PROTOCOLS[held["protocol"]],
            host=held["host"],
            port=held["port"],
            security=held["security"],
            mechanism=held["auth_mechanism"],
            login_name=held["user"],
        )


@dataclass(frozen=True, slots=True)
class Account:
    """What Evolution fills an account with; None where it found nothing for that."""

    incoming: Server | None
    outgoing: Server | None

    @classmethod
    def read(cls, answer: dict[str, Any]) -> Self:
        """Read an answer of evolution_program.py."""
        incoming, outgoing = (
            Server.read(answer[kind]) if answer[kind] else None for kind in ("incoming", "outgoing")
        )
        return cls(incoming, outgoing)


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the assistant's look-ups found: the best servers, and the URLs of CalDAV and CardDAV."""

    account: Account
    calendars: list[str]
    contacts: list[str]


class NothingFound(Exception):
    """Evolution found no configuration, and said why."""


class Evolution:
    """A running Evolution."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    def set_up(self, address: str) -> Account:
        """Search for an address as the account assistant does.

        Raises:
            NothingFound: with Evolution's own words.
            TimeoutError: it does not answer, or has ended.
        """
        answer = self._ask("search", address)
        if "error" in answer:
            raise NothingFound(answer["error"])
        return Account.read(answer)

    def look_up(self, address: str) -> Lookup:
        """Let all look who look for the account assistant, by SRV records too.

        Raises TimeoutError where it does not answer, or has ended.
        """
        answer = self._ask("assistant", address)
        return Lookup(Account.read(answer), answer["calendar"], answer["contacts"])

    def _ask(self, word: str, address: str) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{word} {address}\n".encode())
        self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], SEARCH_SECONDS)
        line = self._process.stdout.readline() if ready else b""
        if not line:
            raise TimeoutError(self._log.read_text(encoding="utf-8", errors="replace")[-4000:])
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def evolution(folder: Path, hosts: Sequence[str], authority: Path) -> Iterator[Evolution]:
    """Run Evolution, for which the hosts (and no others) are 127.0.0.1.

    Args:
        folder: for its settings, its caches and the log.
        hosts: the names that exist.
        authority: the only one (PEM) that it trusts.
    """
    # Its bus and what the bus starts end with it: all of them, because they are the only ones in
    # a namespace of processes, pid_namespaces(7).
    options = ("--pid", "--fork", "--kill-child")
    inside = [program("dbus-run-session"), "--", sys.executable, f"{PROGRAM}"]
    command = over_etc(write_names(folder, hosts, authority=authority), inside, options)
    log = folder / "evolution.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            tied_to_this_process(command, SIGKILL),  # unshare holds SIGTERM back
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            cwd=folder,
            env={
                "PATH": "/usr/bin:/bin",
                "LANG": "C.UTF-8",
                "HOME": f"{folder}",
                "XDG_RUNTIME_DIR": f"{folder}",
                "GSETTINGS_BACKEND": "memory",
            },
        ) as process,
    ):
        try:
            yield Evolution(process, log)
        finally:
            process.kill()
            process.wait(timeout=10)
