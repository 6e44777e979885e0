"""Fixtures: one Waypost, one nginx and one instance of each client for all tests of this folder."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients import exchangelib as exchangelib_client
from tests.clients import zones
from tests.clients.claws import Claws, claws
from tests.clients.deltachat import DeltaChat, delta_chat
from tests.clients.evolution import LIBRARY, LOOKING, REGISTRY, Evolution, evolution
from tests.clients.geary import Geary, geary
from tests.clients.graphical import ACCESSIBILITY, PYTHON
from tests.clients.graphical import NEEDED as WINDOWS
from tests.clients.kmail import NEEDED, KMail, kmail
from tests.clients.sites import DATABASE_HOST, DAV_PORT, MAIL_HOSTS, all_sites
from tests.clients.thunderbird import Thunderbird, thunderbird
from tests.servers import own_files
from tests.servers.authority import Authority
from tests.servers.dav import Dav, dav
from tests.servers.dovecot import Dovecot, dovecot
from tests.servers.installed import NotInstalledError, installed
from tests.servers.named import Named, name_server_of_a_network
from tests.servers.nginx import AccessLog, nginx
from tests.servers.own_files import write_names
from tests.servers.private_network import private_network, second_address
from tests.servers.requirements import require
from tests.servers.submission import Submission, submission
from tests.servers.waypost import RunningWaypost, waypost

HERE = Path(__file__).parent
DATABASE = HERE / "database"


@dataclass(frozen=True, slots=True)
class Front:
    """Waypost behind nginx."""

    waypost: RunningWaypost
    log: AccessLog


@pytest.fixture(scope="session")
def fetched_exchangelib(request: pytest.FixtureRequest) -> Path | NotInstalledError | None:
    """Fetch what a test needs from the package index, before the network is closed."""
    if not any(
        "exchangelib" in getattr(item, "fixturenames", ()) for item in request.session.items
    ):
        return None
    try:
        return installed("exchangelib", exchangelib_client.VERSION)
    except NotInstalledError as error:
        return error


@pytest.fixture(scope="package")
def network(
    fetched_exchangelib: object,  # noqa: ARG001 -- comes from outside
) -> Iterator[None]:
    """Yield a private network for these tests, where the ports of web and mail are free."""
    require(private_network=True)
    with private_network():
        yield


@pytest.fixture(scope="package")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return the authority that the clients must trust."""
    return Authority.create(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="package")
def front(
    network: None,  # noqa: ARG001 -- where these are started
    authority: Authority,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Front]:
    """Yield Waypost behind nginx, on 127.0.0.1:80 and :443 of the private network."""
    require(programs=["nginx"])
    folder = tmp_path_factory.mktemp("front")
    sites = all_sites(DATABASE)
    with (
        waypost(folder, HERE / "providers.toml", proxies=1) as running,
        nginx(folder, authority, sites, waypost_port=running.port) as log,
    ):
        yield Front(running, log)


@pytest.fixture(scope="package")
def name_server(
    network: None,  # noqa: ARG001 -- whose name server this is
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Named]:
    """Yield a name server with only the zones of the hoster's domains."""
    folder = tmp_path_factory.mktemp("zones")
    with name_server_of_a_network([*zones.BY_DNS, *zones.BESIDE_A_LIST]) as server:
        zones.load(server, folder, HERE / "providers.toml")
        yield server


