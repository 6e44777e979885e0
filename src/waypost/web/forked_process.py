"""The start of a process by a fork server, for `multiprocessing`: what it gets, and its end."""

import io
import os
import pickle
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing import util
from multiprocessing.context import set_spawning_popen
from multiprocessing.popen_fork import Popen
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler

from waypost.web.server_process import importing_server

Call = tuple[Callable[..., None], tuple[object, ...]]
"""What a process runs, with its arguments."""
Fork = Callable[[str, Sequence[int]], int]
"""Starts a process with a name and some descriptors, and returns its id."""


class _Descriptor:
    """A descriptor as the arguments of a new process contain it: its place in the message."""

    def __init__(self, place: int) -> None:
        self.place = place


class _ReceivedDescriptor:
    """The same in the new process."""

    def __init__(self, number: int) -> None:
        self._number = number

    def detach(self) -> int:
        """Return the descriptor, which the caller closes."""
        return self._number


class _Pickler(ForkingPickler):
    """Writes what a new process runs; a descriptor is only a reference."""

    def persistent_id(self, value: object) -> int | None:
        return value.place if isinstance(value, _Descriptor) else None


class _Unpickler(pickle.Unpickler):
    """Reads what `_Pickler` has written, in the new process."""

    def __init__(self, file: io.BufferedReader, descriptors: Sequence[int]) -> None:
        super().__init__(file)
        self._descriptors = descriptors

    def persistent_load(self, place: int) -> _ReceivedDescriptor:
        return _ReceivedDescriptor(self._descriptors[place])


class ForkedProcess(BaseProcess):
    """A process that the fork server starts, in the parent."""

    def __init__(self, fork: Fork, name: str, call: Call) -> None:
        """Initialize with what starts it, its name, and what it runs; it is not started yet."""
        super().__init__(name=name, daemon=True)
        self._Popen = partial(_ForkedPopen, fork, call)


class _ForkedPopen(Popen):
    """The start of such a process, and its end, as `multiprocessing` uses them."""

    DupFd = _Descriptor

    def __init__(self, fork: Fork, call: Call, process: BaseProcess) -> None:
        self._fork = fork
        self._call = call
        self._descriptors: list[int] = []
        super().__init__(process)

    def duplicate_for_child(self, fd: int) -> int:
        """Return the place of a descriptor in the message to the fork server."""
        self._descriptors.append(fd)
        return len(self._descriptors) - 1

    def _launch(self, process: BaseProcess) -> None:
        content = io.BytesIO()
        set_spawning_popen(self)  # type: ignore[arg-type]
        try:
            _Pickler(content).dump(self._call)
        finally:
            set_spawning_popen(None)
        read, write = os.pipe()
        try:
            self.pid = self._fork(f"waypost {process.name}", [read, *self._descriptors])
        except OSError:
            os.close(write)
            raise
        finally:
            os.close(read)
        try:
            self.sentinel = os.pidfd_open(self.pid)
        except OSError:
            os.close(write)  # The new process ends.
            self.poll(0)
            raise
        # The new process notices the end of this one by the other end of the pipe.
        self.finalizer = util.Finalize(self, close_all, ((write, self.sentinel),))
        with suppress(BrokenPipeError), open(write, "wb", closefd=False) as file:
            file.write(content.getbuffer())


def close_all(descriptors: Sequence[int]) -> None:
    """Close some descriptors."""
    for descriptor in descriptors:
        os.close(descriptor)


class ReceivedProcess(BaseProcess):
    """The same process, as it sees itself."""

    _start_method = None  # `multiprocessing` keeps its own for the processes of this process.

    def __init__(self, name: str, descriptors: Sequence[int]) -> None:
        """Initialize with the name and the descriptors that its parent passed to `Fork`."""
        pipe, *others = descriptors
        super().__init__(target=_run, args=(pipe, others), name=name)
        self._sentinel = os.dup(pipe)

    def run_here(self) -> int:
        """Run in this process what the parent sends, and return the exit code."""
        code: int = self._bootstrap(parent_sentinel=self._sentinel)  # type: ignore[attr-defined]
        return code


def _run(pipe: int, descriptors: Sequence[int]) -> None:
    """Read from the pipe what to run, and run it, unless the parent has closed the pipe."""
    with open(pipe, "rb") as file, importing_server():
        try:
            target, arguments = _Unpickler(file, descriptors).load()
        except EOFError:
            sys.exit(1)
    target(*arguments)
