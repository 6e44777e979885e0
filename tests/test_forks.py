"""The option `--forks`: each test has one result, whatever its process does."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tests.forks import number
from tests.servers.patience import PATIENCE_SECONDS, wait_until

CONFTEST = """
import pytest
from tests import forks

def pytest_runtestloop(session):
    forks.run(session, 2, lambda name: name.partition("::")[0])
    return True

@pytest.fixture(scope="session")
def once():
    print("begin")
    yield
    print("end")
"""
FILES = {
    "test_a.py": """
import os, pytest

@pytest.mark.parametrize("n", range(3))
def test_pass(n, once): assert os.environ["PYTEST_XDIST_WORKER"] == "gw0"
def test_fail(once):
    print("what it printed")
    assert 1 == 2, "not equal"
def test_teardown(request): request.addfinalizer(lambda: 1 / 0)
def test_end(): os._exit(3)
def test_after(): assert os.environ["PYTEST_XDIST_WORKER"] == "gw2"
""",
    "test_b.py": """
import pytest

def test_skip(): pytest.skip("for a reason")
@pytest.mark.xfail
def test_xfail(): assert False
@pytest.fixture
def broken(): raise ValueError("broken fixture")
def test_error(broken): pass
""",
    "test_c.py": "def test_last(): pass",
}
EXPECTED = [
    "ERROR test_a.py::test_teardown - ZeroDivisionError: division by zero",
    "ERROR test_b.py::test_error - ValueError: broken fixture",
    "FAILED test_a.py::test_end - the process of this test ended with 3",
    "FAILED test_a.py::test_fail - AssertionError: not equal",
    "SKIPPED [1] test_b.py:4: for a reason",
]


SERVER = """
import os, time, pytest
from pathlib import Path

@pytest.fixture(scope="session")
def server():
    file = Path(f"runs-{os.getpid()}")
    yield file
    file.unlink()

def test_that_waits(server):
    server.touch()
    time.sleep(600)
"""
TEMPORARY = """
import os

def test_folder(tmp_path): assert tmp_path.parent.name == os.environ["PYTEST_XDIST_WORKER"]
"""
ENVIRONMENT = {"PYTHONPATH": f"{ROOT}", "PATH": "/usr/bin:/bin"}


def _command(folder: Path, *options: str) -> list[str]:
    for name, text in {"conftest.py": CONFTEST, "pytest.ini": "[pytest]\n"}.items():
        (folder / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-rsfE", f"--rootdir={folder}", *options]
    for plugin in ("schemathesis", "pytest_cov", "hypothesispytest", "anyio", "cacheprovider"):
        command += ["-p", f"no:{plugin}"]
    return command


def _run(folder: Path, *options: str) -> tuple[int, str]:
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    command = _command(folder, *options)
    done = subprocess.run(
        command, cwd=folder, env=ENVIRONMENT, check=False, capture_output=True, text=True
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_results(tmp_path: Path) -> None:
    """Every test has its result, also after its process ended in the middle of a file."""
    code, printed = _run(tmp_path)
    lines = printed.splitlines()
    found = [line for line in lines if line.startswith(("ERROR test", "FAILED", "SKIPPED"))]
    assert sorted(found) == EXPECTED
    assert (
        lines[-1].strip("= ").startswith("2 failed, 6 passed, 1 skipped, 1 xfailed, 2 errors in ")
    )
    assert "what it printed" in printed
    assert code == pytest.ExitCode.TESTS_FAILED


def test_first_failure_ends_the_run(tmp_path: Path) -> None:
    """With -x, the first failure ends all processes."""
    code, printed = _run(tmp_path, "-x", "test_a.py", "-k", "fail or end")
    assert "1 failed" in printed
    assert "stopping after 1 failures" in printed
    assert code == pytest.ExitCode.TESTS_FAILED


def test_temporary_folders(tmp_path: Path) -> None:
    """All processes use one temporary folder, and no lock is left that keeps it for days."""
    files = [f"test_{name}.py" for name in "de"]
    for name in files:
        (tmp_path / name).write_text(TEMPORARY, encoding="utf-8")
    command = _command(tmp_path, *files)
    environment = ENVIRONMENT | {"TMPDIR": f"{tmp_path}"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, check=False, capture_output=True)
    assert done.returncode == 0, done.stdout.decode()
    (folder,) = tmp_path.glob("pytest-of-*/pytest-[0-9]*")
    assert sorted(one.name for one in folder.iterdir()) == ["gw0", "gw1"]


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_interruption_ends_servers(tmp_path: Path, sign: signal.Signals) -> None:
    """After Ctrl-C or SIGTERM, each process tears down its fixtures, which end servers."""
    files = [f"test_{name}.py" for name in "defg"]  # each process gets two
    for name in files:
        (tmp_path / name).write_text(SERVER, encoding="utf-8")
    command = _command(tmp_path, *files)
    with subprocess.Popen(
        command, cwd=tmp_path, env=ENVIRONMENT, start_new_session=True, stdout=subprocess.DEVNULL
    ) as process:
        try:
            wait_until(lambda: len([*tmp_path.glob("runs-*")]) == 2, "both tests")
            if sign == signal.SIGINT:
                os.killpg(process.pid, sign)  # what a terminal does
            else:
                process.send_signal(sign)
            assert process.wait(PATIENCE_SECONDS) == pytest.ExitCode.INTERRUPTED
        finally:
            process.kill()
    assert not [*tmp_path.glob("runs-*")]


@pytest.mark.parametrize("text", ["3", "auto"])
def test_number(text: str) -> None:
    """The number is given, or depends on the cores."""
    assert number(text) >= 2
