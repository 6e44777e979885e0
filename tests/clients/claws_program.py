"""Claws Mail's wizard, used as a user does: reads lines of a word, an address and a server kind.

`search` presses the wizard's "Auto-configure", and returns the servers that it fills in. `log_in`
completes the wizard, logs in, and returns the account that is saved. The labels are those of Claws
Mail 4.1, in English. `tests.clients.claws` starts this program, with the descriptor of the file for
the answers.
"""

import configparser
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from tests.clients import accessibility
from tests.clients.accessibility import Application, is_checked, text

_FOLDER: Final = Path.home() / ".claws-mail"
_BUTTON: Final = "Auto-configure"
_PRESSED_MAX: Final = 5
_FAILED: Final = "Failed: no service record found."
# The field that each lookup fills in.
_RECEIVING: Final = "Server address:"
_SENDING: Final = "SMTP server address:"
_TLS: Final = {
    _RECEIVING: "Use TLS to connect to receiving server",
    _SENDING: "Use TLS to connect to SMTP server",
}
_STARTTLS: Final = "Use STARTTLS command to start encryption"
_SECURITY: Final = ("none", "tls", "starttls")


class Wizard:
    """The wizard of a new Claws Mail."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._windows = Application("claws-mail", process)

    def search(self, address: str, kind: str) -> dict[str, Any]:
        """Return the servers that the wizard fills in; None for a server that was not found."""
        windows = self._windows
        windows.press("Next")
        windows.fill("Your name:", "Alice Example")
        windows.fill("Your email address:", address)
        windows.press("Next")
        windows.wait_for("the kinds", lambda: windows.find("combo box"))
        windows.choose(kind)
        found = self._found()
        names = {"receiving": _RECEIVING, "sending": _SENDING}
        return {
            name: self._server(label) if label in found else None for name, label in names.items()
        }

    def log_in(self, address: str, kind: str) -> dict[str, Any]:
        """Return the account that is saved after Claws Mail has logged in."""
        windows = self._windows
        self.search(address, kind)
        windows.fill("Password:", "secret")
        while windows.find("label", "Configuration finished") is None:
            windows.press("Next")
        windows.press("Save")
        # It asks this about each new certificate.
        windows.press("Accept and save")
        windows.wait_for("the folders", _has_seen_folders)
        return _kept()

    def _found(self) -> set[str]:
        """Press the button, and return the fields that are filled in.

        Both lookups run at once, and the window shows only how the last one ended. If that was a
        success and a field is unchanged, the other lookup has failed, or has not started yet on a
        busy machine. Therefore the button is pressed again, a few times.
        """
        before = {label: self._text(label) for label in (_RECEIVING, _SENDING)}
        found: set[str] = set()
        for _ in range(_PRESSED_MAX):
            self._windows.press(_BUTTON)
            self._windows.wait_for("the lookups", self._is_idle)
            found |= {label for label, text in before.items() if self._text(label) != text}
            if found == set(before) or self._windows.find("label", _FAILED):
                break
        return found

    def _is_idle(self) -> bool:
        is_ready = self._windows.find("push button", _BUTTON) is not None
        return is_ready and not _asks_dns(self._process)

    def _server(self, label: str) -> dict[str, Any]:
        (with_tls,) = self._windows.every("check box", _TLS[label])
        with_starttls = self._windows.every("check box", _STARTTLS)[label == _SENDING]
        ways = {(False, False): "none", (True, False): "tls", (True, True): "starttls"}
        return {
            "place": self._text(label),
            "security": ways[is_checked(with_tls), is_checked(with_starttls)],
            "login_name": self._text("Username:"),
        }

    def _text(self, label: str) -> str:
        return text(self._windows.every_field(label)[0])


def _asks_dns(process: subprocess.Popen[bytes]) -> bool:
    """Return whether a process has a UDP socket, which means that it waits for an answer."""
    folder = Path(f"/proc/{process.pid}")
    rows = (folder / "net" / "udp").read_text(encoding="ascii").splitlines()[1:]
    sockets = {f"socket:[{row.split()[9]}]" for row in rows}
    held = set()
    for one in (folder / "fd").iterdir():
        with suppress(FileNotFoundError):  # It has just been closed.
            held.add(f"{one.readlink()}")
    return bool(sockets & held)


def _has_seen_folders() -> bool:
    file = _FOLDER / "folderlist.xml"
    return file.exists() and 'path="INBOX"' in file.read_text(encoding="utf-8")


def _kept() -> dict[str, Any]:
    read = configparser.ConfigParser(interpolation=None, strict=False)
    read.read(_FOLDER / "accountrc", encoding="utf-8")
    account = read["Account: 1"]
    places = {
        "imap": account["receive_server"],
        "smtp": f"{account['smtp_server']}:{account['smtp_port']}",
    }
    receiving, sending = (
        {
            "place": place,
            "security": _SECURITY[int(account[f"ssl_{protocol}"])],
            # Claws Mail uses the receiving login if there is none for sending.
            "login_name": account.get(f"{protocol}_user_id") or account["user_id"],
        }
        for protocol, place in places.items()
    )
    return {"receiving": receiving, "sending": sending}


@contextmanager
def _started() -> Iterator[Wizard]:
    shutil.rmtree(_FOLDER, ignore_errors=True)
    with subprocess.Popen(["claws-mail"], stdout=subprocess.DEVNULL) as process:
        try:
            yield Wizard(process)
        finally:
            process.kill()


if __name__ == "__main__":
    with accessibility.display(), os.fdopen(int(sys.argv[1]), "w") as answers:
        for line in sys.stdin:
            word, *arguments = json.loads(line)
            with _started() as wizard:
                ways = {"search": wizard.search, "log_in": wizard.log_in}
                answers.write(f"{json.dumps(ways[word](*arguments))}\n")
            answers.flush()
