"""Thunderbird gets its configuration with a certificate that is issued for its request."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.sites import DATABASE_HOST
from tests.clients.thunderbird import Thunderbird, thunderbird
from tests.docs.pages import ROOT, blocks
from tests.servers.caddy import Caddy, caddy
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.private_network import private_network
from tests.servers.requirements import require
from tests.servers.waypost import RunningWaypost, waypost

pytestmark = [pytest.mark.clients, pytest.mark.servers]
SERVICES = """
services = [
  { type = "imap", host = "imap.example" },
  { type = "smtp", host = "smtp.example" },
]
"""


def providers(*domains: str) -> str:
    """Write a providers file."""
    return f'[[provider]]\nname = "Own"\ndomains = {list(domains)!r}\n{SERVICES}'


@dataclass(frozen=True, slots=True)
class OnDemand:
    """Thunderbird, Caddy and Waypost, and the providers file."""

    client: Thunderbird
    caddy: Caddy
    waypost: RunningWaypost
    file: Path


@pytest.fixture(name="on_demand")
def _on_demand(tmp_path: Path) -> Iterator[OnDemand]:
    """Run Caddy as in the page on certificates, with the ports of that page."""
    require(programs=["caddy", "thunderbird", "certutil"], private_network=True)
    file = tmp_path / "mail.toml"
    file.write_text(providers("first.example"), encoding="utf-8")
    text = blocks(ROOT / "docs/certificates.md", "caddyfile")[0].text
    with (
        private_network(),
        waypost(tmp_path, file, proxies=1, port=4243, admin_port=4244) as running,
        caddy(tmp_path, text) as server,
        thunderbird(
            tmp_path, authority=server.authority, database=f"https://{DATABASE_HOST}/v1.1/"
        ) as client,
    ):
        yield OnDemand(client, server, running, file)


def test_new_domain(on_demand: OnDemand) -> None:
    """Thunderbird finds nothing for a domain, and the configured servers after it is added."""
    address, host = "alice@new.example", "autoconfig.new.example"
    assert on_demand.client.set_up(address) is None
    assert on_demand.caddy.certificates() == set()
    on_demand.file.write_text(providers("first.example", "new.example"), encoding="utf-8")
    on_demand.waypost.wait_for_domain("new.example")
    # Thunderbird waits for 5 s, and a busy machine issues certificates slowly.
    end = time.monotonic() + PATIENCE_SECONDS
    while (account := on_demand.client.set_up(address)) is not None:
        if account.source == "xml-from-isp-https" or time.monotonic() > end:
            break
    assert account is not None
    assert (account.source, account.incoming.host) == ("xml-from-isp-https", "imap.example")
    assert host in on_demand.caddy.certificates()
    assert on_demand.client.set_up("alice@unserved.example") is None
    assert {name.partition(".")[2] for name in on_demand.caddy.certificates()} == {"new.example"}
