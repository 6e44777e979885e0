"""App passwords by a local command: no shell, JSON on its standard input and output."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from waypost.app_passwords.messages import ANSWER_MAX_BYTES, Action, read_answer, write_request
from waypost.setup_links.app_password import AppPasswordError, AppPasswordRequest

ENVIRONMENT: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
"""All variables of the command: none of Waypost's, which may have secrets."""
_FOLDER: Final = Path("/")


@dataclass(frozen=True, slots=True)
class CommandHook:
    """A command of the operator. Implements `AppPasswordSource`.

    Attributes:
        arguments: the absolute path of the program, and its arguments. No value of a request is
            added, so that none can become an option.
        seconds: after which the command and its children are killed.
    """

    arguments: Sequence[str]
    seconds: float

    def create(self, request: AppPasswordRequest) -> str:
        """Return a new app password.

        Raises:
            AppPasswordError: there is none.
        """
        return self._run("create", request)

    def revoke(self, request: AppPasswordRequest) -> None:
        """Remove the app password of this request.

        Raises:
            AppPasswordError: it could not be removed.
        """
        self._run("revoke", request)

    def _run(self, action: Action, request: AppPasswordRequest) -> str:
        try:
            process = subprocess.Popen(  # noqa: S603 -- the operator's own command, without a shell
                [*self.arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # it may have a secret
                env=ENVIRONMENT,
                cwd=_FOLDER,
                start_new_session=True,
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise AppPasswordError(f"app_password_command: cannot be started: {reason}") from error
        is_late = threading.Event()

        def end() -> None:
            is_late.set()
            _kill(process)

        timer = threading.Timer(self.seconds, end)
        timer.daemon = True
        timer.start()
        try:
            data = _talk(process, write_request(action, request))
            # Without WNOWAIT its number could be that of another process at the end.
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        finally:
            timer.cancel()
            timer.join()
            _kill(process)  # its children, too
            code = process.wait()
        if is_late.is_set():
            raise AppPasswordError(f"app_password_command: took longer than {self.seconds:g} s")
        if code != 0 and not data.strip():
            raise AppPasswordError(f"app_password_command: ended with exit status {code}")
        answer = read_answer(action, data)
        if code != 0:
            raise AppPasswordError(f"app_password_command: ended with exit status {code}")
        return answer


def _talk(process: subprocess.Popen[bytes], request: bytes) -> bytes:
    """Write a request, and read the answer: at most one byte more than allowed."""
    given: IO[bytes] | None = process.stdin
    output: IO[bytes] | None = process.stdout
    if given is None or output is None:
        raise AppPasswordError("app_password_command: has no input or output")
    with output:
        # A command that does not read its input may still answer.
        with contextlib.suppress(BrokenPipeError), given:
            given.write(request)
        return output.read(ANSWER_MAX_BYTES + 1)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the command and its children: its session has its process id."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
