"""The operator's command that gets each change, as JSON on its standard input."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Final

from waypost.core.errors import SettingsError
from waypost.monitor.results import FindingChange

COMMAND_SECONDS: Final = 30.0
RETRY_SECONDS: Final = (2.0, 20.0)
CHANGES_MAX: Final = 500
"""How many changes one message contains; it has the number of the others."""
MESSAGES_MAX: Final = 100
_ERROR_MAX_BYTES: Final = 500


def check_command(argv: Sequence[str]) -> None:
    """Check that the command exists.

    Raises:
        SettingsError: there is no such program, or it may not be executed.
    """
    if argv and shutil.which(argv[0]) is None:
        message = f"monitor_notify: {argv[0]} is not a program that this user can execute"
        raise SettingsError([message])


def make_message(machine: str, time: str, changes: Sequence[FindingChange]) -> dict[str, object]:
    """Return a message about changes; notes are left out, because they need no action.

    Args:
        machine: the name of this machine.
        time: of the message.
        changes: all changes; none if there is nothing to report.
    """
    reported = [change for change in changes if change.finding.severity != "note"]
    new = sum(change.change == "new" for change in reported)
    first = reported[0] if reported else None
    summary = f"{new} new, {len(reported) - new} gone" + (f"; first: {first}" if first else "")
    return {
        "machine": machine,
        "time": time,
        "summary": summary,
        "changes": [change.to_json() for change in reported[:CHANGES_MAX]],
        "left_out": max(0, len(reported) - CHANGES_MAX),
    }


def run_command(argv: Sequence[str], message: Mapping[str, object], seconds: float) -> str:
    """Run the command with a message, without a shell; return why it failed, or an empty text.

    Args:
        argv: the program and its arguments.
        message: is written to standard input as JSON.
        seconds: the time limit; then the command and its children are killed.
    """
    with tempfile.TemporaryFile() as input_file, tempfile.TemporaryFile() as errors:
        input_file.write(json.dumps(message, ensure_ascii=True).encode() + b"\n")
        input_file.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603 -- the command is the operator's
                list(argv),
                stdin=input_file,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        except OSError as error:
            return error.strerror or f"{error}"
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return f"no end after {seconds:g} s; killed"
        if code == 0:
            return ""
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - _ERROR_MAX_BYTES))
        text = " ".join(errors.read().decode("utf-8", "replace").split())
        return f"exit code {code}" + (f": {text}" if text else "")


class Notifier:
    """Runs the command in a thread, so that a slow command does not stop the checks.

    Attributes:
        failures: how often the command failed.
    """

    def __init__(
        self,
        argv: Sequence[str],
        on_failure: Callable[[str, bool], None],
        retry_seconds: Sequence[float] = RETRY_SECONDS,
    ) -> None:
        """Initialize with the command; an empty one is never run.

        Args:
            argv: the program and its arguments.
            on_failure: gets the reason, and whether the command is run again.
            retry_seconds: the pauses before the command is run again.
        """
        self._argv = argv
        self._on_failure = on_failure
        self._retry_seconds = retry_seconds
        self._messages: Queue[Mapping[str, object]] = Queue(MESSAGES_MAX)
        self._stop = Event()
        self._thread: Thread | None = None
        self.failures = 0

    def send(self, message: Mapping[str, object]) -> None:
        """Queue a message; if the queue is full, the message is lost, and counts as a failure."""
        if not self._argv:
            return
        try:
            self._messages.put_nowait(message)
        except Full:
            self._fail("too many messages wait for the command", again=False)
            return
        if self._thread is None:
            self._thread = Thread(target=self._run, name="notify", daemon=True)
            self._thread.start()

    def close(self, seconds: float) -> None:
        """Wait until all messages are delivered, but no longer than these seconds."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while True:
            try:
                message = self._messages.get(timeout=0.2)
            except Empty:
                if self._stop.is_set():
                    return
                continue
            self._deliver(message)

    def _deliver(self, message: Mapping[str, object]) -> None:
        for pause in (*self._retry_seconds, None):
            reason = run_command(self._argv, message, COMMAND_SECONDS)
            if not reason:
                return
            self._fail(reason, again=pause is not None)
            if pause is not None:
                self._stop.wait(pause)

    def _fail(self, reason: str, *, again: bool) -> None:
        self.failures += 1
        self._on_failure(reason, again)
