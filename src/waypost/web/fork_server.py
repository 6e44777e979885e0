"""A process that copies itself for each worker and for the admin process, by fork(2).

A copy has the modules of its parent. It starts in a hundredth of the time of a new Python process,
and shares most of its memory with the others. The process that serves has threads, and a copy of
it could wait for their locks without end: so the fork server is copied before they start, and has
none. It only waits for requests, and changes nothing until the parent ends.

The new process is a child of the parent, not of the fork server: the fork server may end without
effect on the others, and the parent then starts new Python processes (`server_process`).
"""

import atexit
import errno
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Final, NoReturn

from waypost.web.child_process import PR_SET_PDEATHSIG, prctl
from waypost.web.forked_process import ForkedProcess, ReceivedProcess, close_all
from waypost.web.server_process import NewProcess, server_process

_PR_SET_NAME: Final = 15  # linux/prctl.h
_PR_SET_CHILD_SUBREAPER: Final = 36
_FIRST_DESCRIPTOR: Final = 3  # after the standard streams
_DESCRIPTORS_MAX: Final = 253  # SCM_MAX_FD of the kernel
_NAME_MAX_BYTES: Final = 15  # TASK_COMM_LEN without the final zero
_REPLY_BYTES: Final = 8  # the id of the new process, or a negated errno
REPLY_SECONDS: Final = 10.0
"""How long the parent waits for the fork server, which may be stopped."""


