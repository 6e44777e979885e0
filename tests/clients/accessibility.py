"""The windows of a program, as assistive technologies see and use them (AT-SPI).

Runs under Debian's own Python, which has `pyatspi`; a display of its own must be there before
anything is asked for.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pyatspi
from gi.repository import GLib

_SECONDS: Final = 20
_STEP_SECONDS: Final = 0.02
_INPUTS: Final = ("text", "password text", "combo box")

Node = Any
"""An accessible object: `pyatspi` has no types."""


@contextmanager
def display() -> Iterator[None]:
    """Run an X server without a screen, and put it into the environment of this process.

    It listens to an abstract socket alone, of which each network namespace has its own, so that
    nothing is left behind where it is killed.
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
        name: as the program gives it to AT-SPI.
        process: whose end is the end of all waiting.
        role: of the windows that are looked at; all of them without it.
    """

    def __init__(self, name: str, process: subprocess.Popen[bytes], *, role: str = "") -> None:
        self._name = name
        self._process = process
        self._role = role

    def find(self, role: str, name: str | None = None) -> Node | None:
        """Return the first visible object of a role and a name, if there is one."""
        return next((node for node in self.every(role, name) if is_visible(node)), None)

    def every(self, role: str, name: str | None = None) -> list[Node]:
        """Return the objects of a role and a name, those that are not visible now as well."""
        return [
            node
            for node in self._nodes()
            if node.getRoleName() == role and name in (None, node.name)
        ]

    def every_field(self, label: str) -> list[Node]:
        """Return what is filled in beside each label of a name, even where it is not visible now.

        GTK lists what is in a grid the last first, and what is in a row the first first.
        """
        beside = [_beside(node) for node in self.every("label", label)]
        return [node for node in beside if node is not None]

    def wait_for(self, what: str, ready: Callable[[], Any], *, seconds: float = _SECONDS) -> Any:
        """Wait until something is given that counts as true.

        Raises TimeoutError, with what is visible, where that does not come.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._process.poll() is None:
            try:
                if found := ready():
                    return found
            except GLib.Error:  # An object that has just gone.
                pass
            time.sleep(_STEP_SECONDS)
        raise TimeoutError(f"waited in vain for {what}:\n{self.shown()}")

    def press(self, name: str, role: str = "push button") -> None:
        """Press a button, once it is there and can be pressed."""
        button = self.wait_for(
            f"the button {name!r}", lambda: _only_if_usable(self.find(role, name))
        )
        button.queryAction().doAction(0)

    def choose(self, name: str) -> None:
        """Take an entry of a list that is closed now."""
        entry = self.wait_for(f"the entry {name!r}", lambda: self.every("menu item", name))[0]
        entry.queryAction().doAction(0)

    def fill(self, label: str, value: str) -> None:
        """Write a text into the field beside a label."""
        field = self.wait_for(f"the field {label!r}", lambda: self.every_field(label))[0]
        field.queryEditableText().setTextContents(value)

    def shown(self) -> str:
        """Return all that is visible, line by line."""
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
    """Return what is written in a field; empty for other objects."""
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


def _beside(label: Node) -> Node | None:
    siblings, index = list(label.parent), label.getIndexInParent()
    around = [*siblings[max(index - 1, 0) : index], *siblings[index + 1 : index + 2]]
    return next((one for one in around if one.getRoleName() in _INPUTS), None)


def _below(node: Node) -> Iterator[Node]:
    yield node
    for child in node:
        if child is not None:
            yield from _below(child)
