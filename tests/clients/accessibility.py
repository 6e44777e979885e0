"""The windows of a program, as assistive technologies read and use them (AT-SPI).

Runs under Debian's own Python, which has `pyatspi`. Open a display first.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pyatspi
from gi.repository import GLib

from tests.servers.patience import PATIENCE_SECONDS

_STEP_SECONDS: Final = 0.02
_INPUTS: Final = ("text", "password text", "combo box")

Node = Any
"""An accessible object: `pyatspi` has no types."""


@contextmanager
def display() -> Iterator[None]:
    """Start an X server without a screen, and add it to the environment of this process.

    It listens only on an abstract socket. Each network namespace has its own abstract sockets, so
    that no file remains if the server is killed.
    """
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", f"{writing}", "-screen", "0", "1024x1200x24"]
    command += ["-nolock", "-nolisten", "unix", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing]) as server:
        os.close(writing)
        with os.fdopen(reading) as numbers:
            number = numbers.readline().strip()
        if not number:
            raise TimeoutError("Xvfb did not start")
        os.environ["DISPLAY"] = f":{number}"
        try:
            yield
        finally:
            server.kill()


class Application:
    """The windows of one running program.

    Args:
        name: the name of the program in AT-SPI.
        process: the process of the program; all waiting ends with this process.
        role: the role of the windows that are read; empty for all windows.
    """

    def __init__(self, name: str, process: subprocess.Popen[bytes], *, role: str = "") -> None:
        self._name = name
        self._process = process
        self._role = role

    def find(self, role: str, name: str | None = None) -> Node | None:
        """Return the first visible object of a role and a name, if there is one."""
        return next((node for node in self.every(role, name) if is_visible(node)), None)

    def every(self, role: str, name: str | None = None) -> list[Node]:
        """Return the objects of a role and a name, also those that are not visible."""
        return [
            node
            for node in self._nodes()
            if node.getRoleName() == role and name in (None, node.name)
        ]

    def every_field(self, label: str) -> list[Node]:
        """Return the text next to each label of a name, also if it is not visible.

        GTK lists the objects of a grid in reverse order, and the objects of a row in order.
        """
        fields = [_neighbour(node) for node in self.every("label", label)]
        return [node for node in fields if node is not None]

    def wait_for(self, what: str, ready: Callable[[], Any]) -> Any:
        """Return the first true result of a function.

        Raises TimeoutError, with the visible text, if there is none in time.
        """
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            try:
                if found := ready():
                    return found
            except GLib.Error:  # An object that has just gone.
                pass
            time.sleep(_STEP_SECONDS)
        raise TimeoutError(f"timed out waiting for {what}:\n{self.shown()}")

    def press(self, name: str, role: str = "push button") -> None:
        """Press a button after it is visible and enabled."""
        button = self.wait_for(
            f"the button {name!r}", lambda: _only_if_usable(self.find(role, name))
        )
        button.queryAction().doAction(0)

    def press_at_once(self, name: str, role: str = "push button") -> None:
        """Press a button if it is visible and enabled now."""
        if (button := _only_if_usable(self.find(role, name))) is not None:
            button.queryAction().doAction(0)

    def choose(self, name: str) -> None:
        """Select an entry of a closed list."""
        entry = self.wait_for(f"the entry {name!r}", lambda: self.every("menu item", name))[0]
        entry.queryAction().doAction(0)

    def fill(self, label: str, value: str) -> None:
        """Write a text into the field next to a label."""
        field = self.wait_for(f"the field {label!r}", lambda: self.every_field(label))[0]
        field.queryEditableText().setTextContents(value)

    def shown(self) -> str:
        """Return all visible texts, line by line."""
        try:
            visible = [node for node in self._nodes() if is_visible(node)]
            lines = [f"{one.getRoleName()} {one.name!r} {text(one)!r}" for one in visible]
        except GLib.Error as error:
            return f"nothing can be seen: {error}"
        return "\n".join(lines) or f"no window of {self._name}; it has ended: {self._has_ended()}"

    def _has_ended(self) -> bool:
        return self._process.poll() is not None

    def _nodes(self) -> Iterator[Node]:
        for program in pyatspi.Registry.getDesktop(0):
            if program is not None and program.name == self._name:
                for window in program:
                    if window is not None and self._role in ("", window.getRoleName()):
                        yield from _below(window)


def text(node: Node) -> str:
    """Return the text of a field; empty for other objects."""
    try:
        return str(node.queryText().getText(0, -1))
    except NotImplementedError:
        return ""


def is_checked(node: Node) -> bool:
    """Return whether a box is ticked."""
    return bool(node.getState().contains(pyatspi.STATE_CHECKED))


def is_visible(node: Node) -> bool:
    """Return whether a user sees an object."""
    return bool(node.getState().contains(pyatspi.STATE_SHOWING))


def _only_if_usable(node: Node | None) -> Node | None:
    usable = node is not None and node.getState().contains(pyatspi.STATE_SENSITIVE)
    return node if usable else None


def _neighbour(label: Node) -> Node | None:
    siblings, index = list(label.parent), label.getIndexInParent()
    around = [*siblings[max(index - 1, 0) : index], *siblings[index + 1 : index + 2]]
    return next((one for one in around if one.getRoleName() in _INPUTS), None)


def _below(node: Node) -> Iterator[Node]:
    yield node
    for child in node:
        if child is not None:
            yield from _below(child)
