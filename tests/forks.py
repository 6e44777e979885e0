"""The option `--forks`: tests in copies of one process, which collects them once.

pytest-xdist starts new processes, and each imports and collects all tests: that takes longer than
most of the tests of `make check`. A copy by fork(2) has them already.
"""

import contextlib
import itertools
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn

import pytest

IS_FORK: Final = pytest.StashKey[bool]()
"""In the configuration of a process that was forked."""

# Of the process, for the tests that need different ports: the name that pytest-xdist uses.
_NAME: Final = "PYTEST_XDIST_WORKER"
_AHEAD: Final = 2  # A process must know the first test of its next group, to keep the fixtures.

Group = Sequence[int]
"""The places of tests in the list of all tests; they run one after the other in one process."""


@dataclass(slots=True)
class _Fork:
    """A process that runs tests.

    Attributes:
        groups: what it has, the running one first.
        done: how many tests of the first group have ended.
    """

    process: int
    connection: Connection
    groups: list[Group] = field(default_factory=list)
    done: int = 0


def number(text: str) -> int:
    """Parse the value of `--forks`; `auto` is one more than cores, because some tests wait."""
    return len(os.sched_getaffinity(0)) + 1 if text == "auto" else int(text)


def run(session: pytest.Session, processes: int, scope_of: Callable[[str], str]) -> None:
    """Run all tests of a session in some processes.

    Args:
        session: has the collected tests.
        processes: how many run at the same time.
        scope_of: returns the same text for the ids of all tests that one process must run.

    Raises:
        pytest.Session.Failed: `--maxfail` or `-x` ended the run.
        pytest.Session.Interrupted: something else did.
    """
    groups: dict[str, list[int]] = {}
    for place, item in enumerate(session.items):
        groups.setdefault(scope_of(item.nodeid), []).append(place)
    _ForkedRun(session, [*groups.values()], processes).run()


class _ForkedRun:
    """Runs groups of tests in some processes, and reports each result in this one."""

    def __init__(self, session: pytest.Session, groups: Sequence[Group], processes: int) -> None:
        """Initialize with the collected tests.

        Args:
            session: the session with all tests.
            groups: the tests that run in one process, in their order; all groups have all tests.
            processes: how many processes run at the same time.
        """
        self._session = session
        self._waiting = list(groups)
        self._processes = min(processes, len(groups))
        self._numbers = itertools.count()
        self._forks: dict[Connection, _Fork] = {}

    def run(self) -> None:
        """Run all tests; a test whose process ends fails, and the others continue in a new one."""
        before = signal.signal(signal.SIGTERM, _interrupt)
        # Its end removes the lock of the folder, so that a later run removes the folder.
        _temporary_folder(self._session.config)
        try:
            for _ in range(self._processes):
                self._start()
            while self._forks:
                for connection in wait(list(self._forks)):
                    assert isinstance(connection, Connection)
                    self._receive(self._forks[connection])
                    self._check_end()
        finally:
            for fork in self._forks.values():
                os.kill(fork.process, signal.SIGTERM)
                # A test may have replaced the handler of the signal.
                fork.connection.close()
                os.waitpid(fork.process, 0)
            signal.signal(signal.SIGTERM, before)

    def _start(self) -> None:
        name = f"gw{next(self._numbers)}"
        ours, theirs = Pipe()
        process = os.fork()
        if process == 0:
            for other in (ours, *self._forks):
                other.close()
            _run_and_exit(self._session, theirs, name)
        theirs.close()
        fork = self._forks[ours] = _Fork(process, ours)
        for _ in range(_AHEAD):
            self._send_group(fork)

    def _send_group(self, fork: _Fork) -> None:
        group = self._waiting.pop(0) if self._waiting else None
        if group is not None:
            fork.groups.append(group)
        # If the process has ended, `_receive` notices it.
        with contextlib.suppress(BrokenPipeError):
            fork.connection.send(group)

    def _receive(self, fork: _Fork) -> None:
        """Read the reports of one test, or the end of the process."""
        try:
            reports = fork.connection.recv()
        except (EOFError, ConnectionResetError):
            self._end(fork)
            return
        hook = self._session.config.hook
        for data in reports:
            report = hook.pytest_report_from_serializable(config=self._session.config, data=data)
            hook.pytest_runtest_logreport(report=report)
        fork.done += 1
        if fork.done == len(fork.groups[0]):
            fork.groups.pop(0)
            fork.done = 0
            self._send_group(fork)

    def _end(self, fork: _Fork) -> None:
        """Wait for a process. If it had tests, the running one fails, and the others wait again."""
        del self._forks[fork.connection]
        fork.connection.close()
        _, status = os.waitpid(fork.process, 0)
        if not fork.groups:
            return
        running, *rest = fork.groups[0][fork.done :]
        item = self._session.items[running]
        code = os.waitstatus_to_exitcode(status)
        text = f"the process of this test ended with {code}"
        report = pytest.TestReport(item.nodeid, item.location, {}, "failed", text, "call")
        self._session.config.hook.pytest_runtest_logreport(report=report)
        self._waiting[:0] = [group for group in (rest, *fork.groups[1:]) if group]
        if self._waiting:
            self._start()

    def _check_end(self) -> None:
        if self._session.shouldfail:
            raise self._session.Failed(self._session.shouldfail)
        if self._session.shouldstop:
            raise self._session.Interrupted(self._session.shouldstop)