class ForkServer:
    """The connection of the parent to its fork server."""

    def __init__(self, pid: int, connection: socket.socket) -> None:
        """Initialize with the process id of the fork server and the socket to it."""
        self._pid = pid
        self._connection: socket.socket | None = connection
        self._lock = threading.Lock()

    @classmethod
    def start(cls) -> "ForkServer | None":
        """Start the process; call this before this process has threads.

        Returns:
            None if this is not possible here: not Linux 5.4 or later, a descriptor of the standard
            streams is closed, or this process has threads.
        """
        if not _is_possible():
            return None
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = _fork_with_blocked_signals(theirs)
        theirs.close()
        if pid is None:
            ours.close()
            return None
        ours.settimeout(REPLY_SECONDS)
        return cls(pid, ours)

    def process(
        self, name: str, target: Callable[..., None], arguments: tuple[object, ...]
    ) -> BaseProcess:
        """Return a new process that is not started yet, as `server_process` does."""
        if self._connection is None:
            return server_process(name, target, arguments)
        return ForkedProcess(self.fork, name, (target, arguments))

    def fork(self, name: str, descriptors: Sequence[int]) -> int:
        """Let the fork server start a process, which reads from the first descriptor what it runs.

        Args:
            name: of the process, for `ps` and `top`.
            descriptors: what the process gets; at most 253.

        Returns:
            The process id.

        Raises:
            OSError: the system cannot start another process, or the fork server has ended. In the
                second case, `process` uses other processes from now on.
        """
        with self._lock:
            connection = self._connection
            if connection is None:
                raise ConnectionResetError
            reply = _request(connection, name, descriptors)
            if not reply:
                self._end()
                raise ConnectionResetError("the fork server has ended")
        number = _number(reply)
        if number < 0:
            raise OSError(-number, os.strerror(-number))
        return number

    def close(self) -> None:
        """End the fork server. A second call does nothing."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            # It may be stopped.
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)


@contextmanager
def fork_server(is_needed: bool) -> Iterator[NewProcess]:
    """Run a fork server while `with` lasts, and yield what makes the processes.

    Args:
        is_needed: if False, or if it is not possible, each process is a new Python process.
    """
    server = ForkServer.start() if is_needed else None
    if server is None:
        yield server_process
        return
    try:
        yield server.process
    finally:
        server.close()


def _is_possible() -> bool:
    """Return whether the system has what is needed, and this process may be copied."""
    if sys.platform != "linux" or threading.active_count() != 1:
        return False
    # A new descriptor would get the number of a closed one.
    if None in (sys.__stdin__, sys.__stdout__, sys.__stderr__):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:  # an old kernel, or a filter of system calls
        return False
    return True


def _request(connection: socket.socket, name: str, descriptors: Sequence[int]) -> bytes:
    """Return the reply of the fork server; empty if there is none.

    Meanwhile this process adopts orphans below it: afterwards, init does it again.
    """
    prctl(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        socket.send_fds(connection, [name.encode()[:_NAME_MAX_BYTES]], descriptors)
        return connection.recv(_REPLY_BYTES)
    except OSError:
        return b""
    finally:
        prctl(_PR_SET_CHILD_SUBREAPER, 0)


def _reply(number: int) -> bytes:
    return number.to_bytes(_REPLY_BYTES, sys.byteorder, signed=True)


def _number(reply: bytes) -> int:
    return int.from_bytes(reply, sys.byteorder, signed=True)


def _fork_with_blocked_signals(connection: socket.socket) -> int | None:
    """Start the fork server, and return its process id; None if the system has no room for it.

    What a terminal or a service manager sends to all processes is for the parent. New processes
    begin with blocked signals, too, so that none is lost.
    """
    parent = os.getpid()
    before = signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
    try:
        pid = os.fork()
        if pid == 0:
            _answer_requests(connection, parent)
    except OSError:
        return None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return pid


def _answer_requests(connection: socket.socket, parent: int) -> NoReturn:
    """Start a process for each request until the parent ends. All signals are blocked."""
    try:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        prctl(_PR_SET_NAME, b"waypost fork")
        if connection.fileno() != _FIRST_DESCRIPTOR:
            os.dup2(connection.detach(), _FIRST_DESCRIPTOR, inheritable=False)
            connection = socket.socket(fileno=_FIRST_DESCRIPTOR)
        # Those of the service manager are for the parent.
        os.closerange(_FIRST_DESCRIPTOR + 1, os.sysconf("SC_OPEN_MAX"))
        gc.disable()
        while os.getppid() == parent:
            name, descriptors, _, _ = socket.recv_fds(connection, _NAME_MAX_BYTES, _DESCRIPTORS_MAX)
            if not name:
                break
            connection.send(_reply(_fork_twice(name, descriptors)))
            close_all(descriptors)
    finally:
        # What this process has copied may not run here, and not end here either.
        os._exit(0)


def _fork_twice(name: bytes, descriptors: Sequence[int]) -> int:
    """Start a process, and make it a child of the parent: the process between them ends at once.

    A process without a parent becomes a child of the next one above that is a "child subreaper":
    see PR_SET_CHILD_SUBREAPER in prctl(2).

    Returns:
        Its process id, when it is a child of the parent; or a negated errno.
    """
    pipe: tuple[int, ...] = ()
    try:
        read, write = pipe = os.pipe()
        between = os.fork()
        if between == 0:
            os.close(read)
            _fork_and_exit(write, name, descriptors)
        os.waitpid(between, 0)
        # A process that was killed has written nothing.
        os.write(write, _reply(-errno.EAGAIN))
        return _number(os.read(read, _REPLY_BYTES))
    except OSError as error:
        return -(error.errno or errno.EAGAIN)
    finally:
        close_all(pipe)


def _fork_and_exit(write: int, name: bytes, descriptors: Sequence[int]) -> NoReturn:
    """Start a process, and write its id to a pipe."""
    try:
        new = os.fork()
        if new == 0:
            close_all([_FIRST_DESCRIPTOR, write])
            _run_and_exit(name, descriptors)
    except OSError as error:
        new = -(error.errno or errno.EAGAIN)
    os.write(write, _reply(new))
    os._exit(0)


def _run_and_exit(name: bytes, descriptors: Sequence[int]) -> NoReturn:
    """Run what the parent sends, and end the process: nothing of the fork server may run after it.

    The parent sends it when this process is its child.
    """
    code = 1
    try:
        prctl(_PR_SET_NAME, name)
        # Each kind of process unblocks SIGHUP when it can handle it.
        signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGHUP})
        gc.enable()
        code = ReceivedProcess(name.decode(), descriptors).run_here()
        atexit._run_exitfuncs()  # noqa: SLF001 -- `os._exit` does not call them
    finally:
        os._exit(code)
