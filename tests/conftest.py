"""Fixtures and hooks for all tests."""

import gc
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog
from _pytest.runner import runtestprotocol
from coverage import Coverage
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling, Scheduling

from tests import forks, needs
from tests.compiled import share_statements
from tests.servers import requirements
from tests.servers.database import ENGINES, Database, fresh_database
from tests.servers.mariadb import MariaDb, mariadb
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.postgresql import PostgreSql, postgresql
from tests.temporary import keep_in_memory

# The folders whose tests share what is made slowly: servers, or the syntax trees of all files.
# Elsewhere the tests of a file do.
SHARING = ("tests/clients/", "tests/architecture/")
# Files with tests that wait for long: they come first, so that no process ends with one of them.
LONG = (
    "tests/cli/import_/test_import_download.py",
    "tests/net/test_dripping.py",
    "tests/diagnostics/test_dns.py",
)
# What a test may configure: uvicorn does it at its start.
LOGGERS = (None, "uvicorn", "uvicorn.access", "uvicorn.error", "uvicorn.asgi")
# Each test has its own servers.
ATTACKS = "tests/torture/"
MOST_PROCESSES = 8
QUICK = "not clients and not servers and not slow and not torture"
QUICK_EXAMPLES = 10
# The only one that is trusted without an option: no test reaches a server of the Internet.
UNUSED_AUTHORITY = Path(__file__).with_name("unused_authority.pem")
# A test makes few cycles, and the collector would look through the tests themselves each time.
GARBAGE_THRESHOLDS = (20_000, 20, 10)


def scope_of(nodeid: str) -> str:
    """Return the file or the folder whose tests run in one process with this one."""
    if nodeid.startswith(ATTACKS):
        return nodeid
    file = nodeid.partition("::")[0]
    return next((folder for folder in SHARING if file.startswith(folder)), file)


class SharingScheduling(LoadScopeScheduling):
    """A scheduler that gives all tests of a file or a folder to one process."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSql]:
    """Yield one PostgreSQL for all tests; a test that stops it starts it again."""
    with postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDb]:
    """Yield one MariaDB for all tests; a test that stops it starts it again."""
    with mariadb() as server:
        yield server


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """Return an empty database, on each engine in turn."""
    return fresh_database(request.param, request, tmp_path)


@pytest.fixture(autouse=True)
def _log_of_its_own() -> Iterator[None]:
    """Reset the logging that a test configured: its stream is closed when the test ends."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    states = [(one.handlers[:], one.level, one.propagate, one.disabled) for one in loggers]
    yield
    structlog.reset_defaults()
    for one, (handlers, level, propagate, disabled) in zip(loggers, states, strict=True):
        one.handlers[:] = handlers
        one.setLevel(level)
        one.propagate, one.disabled = propagate, disabled


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of `make check`."""
    text = "only tests that need no programs and are not slow, with fewer examples of properties"
    parser.addoption("--quick", action="store_true", help=text)
    text = "run the tests in this number of processes, which share the collected tests"
    parser.addoption("--forks", type=forks.number, default=0, metavar="NUMBER|auto", help=text)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Disable deadlines of properties, because the machine may be busy; apply `--quick`."""
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    keep_in_memory()
    share_statements()
    usual = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    quick = config.getoption("quick")
    profile = hypothesis_settings(usual, max_examples=QUICK_EXAMPLES) if quick else usual
    hypothesis_settings.register_profile("waypost", profile)
    hypothesis_settings.load_profile("waypost")
    # Without an argument, httpx waits for five seconds, which a busy machine exceeds.
    for wait in ("connect", "read", "write", "pool"):
        setattr(httpx._config.DEFAULT_TIMEOUT_CONFIG, wait, PATIENCE_SECONDS)  # noqa: SLF001
    # OpenSSL and httpx would read all authorities of this machine for each client, in 28 ms.
    os.environ["SSL_CERT_FILE"] = f"{UNUSED_AUTHORITY}"
    if quick and not config.option.markexpr:
        config.option.markexpr = QUICK


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need programs of the machine, before some are deselected by markers.

    Files with such tests and other long ones come first, so that no process with one of them is the
    last to end. The attacks are spread evenly between these files: they mostly wait.
    """
    for item in items:
        needs.mark(item)
    attacks = [item for item in items if item.nodeid.startswith(ATTACKS)]
    long = {
        item.path: 0.0 for item in items if needs.is_marked(item) or item.nodeid.startswith(LONG)
    }
    long |= {path: number / len(long) for number, path in enumerate(long)}
    places = {item: number / len(attacks) for number, item in enumerate(attacks)}
    places |= {item: long.get(item.path, 1.0) for item in items if item not in places}
    items.sort(key=lambda item: (not item.nodeid.startswith(SHARING), places[item]))


def pytest_collection_finish() -> None:
    """Leave the tests themselves to no search for garbage: there are thousands, and they stay."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run the tests in the processes of `--forks`."""
    processes = session.config.getoption("forks")
    if not processes or session.config.option.collectonly or session.testsfailed:
        return None
    forks.run(session, processes, scope_of)
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Send one short report for each passed test of `--quick`, not three, to the main process."""
    is_fork = item.config.stash.get(forks.IS_FORK, default=False)
    if not (item.config.getoption("quick") and (is_fork or hasattr(item.config, "workerinput"))):
        return None
    for report in runtestprotocol(item, log=False, nextitem=nextitem):
        if report.passed:
            report.keywords = {}
            report.sections.clear()
        if report.when == "call" or not report.passed:
            item.ihook.pytest_runtest_logreport(report=report)
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse programs to a test without a marker, and name its file to `make coverage`."""
    if not needs.is_marked(item):
        requirements.refuse(item.nodeid)
    if item.config.pluginmanager.hasplugin("_cov"):
        measured = Coverage.current()
        if measured is not None:
            # The name of each test would make hundreds of MB.
            measured.switch_context(item.nodeid.partition("::")[0])


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Allow programs again: servers that other tests share may be stopped after this one."""
    requirements.allow()


def pytest_xdist_auto_num_workers() -> int:
    """Return more processes than cores: many tests wait for a server or a clock.

    Each process starts its own databases and directories, so that many would only need memory.
    """
    cores = len(os.sched_getaffinity(0))
    return min(2 * cores, max(cores, MOST_PROCESSES))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Run tests that share a server or a mail client in one process."""
    # In the order of their names, so that the long ones are not the last.
    config.option.loadscopereorder = False
    return SharingScheduling(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print why a run with skipped tests fails if CI=true."""
    skipped = len(terminalreporter.stats.get("skipped", []))
    if skipped and os.environ.get("CI") == "true":
        terminalreporter.line(f"CI=true: {skipped} tests were skipped, and none may be", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run with skipped tests if CI=true: all requirements must be installed there."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter is not None and reporter.stats.get("skipped")
    if skipped and exitstatus == pytest.ExitCode.OK and os.environ.get("CI") == "true":
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
