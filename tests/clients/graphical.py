"""Mail clients with windows: a small program controls each, reads lines and writes lines."""

import json
import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL
from typing import Any, BinaryIO, Final

from tests.servers.own_files import over_etc
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.process import tied_to_this_process
from tests.servers.requirements import program

REPOSITORY: Final = Path(__file__).parents[2]
# Debian's own Python, which has pyatspi.
PYTHON: Final = Path("/usr/bin/python3")
ACCESSIBILITY: Final = Path("/usr/lib/python3/dist-packages/pyatspi/__init__.py")
NEEDED: Final = ("Xvfb", "dbus-run-session")


class Graphical:
    """A running program such as `geary_program`.

    Args:
        process: the program, which reads lines of JSON.
        answers: the file with one line of JSON for each.
        log: the file for its errors.
    """

    def __init__(self, process: subprocess.Popen[bytes], answers: BinaryIO, log: Path) -> None:
        self._process = process
        self._answers = answers
        self._log = log

    def ask(self, *words: str) -> dict[str, Any]:
        """Return the program's answer; raise TimeoutError with the end of its log if none comes."""
        assert self._process.stdin
        self._process.stdin.write(f"{json.dumps(words)}\n".encode())
        self._process.stdin.flush()
        ready, _, _ = select.select([self._answers], [], [], 2 * PATIENCE_SECONDS)
        line = self._answers.readline() if ready else b""
        if not line:
            raise TimeoutError(self._log.read_text(encoding="utf-8", errors="replace")[-4000:])
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def graphical(name: str, folder: Path, names: Path) -> Iterator[Graphical]:
    """Run a program that controls a client with windows.

    Args:
        name: the name of the module, in this package.
        folder: the folder for the client's settings and the log.
        names: the files for name resolution and trusted authorities (`own_files.write_names`).
    """
    # Its bus and all processes that the bus starts end with it, because they are in their own
    # namespace of processes, pid_namespaces(7).
    options = ("--pid", "--fork", "--kill-child", "--mount-proc")
    reading, writing = os.pipe()
    # Processes of the bus inherit its standard output, and may write anything there.
    python = [f"{PYTHON}", "-B", "-m", f"{__package__}.{name}", f"{writing}"]
    inside = [program("dbus-run-session"), "--", *python]
    log = folder / f"{name}.log"
    with (
        os.fdopen(reading, "rb", buffering=0) as answers,
        log.open("wb") as output,
        subprocess.Popen(
            tied_to_this_process(over_etc(names, inside, options), SIGKILL),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            pass_fds=[writing],
            cwd=REPOSITORY,
            env={
                "PATH": "/usr/bin:/bin",
                "LANG": "C.UTF-8",
                "HOME": f"{folder}",
                "XDG_RUNTIME_DIR": f"{folder}",
                "GDK_BACKEND": "x11",
                "GSETTINGS_BACKEND": "memory",
            },
        ) as process,
    ):
        os.close(writing)
        try:
            yield Graphical(process, answers, log)
        finally:
            process.kill()
            process.wait(timeout=10)
