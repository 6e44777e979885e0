"""The identifiers of requests in the log."""

import io
import json
from collections.abc import Mapping
from ipaddress import ip_network

import pytest

from tests.web.asgi import Client, settings
from tests.web.conftest import CATALOG
from waypost.runtime.logs import configure
from waypost.web.public.origin.proxy import ProxyTrust
from waypost.web.public.request_ids import RequestIds

TRUSTED = {"trusted_proxies": (ip_network("127.0.0.0/8"),)}
SENT = [
    # the header, whether it is taken from a trusted proxy
    ("4bf92f3577b34da6a3ce929d0e0e4736", True),
    ("7b0e6a1c-1c2f-4f2c-9a55-0c1de7d1fd6a", True),
    ("a" * 64, True),
    ("a" * 65, False),
    ("alice@example.com", False),
    ("alice%40example.com", False),
    ('x", "level": "error', False),
    ("\u00fc", False),
    ("", False),
]


def logged_id(options: Mapping[str, object], sent: str, peer: str = "127.0.0.1") -> str:
    """Send a request, and return its identifier in the log."""
    stream = io.StringIO()
    configure("info", "json", stream, configure_stdlib_log=False)
    client = Client(CATALOG, settings(**options))
    client.get("/nothing", headers={"X-Request-ID": sent}, peer=peer)
    client.close()
    found: str = json.loads(stream.getvalue().splitlines()[0])["id"]
    return found


@pytest.mark.parametrize(("sent", "is_taken"), SENT)
def test_of_a_trusted_proxy(sent: str, *, is_taken: bool) -> None:
    """A trusted proxy's identifier is logged, if it cannot be an address."""
    assert (logged_id(TRUSTED, sent) == sent) is is_taken


@pytest.mark.parametrize(("options", "peer"), [({}, "127.0.0.1"), (TRUSTED, "192.0.2.1")])
def test_of_anybody_else(options: Mapping[str, object], peer: str) -> None:
    """The identifier of any other client is not believed."""
    assert logged_id(options, SENT[0][0], peer) != SENT[0][0]


def test_new_ones_differ() -> None:
    """Each request and each worker has its own."""
    one, other = RequestIds(ProxyTrust()), RequestIds(ProxyTrust())
    assert len({one.new(), one.new(), other.new(), other.new()}) == 4
