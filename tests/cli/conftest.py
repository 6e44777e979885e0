"""The command line in this process, with a temporary folder and home, and a Waypost to find."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.checks.doctor_network import PROVIDERS
from tests.servers.authority import Authority
from tests.servers.private_network import private_network
from tests.servers.requirements import require
from tests.servers.waypost import RunningWaypost
from tests.servers.waypost import waypost as run_waypost
from waypost.cli.main import main


@dataclass(frozen=True)
class Outcome:
    """The result of a command: its exit code, and its output.

    Attributes:
        err: without the lines that name a database, which each command has that opens one.
        databases: these lines, without `database: ` in front.
    """

    code: int
    out: str
    err: str
    databases: tuple[str, ...] = ()


_NAMED = "database: "
DATABASE = Path(".local") / "state" / "waypost" / "waypost.sqlite"
Waypost = Callable[..., Outcome]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder as home and working folder, without settings of the environment."""
    for name in list(os.environ):
        if name.startswith(("WAYPOST_", "AUTOMX2_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an upgraded, empty SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("upgraded") / "waypost.sqlite"
    assert main(["db", "upgrade", "--db-uri", f"sqlite:///{path}"]) == 0
    return path


@pytest.fixture
def upgraded_database(upgraded: Path, home: Path) -> None:
    """Upgrade the default database, which is quicker than to let each test do so."""
    path = home / DATABASE
    path.parent.mkdir(parents=True)
    shutil.copy(upgraded, path)


@pytest.fixture
def waypost(home: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> Waypost:
    """Return a function that runs `waypost` with arguments."""
    assert home.is_dir()

    def run(*arguments: str | Path) -> Outcome:
        capsysbinary.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capsysbinary.readouterr()
        lines = err.decode().splitlines(keepends=True)
        named = [line for line in lines if line.startswith(_NAMED)]
        rest = "".join(line for line in lines if line not in named)
        return Outcome(code, out.decode(), rest, tuple(one[len(_NAMED) :].strip() for one in named))

    return run


@pytest.fixture(scope="module")
def network() -> Iterator[None]:
    """Yield a private network for the servers of a domain; see doctor_network.set_up."""
    require(private_network=True, programs=["nginx", "dovecot", "named", "named-checkzone"])
    with private_network():
        yield


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return the authority that the command trusts."""
    return Authority.create(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def served(
    network: None,  # noqa: ARG001 -- where it is started
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningWaypost]:
    """Yield a running Waypost with the Autoconfig of the domain."""
    folder = tmp_path_factory.mktemp("served")
    providers = folder / "providers.toml"
    providers.write_text(PROVIDERS, encoding="utf-8")
    with run_waypost(folder, providers, proxies=1) as running:
        yield running
