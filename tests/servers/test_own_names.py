"""Names that exist only in a private network, for the programs that are configured for it."""

import subprocess
from pathlib import Path

import pytest

from tests.servers import own_files
from tests.servers.named import name_server_of_a_network
from tests.servers.own_files import over_etc, write_names
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.private_network import private_network
from tests.servers.requirements import require

pytestmark = pytest.mark.servers

SERVICE = "_imaps._tcp.a.example. 60 IN SRV 0 1 993 here.b.example.\n"
ALIAS = "alias.a.example. 60 IN CNAME here.b.example.\n"


def test_names_of_a_network(tmp_path: Path) -> None:
    """A listed host, a host in DNS and an alias into another zone are found; nothing else is."""
    require(programs=["getent", "named", *own_files.NEEDED], private_network=True)
    before = Path("/etc/hosts").read_bytes()
    files = write_names(tmp_path, ["listed.example"])
    with private_network(), name_server_of_a_network(["a.example", "b.example"]) as server:
        server.load("a.example", SERVICE + ALIAS)
        server.load("b.example", "here.b.example. 60 IN A 127.0.0.1\n")

        def found(name: str) -> set[str]:
            # With only a loopback network, "addrconfig" would find no address at all.
            command = over_etc(files, ["getent", "--no-addrconfig", "ahostsv4", name])
            done = subprocess.run(
                command, check=False, capture_output=True, text=True, timeout=PATIENCE_SECONDS
            )
            return {line.split()[0] for line in done.stdout.splitlines()}

        for name in ("listed.example", "here.b.example", "alias.a.example"):
            assert found(name) == {"127.0.0.1"}, name
        for name in ("other.example", "none.b.example", "example.com", "localhost.example"):
            assert found(name) == set(), name
    assert Path("/etc/hosts").read_bytes() == before
