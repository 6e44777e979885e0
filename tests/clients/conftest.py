"""One Waypost, one nginx and one Thunderbird for all tests of this folder."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.sites import DATABASE_HOST, all_sites
from tests.clients.thunderbird import Thunderbird, thunderbird
from tests.servers.authority import Authority
from tests.servers.nginx import AccessLog, nginx
from tests.servers.private_network import private_network
from tests.servers.requirements import require
from tests.servers.waypost import RunningWaypost, waypost

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Front:
    """Waypost behind nginx."""

    waypost: RunningWaypost
    log: AccessLog


@pytest.fixture(scope="package")
def network() -> Iterator[None]:
    """A network of these tests' own, where the ports of web and mail are free."""
    require(private_network=True)
    with private_network():
        yield


@pytest.fixture(scope="package")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The authority that the clients are made to trust."""
    return Authority.create(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="package")
def front(
    network: None,  # noqa: ARG001 -- where these are started
    authority: Authority,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Front]:
    """Waypost behind nginx, on 127.0.0.1:80 and :443 of the private network."""
    require(programs=["nginx"])
    folder = tmp_path_factory.mktemp("front")
    sites = all_sites(HERE / "database")
    with (
        waypost(folder, HERE / "providers.toml", proxies=1) as running,
        nginx(folder, authority, sites, waypost_port=running.port) as log,
    ):
        yield Front(running, log)


@pytest.fixture(scope="package")
def mail_client(
    front: Front,  # noqa: ARG001 -- in whose network it is started
    authority: Authority,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Thunderbird]:
    """A Thunderbird that trusts the authority and asks the stand-in of the public database."""
    require(programs=["thunderbird", "certutil"])
    folder = tmp_path_factory.mktemp("thunderbird")
    database = f"https://{DATABASE_HOST}/v1.1/"
    with thunderbird(folder, authority=authority.certificate, database=database) as running:
        yield running
