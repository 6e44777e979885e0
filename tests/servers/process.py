"""One program, from its start to its end, with its output in one file."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from tests.servers.forked import WAYPOST, Forked, starts_alike
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.process_tree import descendants, lives
from tests.servers.requirements import program

# If the parent ended before the signal was requested, the kernel does not send it any more.
_WHILE_THERE: Final = '[ "$PPID" = "$0" ] && exec "$@"'


class Process:
    """A program and its children, started at `with` and ended after it.

    The program also ends if the tests themselves are killed, even with SIGKILL.

    Attributes:
        log: the file with what the program wrote to its standard output and error output.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        user: str | None = None,
        stop: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.log = log
        self._command = list(command)
        self._environment = environment
        self._folder = folder
        self._user = user
        self._stop = stop
        self._running: subprocess.Popen[bytes] | Forked | None = None

    def __enter__(self) -> Self:
        with self.log.open("wb") as output:
            self._running = start(
                self._command,
                output=output,
                environment=self._environment,
                folder=self._folder,
                user=self._user,
                stop=self._stop,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        running = self._running
        if running is None:
            return
        for number, seconds in ((self._stop, 10), (signal.SIGKILL, 10)):
            try:
                os.killpg(running.pid, number)
                running.wait(timeout=seconds)
            except ProcessLookupError:
                running.wait(timeout=seconds)
                break
            except subprocess.TimeoutExpired:
                continue

    @property
    def pid(self) -> int:
        """Return the id of the program's process; RuntimeError if it was not started."""
        if self._running is None:
            raise RuntimeError(f"{self._command[0]} was not started")
        return self._running.pid

    @property
    def exit_code(self) -> int | None:
        """Return the exit status of the program, or None while it runs."""
        return None if self._running is None else self._running.poll()

    def kill(self) -> None:
        """End the program and its children at once, as a crash would."""
        if self._running is None:
            return
        # A server process of PostgreSQL has its own group.
        below = descendants(self._running.pid)
        with suppress(ProcessLookupError):
            os.killpg(self._running.pid, signal.SIGKILL)
        for one in below:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        self._running.wait(timeout=PATIENCE_SECONDS)
        # A child that still writes or answers would disturb the next start.
        end = time.monotonic() + PATIENCE_SECONDS
        with suppress(ProcessLookupError):
            while time.monotonic() < end:
                os.killpg(self._running.pid, 0)
                time.sleep(0.02)
        while any(map(lives, below)) and time.monotonic() < end:
            time.sleep(0.02)

    def wait_until(self, ready: Callable[[], bool], *, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until the program is ready; TimeoutError with its log if not, or if it ends."""
        end = time.monotonic() + seconds
        while not ready():
            ended = self._running is None or self._running.poll() is not None
            if ended or time.monotonic() > end:
                why = "ended" if ended else f"was not ready after {seconds} s"
                text = self.log.read_text(encoding="utf-8", errors="replace")
                raise TimeoutError(f"{self._command[0]} {why}:\n{text[-4000:]}")
            time.sleep(0.02)


def start(
    command: Sequence[str],
    *,
    output: BinaryIO,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    user: str | None = None,
    stop: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes] | Forked:
    """Start a program in its own session; `python -m waypost` as a fork if that is the same.

    Args:
        command: the program and its arguments.
        output: the file for its output and its error output.
        environment: all variables; by default those of this process.
        folder: the working folder; by default that of this process.
        user: who runs it; by default the user of this process.
        stop: the signal that it gets when this process ends for any reason.
    """
    is_waypost = tuple(command[: len(WAYPOST)]) == WAYPOST and user is None
    if is_waypost and starts_alike(environment or os.environ):
        with Path(os.devnull).open("rb") as nothing:
            return Forked(
                command[len(WAYPOST) :],
                streams=(nothing.fileno(), output.fileno(), output.fileno()),
                environment=environment or os.environ,
                folder=folder or Path.cwd(),
                stop=stop,
            )
    return subprocess.Popen(
        tied_to_this_process(command, stop),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=folder,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        start_new_session=True,  # its own group, to be ended as one
    )


def tied_to_this_process(
    command: Sequence[str], number: signal.Signals = signal.SIGTERM
) -> list[str]:
    """Return a command that gets a signal when this process ends for any reason.

    The kernel sends the signal: see PR_SET_PDEATHSIG in prctl(2). A change of user would cancel
    it, so the caller changes the user first. The signal survives exec, but the command's children
    do not get it, so the command must end them itself.

    Raises:
        RuntimeError: asked for outside the main thread. The kernel sends the signal at the end of
            the thread that started the command, which would be too early.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError(f"start {command[0]} in the main thread: it would end with this one")
    name = number.name.removeprefix("SIG")
    watch = [program("setpriv"), "--pdeathsig", name, "--", "sh", "-c", _WHILE_THERE]
    return [*watch, f"{os.getpid()}", *command]
