"""Geary's window, used as a user does: reads lines of a word and an address, writes JSON lines.

`search` types an address into the dialog for a new account, and returns what Geary fills in.
`log_in` then types a password, presses "Create", and returns the account that is saved: if the
search found both servers, Geary logs in by IMAP first, but not by SMTP. The labels are those of
Geary 43, in English. `tests.clients.geary` starts this program, with the descriptor of the file for
the answers.
"""

import configparser
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.clients import accessibility
from tests.clients.accessibility import Application, is_visible, text

_HOME: Final = Path.home()
_FOLDERS: Final = (_HOME / ".config", _HOME / ".local", _HOME / ".cache")
_BACK: Final = ""  # Its button has only a picture.
_PRESS_AGAIN_SECONDS: Final = 1.0
_SECTIONS: Final = {"imap": "Incoming", "smtp": "Outgoing"}


class Geary:
    """A Geary that has no account yet."""

    def __init__(self, windows: Application) -> None:
        self._windows = windows

    def search(self, address: str) -> dict[str, Any]:
        """Return what Geary fills in for an address; nothing if Geary does not accept it.

        A server that was not found is a guess.
        """
        windows = self._windows
        windows.press("Add")
        windows.fill("Your name", "Alice Example")
        # The search starts after the last letter, and a spinner turns until it ends.
        windows.fill("Email address", address)
        windows.wait_for("the end of the search", lambda: self._is_refused() or not self._is_busy())
        if self._is_refused():
            return {}
        windows.press("Next")
        windows.wait_for("the password", lambda: windows.find("password text"))
        hosts = [windows.every_field(f"{kind.upper()} server")[0] for kind in _SECTIONS]
        ways = windows.every_field("Connection security")
        login_name = text(windows.every_field("Login name")[0])
        return {
            kind: {
                "place": text(host),
                "security": way.name,
                # Geary asks its user about its guesses.
                "is_guess": is_visible(host),
                "login_name": login_name,
            }
            for kind, host, way in zip(_SECTIONS, hosts, ways, strict=True)
        }

    def leave(self) -> None:
        """Return to the dialog for a new account.

        A press is lost while the pages change, so the button is pressed until the list is shown.
        """
        pressed_at = 0.0

        def is_left() -> bool:
            nonlocal pressed_at
            if self._windows.find("push button", "Add"):
                return True
            if time.monotonic() - pressed_at > _PRESS_AGAIN_SECONDS:
                pressed_at = time.monotonic()
                self._windows.press_at_once(_BACK)
            return False

        self._windows.wait_for("the list", is_left)

    def log_in(self, address: str) -> dict[str, Any]:
        """Return the account that Geary saves for an address."""
        self.search(address)
        self._windows.fill("Password", "secret")
        self._windows.press("Create")
        account: dict[str, Any] = self._windows.wait_for("the account", _kept)
        return account

    def _is_busy(self) -> bool:
        return self._windows.find("animation", "Spinner") is not None

    def _is_refused(self) -> bool:
        return self._windows.find("icon", "dialog-error-symbolic") is not None


def _kept() -> dict[str, Any] | None:
    read = configparser.ConfigParser(interpolation=None)
    read.read(_HOME.glob(".config/geary/account_*/geary.ini"), encoding="utf-8")
    if not all(read.has_option(section, "credentials") for section in _SECTIONS.values()):
        return None
    login = read["Incoming"]["login"]
    return {
        kind: {
            "place": f"{read[section]['host']}:{read[section]['port']}",
            "security": read[section]["transport_security"],
            "is_guess": False,
            "login_name": read[section].get("login", login),
        }
        for kind, section in _SECTIONS.items()
    }


@contextmanager
def _started() -> Iterator[Geary]:
    for folder in _FOLDERS:
        shutil.rmtree(folder, ignore_errors=True)
    with subprocess.Popen(["geary"]) as process:
        try:
            yield Geary(Application("geary", process, role="dialog"))
        finally:
            process.kill()


def _answers() -> Iterator[dict[str, Any]]:
    lines = iter(sys.stdin)
    line = next(lines, "")
    while line:
        with _started() as geary:
            while line:
                word, address = json.loads(line)
                if word == "log_in":
                    yield geary.log_in(address)
                    line = next(lines, "")
                    break  # It has an account now.
                yield geary.search(address)
                geary.leave()
                line = next(lines, "")


if __name__ == "__main__":
    with accessibility.display(), os.fdopen(int(sys.argv[1]), "w") as answered:
        for answer in _answers():
            answered.write(f"{json.dumps(answer)}\n")
            answered.flush()
