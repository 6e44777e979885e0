"""A real Thunderbird without a window, which sets up accounts for addresses."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.clients.marionette import Marionette, marionette
from tests.servers.own_files import over_etc
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.process import Process
from tests.servers.requirements import program

REAL_NAME = "Alice Example"
PASSWORD = "a password made up for a test"

# nsMsgSocketType and nsMsgAuthMethod in Thunderbird's MailNewsTypes2.idl, in the words of the
# Autoconfig document.
SOCKET_TYPES = {0: "plain", 2: "STARTTLS", 3: "SSL"}
AUTHENTICATIONS = {1: "none", 3: "password-cleartext", 4: "password-encrypted", 10: "OAuth2"}


@dataclass(frozen=True, slots=True)
class Server:
    """A server of an account in Thunderbird."""

    type: str
    host: str
    port: int
    socket_type: str
    authentication: str
    login_name: str

    @classmethod
    def read(cls, held: dict[str, Any]) -> Self:
        """Read a server from the output of thunderbird.js."""
        return cls(
            type=held["type"],
            host=held["host"],
            port=held["port"],
            socket_type=SOCKET_TYPES[held["socketType"]],
            authentication=AUTHENTICATIONS[held["authMethod"]],
            login_name=held["loginName"],
        )


@dataclass(frozen=True, slots=True)
class Account:
    """The account that Thunderbird has set up.

    Attributes:
        source: the source of the configuration in Thunderbird's words, such as
            `xml-from-isp-https`; `dialog` if a user does not see it.
        alternatives: the other incoming servers that it offered, such as `pop3 host:995`; servers
            with a URL have no port.
        offered: the address books and calendars that it found in the dialog.
    """

    address: str
    incoming: Server
    outgoing: Server
    source: str
    alternatives: tuple[str, ...]
    offered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Groupware:
    """The URL of each address book and calendar that Thunderbird found, by its name."""

    books: dict[str, str]
    calendars: dict[str, str]


class Thunderbird:
    """A running Thunderbird."""

    def __init__(self, remote: Marionette) -> None:
        self._remote = remote

    def set_up(
        self, address: str, *, search_password: str = "", trusted: str = ""
    ) -> Account | None:
        """Set up an account for an address and remove it; None if Thunderbird finds nothing.

        Args:
            address: as its user types it.
            search_password: the password that is sent with Autodiscover. Thunderbird asks its user
                for one if a server demands it.
            trusted: the other domain that Autodiscover may use; Thunderbird asks its user about it.

        Raises AssertionError if the setup fails with an error.
        """
        arguments = (address, REAL_NAME, PASSWORD, search_password, trusted)
        return self._run("thunderbird_search.js", *arguments)

    def set_up_in_dialog(self, address: str) -> Account | None:
        """Set up an account in Thunderbird's dialog, as a user does, with a login."""
        return self._run("thunderbird_dialog.js", address, REAL_NAME, PASSWORD)

    def look_for_groupware(self, address: str, incoming_host: str) -> Groupware:
        """Search for address books and calendars, as the setup does after the login."""
        return Groupware(**self._answer("thunderbird_sync.js", address, PASSWORD, incoming_host))

    def _run(self, script: str, *arguments: str) -> Account | None:
        held = self._answer(script, *arguments)
        if held is None:
            return None
        return Account(
            address=held["address"],
            incoming=Server.read(held["incoming"]),
            outgoing=Server.read(held["outgoing"]),
            source=held["source"],
            alternatives=tuple(held["alternatives"]),
            offered=tuple(held.get("offered", ())),
        )

    def _answer(self, script: str, *arguments: str) -> Any:
        folder = Path(__file__).parent
        text = "".join(
            (folder / name).read_text(encoding="utf-8")
            for name in ("thunderbird_account.js", script)
        )
        answer = self._remote.run_script(text, arguments, seconds=PATIENCE_SECONDS)
        assert isinstance(answer, dict)
        assert "error" not in answer, answer["error"]
        return answer["result"]


def with_password(kind: str, where: str, security: str, login_name: str) -> Server:
    """Return a server with a plain password inside TLS."""
    host, _, port = where.partition(":")
    return Server(kind, host, int(port), security, "password-cleartext", login_name)


def found(account: Account | None) -> Account:
    """Return the account; raise AssertionError if Thunderbird found no configuration."""
    assert account is not None, "Thunderbird found no configuration"
    return account


@contextmanager
def thunderbird(
    folder: Path, *, authority: Path, database: str, names: Path | None = None
) -> Iterator[Thunderbird]:
    """Run Thunderbird with a new profile.

    Args:
        folder: the folder for the profile and the log.
        authority: the certificate (PEM) that it must trust in addition to the public ones.
        database: the URL that replaces the public database; a domain is appended to it.
        names: the files for name resolution (`own_files.write_names`); without them each name is
            127.0.0.1.
    """
    profile = folder / "profile"
    profile.mkdir()
    _trust(profile, authority)
    preferences: dict[str, str | int] = {
        "mailnews.auto_config_url": database,
        "network.dns.forceResolve": "" if names else "127.0.0.1",
        "mail.provider.suppress_dialog_on_startup": True,
        "mail.spotlight.firstRunDone": True,
        "mail.shell.checkDefaultClient": False,
        "app.update.enabled": False,
        "app.donation.eoy.version.viewed": 999,
        "datareporting.policy.dataSubmissionEnabled": False,
        "toolkit.telemetry.enabled": False,
        "extensions.update.enabled": False,
        "network.captive-portal-service.enabled": False,
        "network.connectivity-service.enabled": False,
        "mail.setup.loglevel": "All",
        "devtools.console.stdout.chrome": True,
    }
    lines = [f"user_pref({_js(name)}, {_js(value)});\n" for name, value in preferences.items()]
    (profile / "user.js").write_text("".join(lines), encoding="utf-8")
    command = [
        *(program("thunderbird"), "--headless", "--marionette", "--remote-allow-system-access"),
        *("--no-remote", "-profile", f"{profile}"),
    ]
    process = Process(
        over_etc(names, command) if names else command,
        log=folder / "thunderbird.log",
        environment=os.environ | {"HOME": f"{folder}"},
    )
    with process, marionette(seconds=PATIENCE_SECONDS) as remote:
        yield Thunderbird(remote)


def version() -> str:
    """Return the version that Thunderbird prints."""
    return subprocess.check_output([program("thunderbird"), "--version"], text=True).strip()


def _trust(profile: Path, authority: Path) -> None:
    store = ["-d", f"sql:{profile}"]
    certutil = program("certutil")
    subprocess.run([certutil, "-N", *store, "--empty-password"], check=True)
    subprocess.run(
        [certutil, "-A", *store, "-n", "tests", "-t", "C,,", "-i", f"{authority}"], check=True
    )


def _js(value: str | int) -> str:
    return json.dumps(value)
