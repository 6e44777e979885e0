"""The principal of a command: the user of the operating system who runs it."""

import os
import pwd

from waypost.admin.principal import Principal


def command_principal() -> Principal:
    """Return the user who runs the command, or who became root with sudo; without limits."""
    name = os.environ.get("SUDO_USER") if os.geteuid() == 0 else None
    return Principal(name or _user_name(), "command")


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # A container may run with a number that has no name.
        return f"uid {os.geteuid()}"
