"""What holds for all tests."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling, Scheduling

from tests.servers.database import ENGINES, Database, fresh_database
from tests.servers.mariadb import MariaDb, mariadb
from tests.servers.postgresql import PostgreSql, postgresql

# The folders whose tests share what is long in starting; elsewhere it is those of a file.
SHARING = ("tests/clients/",)
MOST_PROCESSES = 8


class SharingScheduling(LoadScopeScheduling):
    """Gives out the tests to the processes, those of a file or of a folder all to one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((folder for folder in SHARING if file.startswith(folder)), file)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSql]:
    """Run one PostgreSQL for all tests; who stops it starts it again."""
    with postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDb]:
    """Run one MariaDB for all tests; who stops it starts it again."""
    with mariadb() as server:
        yield server


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """Return an empty database, on each engine in turn."""
    return fresh_database(request.param, request, tmp_path)


@pytest.fixture(autouse=True)
def _log_of_its_own() -> Iterator[None]:
    """Undo what a test set up for the log: its stream is closed when the test ends."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def pytest_configure() -> None:
    """Let no property fail because the machine is busy."""
    hypothesis_settings.register_profile(
        "waypost", deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    hypothesis_settings.load_profile("waypost")


def pytest_xdist_auto_num_workers() -> int:
    """Run more processes than there are cores: many tests wait for a server or a clock.

    Each starts databases and directories of its own, so that more than a few only cost memory.
    """
    return min(2 * len(os.sched_getaffinity(0)), MOST_PROCESSES)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Keep together, in one process, what shares a server or a mail client."""
    # In the order of their names: the long ones, as it happens, are not the last then.
    config.option.loadscopereorder = False
    return SharingScheduling(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why a run with skipped tests fails where CI=true."""
    skipped = len(terminalreporter.stats.get("skipped", []))
    if skipped and os.environ.get("CI") == "true":
        terminalreporter.line(f"CI=true: {skipped} tests were skipped, and none may be", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run with skipped tests where CI=true: what is missing there must be installed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter is not None and reporter.stats.get("skipped")
    if skipped and exitstatus == pytest.ExitCode.OK and os.environ.get("CI") == "true":
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