@pytest.fixture(scope="package")
def names(
    name_server: Named,  # noqa: ARG001 -- which is asked for what is not in the list
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Return the files for name resolution: a list of the sites, and a name server for the rest."""
    require(programs=own_files.NEEDED)
    folder = tmp_path_factory.mktemp("names")
    listed = {site.host for site in all_sites(DATABASE)} | set(MAIL_HOSTS)
    return write_names(folder, sorted(host for host in listed if not zones.is_by_dns(host)))


@pytest.fixture(scope="package")
def mail_client(
    front: Front,  # noqa: ARG001 -- in whose network it is started
    authority: Authority,
    names: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Thunderbird]:
    """Yield a Thunderbird that trusts the authority and uses the replacement database."""
    require(programs=["thunderbird", "certutil"])
    folder = tmp_path_factory.mktemp("thunderbird")
    database = f"https://{DATABASE_HOST}/v1.1/"
    with thunderbird(
        folder, authority=authority.certificate, database=database, names=names
    ) as running:
        yield running


@dataclass(frozen=True, slots=True)
class MailServers:
    """The servers where clients log in."""

    imap: Dovecot
    smtp: Submission


@pytest.fixture(scope="package")
def mail_servers(
    network: None,  # noqa: ARG001 -- where these are started
    authority: Authority,
) -> Iterator[MailServers]:
    """Yield the IMAP and submission servers for all names of MAIL_HOSTS."""
    require(programs=["dovecot"])
    pair = authority.issue("mail", MAIL_HOSTS)
    with dovecot(pair) as imap, submission(pair) as smtp:
        yield MailServers(imap, smtp)


@pytest.fixture(scope="package")
def calendar_server(
    network: None,  # noqa: ARG001 -- where it is started
) -> Iterator[Dav]:
    """Yield the server of calendars and address books behind nginx."""
    with dav(DAV_PORT) as server:
        yield server


@pytest.fixture(scope="package")
def chat_client(
    front: Front,  # noqa: ARG001 -- in whose network it is started
    mail_servers: MailServers,  # noqa: ARG001 -- the same
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[DeltaChat]:
    """Yield a Delta Chat that resolves only the names of all sites and mail servers."""
    require(programs=["deltachat-rpc-server", *own_files.NEEDED])
    folder = tmp_path_factory.mktemp("deltachat")
    names = {site.host for site in all_sites(DATABASE)} | set(MAIL_HOSTS)
    with delta_chat(folder, sorted(names)) as running:
        yield running


@pytest.fixture(scope="package")
def gnome_client(
    front: Front,  # noqa: ARG001 -- in whose network it is started
    names: Path,  # noqa: ARG001 -- whose name server it asks
    authority: Authority,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Evolution]:
    """Yield an Evolution that resolves the names of all sites, and all names in DNS."""
    require(programs=["dbus-run-session", *own_files.NEEDED], files=[LIBRARY, LOOKING, REGISTRY])
    folder = tmp_path_factory.mktemp("evolution")
    hosts = {site.host for site in all_sites(DATABASE)}
    with evolution(folder, sorted(hosts), authority.certificate) as running:
        yield running


@pytest.fixture(scope="package")
def kde_client(
    front: Front,  # noqa: ARG001 -- in whose network it is started
    authority: Authority,
    tmp_path_factory: pytest.TempPathFactory,
) -> KMail:
    """Return a KMail that resolves only the names of all sites."""
    require(programs=[*NEEDED, *own_files.NEEDED])
    folder = tmp_path_factory.mktemp("kmail")
    hosts = {site.host for site in all_sites(DATABASE)}
    return kmail(folder, sorted(hosts), authority.certificate)


@pytest.fixture(scope="package")
def gtk_client(
    front: Front,  # noqa: ARG001 -- in whose network it is started
    names: Path,  # noqa: ARG001 -- whose name server it asks
    authority: Authority,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Geary]:
    """Yield a Geary that resolves only the names of all sites and mail servers."""
    require(programs=["geary", *WINDOWS, *own_files.NEEDED], files=[PYTHON, ACCESSIBILITY])
    folder = tmp_path_factory.mktemp("geary")
    hosts = {site.host for site in all_sites(DATABASE)} | set(MAIL_HOSTS)
    # Its library resolves no name if loopback is the only interface.
    with second_address(), geary(folder, sorted(hosts), authority.certificate) as running:
        yield running


@pytest.fixture(scope="package")
def claws_client(
    names: Path,  # noqa: ARG001 -- whose name server it asks
    authority: Authority,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Claws]:
    """Yield a Claws Mail that resolves only names in DNS."""
    require(programs=["claws-mail", *WINDOWS, *own_files.NEEDED], files=[PYTHON, ACCESSIBILITY])
    folder = tmp_path_factory.mktemp("claws")
    with claws(folder, MAIL_HOSTS, authority.certificate) as running:
        yield running
