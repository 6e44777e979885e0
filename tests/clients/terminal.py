"""A terminal for programs that draw on one: a pseudo-terminal, and the content of its screen.

It supports the sequences that such programs need (ECMA-48: CUP, the cursor movements, ED and EL)
and ignores the others, for example colours.
"""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.process import tied_to_this_process
from tests.servers.requirements import program

ROWS: Final = 40
COLUMNS: Final = 100
_SEQUENCE: Final = re.compile(
    r"\x1b\[(?P<parameters>[0-9;?<>=]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b[PX^_][^\x1b]*\x1b\\"
    r"|\x1b[ -/]*[0-~]"
)
# The beginning of a sequence, which may be incomplete.
_UNFINISHED: Final = re.compile(r"\x1b(?:\[[0-9;?<>=]*[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?|[ -/]*)?\Z")


class Screen:
    """The content of the screen of a terminal."""

    def __init__(self) -> None:
        self._cells = [[" "] * COLUMNS for _ in range(ROWS)]
        self._row = self._column = 0
        self._rest = ""

    def __str__(self) -> str:
        return "\n".join("".join(row).rstrip() for row in self._cells)

    def show(self, text: str) -> None:
        """Draw the output of a program."""
        text = self._rest + text
        unfinished = _UNFINISHED.search(text)
        end = unfinished.start() if unfinished else len(text)
        self._rest = text[end:]
        at = 0
        for found in _SEQUENCE.finditer(text, 0, end):
            self._write(text[at : found.start()])
            if found["final"] and not found["parameters"].startswith(("?", "<", ">", "=")):
                self._obey(found["final"], found["parameters"])
            at = found.end()
        self._write(text[at:end])

    def _write(self, text: str) -> None:
        for one in text:
            if one == "\r":
                self._column = 0
            elif one == "\n":
                self._row = min(self._row + 1, ROWS - 1)
            elif one == "\b":
                self._column = max(self._column - 1, 0)
            elif one >= " ":
                self._cells[self._row][min(self._column, COLUMNS - 1)] = one
                self._column += 1

    def _obey(self, final: str, parameters: str) -> None:
        numbers = [int(one) if one else 0 for one in parameters.split(";")]
        count = numbers[0] or 1
        match final:
            case "H" | "f":
                self._row = min(count, ROWS) - 1
                self._column = min((numbers[1:] or [1])[0] or 1, COLUMNS) - 1
            case "A":
                self._row = max(self._row - count, 0)
            case "B":
                self._row = min(self._row + count, ROWS - 1)
            case "C":
                self._column = min(self._column + count, COLUMNS - 1)
            case "D":
                self._column = max(self._column - count, 0)
            case "J" if numbers[0] == 2:
                self._cells = [[" "] * COLUMNS for _ in range(ROWS)]
            case "J":
                self._erase(self._column)
                self._cells[self._row + 1 :] = [
                    [" "] * COLUMNS for _ in self._cells[self._row + 1 :]
                ]
            case "K":
                self._erase(self._column)
            case _:
                pass

    def _erase(self, start: int) -> None:
        self._cells[self._row][start:] = [" "] * (COLUMNS - start)


class Terminal:
    """A program with a screen and a keyboard."""

    def __init__(self, master: int, process: subprocess.Popen[bytes]) -> None:
        self._master = master
        self._process = process
        self._screen = Screen()

    @property
    def screen(self) -> str:
        """Return the content of the screen, line by line."""
        return str(self._screen)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def wait_for(self, text: str) -> None:
        """Wait until a text is on the screen; raise TimeoutError with the screen otherwise."""
        self.wait_until(lambda: text in self.screen, repr(text))

    def wait_until(self, ready: Callable[[], bool], what: str) -> None:
        """Draw until a condition is true; raise TimeoutError with the screen otherwise."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not ready():
            if time.monotonic() > end or not self._read():
                raise TimeoutError(f"timed out waiting for {what}:\n{self.screen}")

    def _read(self) -> bool:
        """Draw the available output; return False if the program has exited."""
        ready, _, _ = select.select([self._master], [], [], 0.1)
        if not ready:
            return self._process.poll() is None
        try:
            data = os.read(self._master, 65536)
        except OSError:  # Linux returns EIO after the other end is closed.
            return False
        self._screen.show(data.decode(errors="replace"))
        return bool(data)


@contextmanager
def terminal(command: Sequence[str], *, environment: Mapping[str, str]) -> Iterator[Terminal]:
    """Run a program on a terminal of ROWS and COLUMNS, and stop it afterwards."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = subprocess.Popen(
        # The program opens /dev/tty, so this must be the terminal of its session.
        tied_to_this_process([program("setsid"), "--ctty", *command]),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**environment, "TERM": "xterm"},
    )
    os.close(slave)
    try:
        yield Terminal(master, process)
    finally:
        process.kill()
        process.wait(timeout=10)
        os.close(master)