def _temporary_folder(config: pytest.Config) -> Path:
    """Return the folder for the folders of `tmp_path`; the first call creates it."""
    folder: Path = config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]  # noqa: SLF001
    return folder


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    """Raise KeyboardInterrupt, once: what ends the servers of the tests must not be interrupted."""
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: None)
    raise KeyboardInterrupt


class _Reports:
    """Collects the reports of one test, in place of the output in a terminal."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._reports: list[dict[str, Any]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        hook = self._config.hook
        self._reports.append(hook.pytest_report_to_serializable(config=self._config, report=report))

    def take(self) -> list[dict[str, Any]]:
        """Return the reports, and forget them."""
        reports, self._reports = self._reports, []
        return reports


def _run_and_exit(session: pytest.Session, connection: Connection, name: str) -> NoReturn:
    """Run the groups of tests that arrive; nothing of the first process may run after them."""
    code = 1
    try:
        _run(session, connection, name)
        code = 0
    finally:
        os._exit(code)


def _run(session: pytest.Session, connection: Connection, name: str) -> None:
    config = session.config
    os.environ[_NAME] = name
    signal.signal(signal.SIGINT, _interrupt)
    config.stash[IS_FORK] = True
    # As pytest-xdist does it: names of folders are searched in a shorter list.
    own_folder = _temporary_folder(config) / name
    own_folder.mkdir(mode=0o700)
    config._tmp_path_factory._basetemp = own_folder  # type: ignore[attr-defined]  # noqa: SLF001
    # The file with the captured output must not be that of another process.
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    capture.stop_global_capturing()
    capture.start_global_capturing()
    config.pluginmanager.unregister(name="terminalreporter")
    reports = _Reports(config)
    config.pluginmanager.register(reports)
    try:
        for item, following in _pairs(session, connection):
            config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            connection.send(reports.take())
    finally:
        # After an interruption, servers of the tests are still running.
        session._setupstate.teardown_exact(None)  # noqa: SLF001


def _pairs(
    session: pytest.Session, connection: Connection
) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    """Yield each test with the next one, which decides how long fixtures live."""
    group: Group | None = connection.recv()
    while group is not None:
        following: Group | None = connection.recv()
        places: list[int | None] = [*group, following[0] if following else None]
        for place, after in zip(group, places[1:], strict=True):
            yield session.items[place], None if after is None else session.items[after]
        group = following
