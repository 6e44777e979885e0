"""A Waypost that is a fork starts, runs and ends as `python -m waypost` does."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.forked import WAYPOST, Forked, run_waypost, starts_alike
from tests.servers.nginx import listens
from tests.servers.patience import wait_until
from tests.servers.private_network import private_network
from tests.servers.process import start
from tests.servers.requirements import require
from tests.servers.waypost import SOURCE, environment_of, free_port

ROOT = Path(__file__).parents[2]
DEMO = ("serve", "--demo", "--admin-port", "0")
COMMANDS = [
    ("version",),
    ("lint", "--demo"),  # exit code 1, and a document on standard output
    ("serve", "--port", "x"),  # exit code 2, and an error
    ("config", "show"),  # the environment
    ("show", "pacc", "example.com", "--providers", "mail.toml"),  # the working folder
    ("no-such-command",),
]
# A run of tests that is killed while Waypost runs.
RUN = """
import sys
from pathlib import Path
from tests.servers.process import Process
from tests.servers.waypost import environment_of
command = [sys.executable, "-m", "waypost", *sys.argv[2:]]
folder = Path(sys.argv[1])
with Process(command, log=folder / "log", environment=environment_of(folder)) as process:
    print(process.pid, flush=True)
    sys.stdin.read()
"""


@contextmanager
def running(folder: Path, *flags: str) -> Iterator[tuple[Forked, int]]:
    """Yield a running server, and its port."""
    port = free_port()
    command = [*WAYPOST, *DEMO, "--port", f"{port}", *flags]
    with (folder / "log").open("wb") as log:
        started = start(command, output=log, environment=environment_of(folder), folder=folder)
    assert isinstance(started, Forked)
    try:
        wait_until(lambda: listens(port), "the listener")
        yield started, port
    finally:
        started.send_signal(signal.SIGKILL)
        started.wait()


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_same_result(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """A fork has the exit code, the output and the error output of a new program."""
    domain = '[[provider]]\nname = "Own"\ndomains = ["example.com"]\n'
    service = 'services = [{ type = "imap", host = "imap.example.com" }]\n'
    (tmp_path / "mail.toml").write_text(domain + service, encoding="utf-8")
    environment = environment_of(tmp_path) | {"WAYPOST_PUBLIC_URL": "https://own.example"}
    real = subprocess.run(
        [*WAYPOST, *arguments],
        env=environment,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    forked = run_waypost(*arguments, environment=environment, folder=tmp_path)
    assert (forked.returncode, forked.stdout, forked.stderr) == (
        real.returncode,
        real.stdout,
        real.stderr,
    )


def test_each_has_only_its_own_environment(tmp_path: Path) -> None:
    """Neither variables of the tests nor those of an earlier command are left."""
    for url in ("https://one.example", "https://two.example", None):
        own = {"HOME": f"{tmp_path}"} | ({} if url is None else {"WAYPOST_PUBLIC_URL": url})
        with (tmp_path / "out").open("wb") as out:
            streams = (out.fileno(), out.fileno(), out.fileno())
            arguments = ("config", "show")
            process = Forked(arguments, streams=streams, environment=own, folder=tmp_path)
            assert process.wait() == 0
        text = (tmp_path / "out").read_text(encoding="utf-8")
        assert [f"{one}.example" in text for one in ("one", "two")] == [
            url == f"https://{one}.example" for one in ("one", "two")
        ]


def test_process(tmp_path: Path) -> None:
    """It is a child of the tests, in its own session and folder, with the mask of the tests."""
    with running(tmp_path) as (process, _):
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        assert f"\nPPid:\t{os.getpid()}\n" in status
        assert "\nUmask:\t0022\n" in status or os.umask(0o022) != 0o022
        assert os.getsid(process.pid) == os.getpgid(process.pid) == process.pid
        assert Path(f"/proc/{process.pid}/cwd").readlink() == tmp_path
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait() in {0, -signal.SIGTERM}
        assert process.poll() == process.returncode


def test_private_network(tmp_path: Path) -> None:
    """In a private network of the tests, it is in this network."""
    require(private_network=True)
    with private_network(), running(tmp_path) as (process, port):
        assert Path(f"/proc/{process.pid}/ns/net").samefile("/proc/thread-self/ns/net")
        assert listens(port)


def test_a_signal_ends_a_group(tmp_path: Path) -> None:
    """The workers are in the group of the Waypost that started them."""
    with running(tmp_path, "--workers", "2") as (process, port):
        wait_until(lambda: len(workers(process.pid)) == 2, "both workers")
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        wait_until(lambda: not listens(port), "the end of all")


def test_failing_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that does not exist is an error of the start, and the next start succeeds."""
    monkeypatch.delenv("PYTHONPATH", raising=False)  # With a variable of the user, nothing forks.
    with pytest.raises(ChildProcessError, match="No such file or directory: '/no/folder'"):
        run_waypost("version", folder=Path("/no/folder"))
    assert run_waypost("version", folder=tmp_path, check=True).stdout.startswith("waypost ")
    with pytest.raises(subprocess.CalledProcessError):
        run_waypost("no-such-command", folder=tmp_path, check=True)


ALIKE = [
    # variables, whether a fork is like a new program with them
    ({"HOME": "/", "WAYPOST_PORT": "1"}, True),
    ({"PYTHONPATH": f"{SOURCE}", "PYTHONUNBUFFERED": "1"}, True),
    ({"PYTHONPATH": f"{SOURCE}:/own"}, False),
    ({"PYTHONHASHSEED": "1"}, False),
    ({"LD_PRELOAD": "/libfaketime.so"}, False),
    ({"LC_ALL": "tr_TR.UTF-8"}, False),
    ({"NO_COLOR": "yes!"}, False),
]


@pytest.mark.parametrize(("environment", "alike"), ALIKE)
def test_variables_of_the_start(environment: dict[str, str], alike: bool) -> None:
    """Another variable that Python or a library reads at the start makes a new program."""
    assert starts_alike(environment) is alike


def test_end_with_killed_tests() -> None:
    """If the tests get SIGKILL, Waypost and the fork server end."""
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, "-c", RUN, folder, *DEMO, "--port", f"{port}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([f"{ROOT}", f"{SOURCE}"])},
        ) as run,
    ):
        try:
            assert run.stdout is not None
            process = int(run.stdout.readline())
            both = children(run.pid)
            assert process in both
            assert len(both) == 2
            wait_until(lambda: listens(port), "the listener")
        finally:
            run.kill()
        wait_until(lambda: not any(map(runs, both)), "the end of both")


def children(process: int) -> list[int]:
    path = Path(f"/proc/{process}/task/{process}/children")
    return [int(one) for one in path.read_text(encoding="ascii").split()]


def workers(process: int) -> list[int]:
    """Return the workers of a Waypost."""
    names = {
        one: Path(f"/proc/{one}/comm").read_text(encoding="ascii") for one in children(process)
    }
    return [one for one, name in names.items() if name == "waypost worker\n"]


def runs(process: int) -> bool:
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"
