"""The search of KMail's account wizard without its window: `ispdb`, which comes with the wizard."""

import re
import select
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from typing import Final

from tests.servers.own_files import over_etc, write_names
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.process import tied_to_this_process
from tests.servers.requirements import program

NEEDED: Final = ("ispdb", "dbus-run-session")
# The database, three URLs, and the last of these once more: KMail would repeat it without end.
_FAILURES_MAX: Final = 5
_FAILURE: Final = "Fetching failed"
_SECTION: Final = re.compile(r"(Imap|pop3|smtp) servers:")
_SERVER: Final = re.compile(
    r'hostname: "(.*)" - port: (\d+) - encryption: "(\w+)" - username: "(.*)" '
    r'- authentication: "(\w+)"'
)
_SECURITY: Final = {"SSL": "tls", "TLS": "starttls", "None": "none"}


@dataclass(frozen=True, slots=True)
class Server:
    """A server that the wizard offers.

    Attributes:
        kind: `imap`, `pop3` or `smtp`.
        security: `tls`, `starttls` or `none`.
        method: the authentication method, in KMail's words: `plain`, `CramMD5`, `OAuth2`.
    """

    kind: str
    host: str
    port: int
    security: str
    method: str
    login_name: str


class NothingFound(Exception):
    """The search found no configuration, and repeats the last URL."""


class KMail:
    """The wizard's search, with its own home.

    Args:
        folder: the folder for its settings and the log.
        names: the files for name resolution and trusted authorities (`own_files.write_names`).
    """

    def __init__(self, folder: Path, names: Path) -> None:
        self._names = names
        self._log = folder / "kmail.log"
        settings = folder / ".config"
        settings.mkdir()
        # With a cache it reads only the cache, because loopback counts as offline.
        (settings / "kio_httprc").write_text("UseCache=false\n", encoding="ascii")
        self._environment = {
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": f"{folder}",
            "XDG_RUNTIME_DIR": f"{folder}",
            "QT_QPA_PLATFORM": "offscreen",
            "QT_LOGGING_RULES": "org.kde.pim.accountwizard.debug=true",
        }

    def set_up(self, address: str) -> list[Server]:
        """Search for an address as the wizard does, and return the offered servers in order.

        Raises:
            NothingFound: all URLs have failed.
            TimeoutError: the search does not end.
        """
        with self._searching(address) as process:
            lines = list(self._lines(process))
        servers, kind = [], ""
        for line in lines:
            if section := _SECTION.search(line):
                kind = section[1].lower()
            elif server := _SERVER.search(line):
                host, port, security, login_name, method = server.groups()
                servers.append(
                    Server(kind, host, int(port), _SECURITY[security], method, login_name)
                )
        return servers

    def _lines(self, process: subprocess.Popen[bytes]) -> Iterator[str]:
        assert process.stdout
        failures = 0
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            ready, _, _ = select.select([process.stdout], [], [], max(end - time.monotonic(), 0))
            if not ready:
                raise TimeoutError(self._log.read_text(encoding="utf-8", errors="replace")[-4000:])
            line = process.stdout.readline()
            if not line:
                return
            text = line.decode(errors="replace")
            with self._log.open("a", encoding="utf-8") as log:
                log.write(text)
            failures += _FAILURE in text
            if failures == _FAILURES_MAX:
                raise NothingFound(text)
            yield text

    @contextmanager
    def _searching(self, address: str) -> Iterator[subprocess.Popen[bytes]]:
        # Its bus and all processes of the bus end with it: see pid_namespaces(7).
        options = ("--pid", "--fork", "--kill-child")
        inside = [program("dbus-run-session"), "--", program("ispdb"), "--email", address]
        command = over_etc(self._names, inside, options)
        with subprocess.Popen(
            tied_to_this_process(command, SIGKILL),  # unshare holds SIGTERM back
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment,
            bufsize=0,
        ) as process:
            try:
                yield process
            finally:
                process.kill()
                process.wait(timeout=10)


def kmail(folder: Path, hosts: Sequence[str], authority: Path) -> KMail:
    """Return a KMail; only the hosts resolve, to 127.0.0.1.

    Args:
        folder: the folder for its settings and the log.
        hosts: the names that exist.
        authority: the only authority (PEM) that it trusts.
    """
    return KMail(folder, write_names(folder, hosts, authority=authority))
