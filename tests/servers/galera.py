"""A real MariaDB Galera cluster from Debian's packages: three nodes on free ports of loopback."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tests.servers.accounts import account, folder_of
from tests.servers.authority import Authority, KeyPair
from tests.servers.database_server import PASSWORD, USER
from tests.servers.mariadb import MariaDb
from tests.servers.requirements import require
from tests.servers.waypost import free_port

PROVIDER: Final = Path("/usr/lib/galera/libgalera_smm.so")
# A node is removed from the cluster after this time without an answer, and not after 15 s.
_TIMEOUTS: Final = (
    "evs.keepalive_period=PT0.3S",
    "evs.inactive_check_period=PT0.3S",
    "evs.suspect_timeout=PT1.5S",
    "evs.inactive_timeout=PT3S",
    "evs.install_timeout=PT3S",
    "gmcast.peer_timeout=PT1S",
    "pc.wait_prim_timeout=PT30S",
)
_POSITION: Final = re.compile(r"WSREP: Recovered position:? ?(\S+:-?\d+)")


class GaleraNode(MariaDb):
    """One node of a cluster.

    Attributes:
        group_port: where the other nodes reach it.
    """

    def __init__(self, folder: Path, user: str | None, certificate: KeyPair | None = None) -> None:
        super().__init__(folder, user)
        self._certificate = certificate
        self.group_port = free_port()
        self._incremental_port = free_port()
        self._full_port = free_port()
        self._peers: Sequence[GaleraNode] = ()
        self._more: list[str] = []

    def join(self, peers: Sequence["GaleraNode"], *, first: bool = False) -> None:
        """Start as a member of a cluster, or as its first node."""
        self._peers = peers
        self._more = ["--wsrep-new-cluster"] if first else []
        self.start()
        self._more = []

    def rejoin(self) -> None:
        """Start after a crash, from the last transaction that the node has stored."""
        log = subprocess.run(
            [*self._command(), "--wsrep-recover"],
            user=self._user,
            group=self._user,
            extra_groups=None if self._user is None else [],
            check=True,
            capture_output=True,
            text=True,
        ).stderr
        position = _POSITION.findall(log)[-1]
        self._more = [f"--wsrep-start-position={position}"]
        self.start()
        self._more = []

    def status(self, name: str) -> str:
        """Return a variable of the status, such as `wsrep_ready`."""
        return self.sql(f"SHOW GLOBAL STATUS LIKE '{name}'").strip().partition("\t")[2]

    def isolate(self, is_isolated: bool) -> None:
        """Cut the node off from the other nodes, as a broken network does; its clients reach it."""
        self.sql(f"SET GLOBAL wsrep_provider_options = 'gmcast.isolate={int(is_isolated)}'")

    def _command(self) -> list[str]:
        members = ",".join(f"127.0.0.1:{node.group_port}" for node in self._peers)
        own = f"127.0.0.1:{self.group_port}"
        options = ";".join(
            (
                f"gmcast.listen_addr=tcp://{own}",
                f"ist.recv_addr=127.0.0.1:{self._incremental_port}",
                "gcache.size=16M",
                "socket.checksum=1",
                *_TIMEOUTS,
            )
        )
        pair = self._certificate
        tls = [] if pair is None else [f"--ssl-cert={pair.certificate}", f"--ssl-key={pair.key}"]
        return [
            *super()._command(),
            *("--wsrep-on=ON", f"--wsrep-provider={PROVIDER}", "--binlog-format=ROW"),
            *("--default-storage-engine=InnoDB", "--innodb-autoinc-lock-mode=2"),
            *(f"--wsrep-cluster-address=gcomm://{members}", "--wsrep-cluster-name=waypost"),
            *(f"--wsrep-node-name=node{self.port}", f"--wsrep-node-address={own}"),
            *(
                "--wsrep-sst-method=rsync",
                f"--wsrep-sst-receive-address=127.0.0.1:{self._full_port}",
            ),
            *(f"--wsrep-provider-options={options}", *self._more, *tls),
        ]

    def _answers(self) -> bool:
        return super()._answers() and self.status("wsrep_ready") == "ON"


class Galera:
    """A cluster of equal nodes.

    Attributes:
        nodes: the nodes.
        authority: the PEM file of the authority that signed the certificate of the first two.
    """

    def __init__(self, nodes: Sequence[GaleraNode], authority: Path) -> None:
        self.nodes = nodes
        self.authority = authority

    def hosts(self) -> str:
        """Return the nodes in the form of a URI."""
        return "&".join(f"host=127.0.0.1:{node.port}" for node in self.nodes)

    def uri(self, database: str) -> str:
        """Return the URI of a database that names all nodes."""
        secret = quote(PASSWORD, safe="")
        return f"mysql+pymysql://{USER}:{secret}@/{database}?{self.hosts()}"


@contextmanager
def galera() -> Iterator[Galera]:
    """Run a cluster with the user `waypost`; skip if it is not installed.

    The first two nodes have a certificate of an authority for `localhost`, the third has none.
    Each node begins with a copy of the same files, so that no node needs those of another.
    """
    require(programs=["mariadbd", "mariadb-install-db", "mariadb"], files=[PROVIDER])
    user = account("mysql")
    with folder_of(user) as folder:
        authority = Authority.create(folder)
        pair = authority.issue("localhost", ["localhost"])
        nodes = []
        for number in range(3):
            place = folder / f"node{number + 1}"
            place.mkdir()
            if user is not None:
                for path in (place, pair.certificate, pair.key):
                    shutil.chown(path, user, user)
            nodes.append(GaleraNode(place, user, pair if number < 2 else None))
        first, *others = nodes
        first.create_files()
        try:
            first.join(nodes, first=True)
            for host in ("localhost", "127.0.0.1"):
                first.sql(
                    f"CREATE USER '{USER}'@'{host}' IDENTIFIED BY '{PASSWORD}';"
                    f"GRANT ALL PRIVILEGES ON `waypost\\_%`.* TO '{USER}'@'{host}';"
                )
            first.stop()
            for node in others:
                place = node.socket.parent
                subprocess.run(["cp", "-a", f"{folder}/node1/data", f"{place}/data"], check=True)
            first.join(nodes, first=True)
            for node in others:
                node.join(nodes)
            yield Galera(nodes, authority.certificate)
        finally:
            for node in nodes:
                node.kill()
