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
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.process import tied_to_this_process
from tests.servers.requirements import program

PROGRAM = Path(__file__).parent / "evolution_program.py"
LIBRARY = Path("/usr/lib/evolution/libevolution-mail.so.0")
LOOKING = Path("/usr/lib/evolution/modules/module-config-lookup.so")
REGISTRY = Path("/usr/libexec/evolution-source-registry")
PROTOCOLS = {"imapx": "imap", "pop": "pop3", "smtp": "smtp"}


@dataclass(frozen=True, slots=True)
class Server:
    """A server of an account in Evolution.

    Attributes:
        security: `tls`, `starttls` or `none`.
        mechanism: the SASL mechanism, such as `CRAM-MD5`; empty for the login command of IMAP or
            POP3.
    """

    kind: str
    host: str
    port: int
    security: str
    mechanism: str
    login_name: str

    @classmethod
    def read(cls, held: dict[str, Any]) -> Self:
        """Read a server from the output of evolution_program.py."""
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
    """The servers that Evolution fills in; None for a server that it did not find."""

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
    """The results of the assistant's lookups: the best servers, and URLs of CalDAV and CardDAV."""

    account: Account
    calendars: list[str]
    contacts: list[str]


class NothingFound(Exception):
    """Evolution found no configuration; the message is its reason."""


class Evolution:
    """A running Evolution."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    def set_up(self, address: str) -> Account:
        """Search for an address as the account assistant does.

        Raises:
            NothingFound: with Evolution's message.
            TimeoutError: Evolution does not answer, or has exited.
        """
        answer = self._ask("search", address)
        if "error" in answer:
            raise NothingFound(answer["error"])
        return Account.read(answer)

    def look_up(self, address: str) -> Lookup:
        """Run all lookups of the account assistant, also by SRV records.

        Raises TimeoutError if Evolution does not answer, or has exited.
        """
        answer = self._ask("assistant", address)
        return Lookup(Account.read(answer), answer["calendar"], answer["contacts"])

    def _ask(self, word: str, address: str) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{word} {address}\n".encode())
        self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], PATIENCE_SECONDS)
        line = self._process.stdout.readline() if ready else b""
        if not line:
            raise TimeoutError(self._log.read_text(encoding="utf-8", errors="replace")[-4000:])
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def evolution(folder: Path, hosts: Sequence[str], authority: Path) -> Iterator[Evolution]:
    """Run Evolution; only the hosts resolve, to 127.0.0.1.

    Args:
        folder: the folder for its settings, its caches and the log.
        hosts: the names that exist.
        authority: the only authority (PEM) that it trusts.
    """
    # Its bus and all processes that the bus starts end with it, because they are in their own
    # namespace of processes, pid_namespaces(7).
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
