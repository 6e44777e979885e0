"""Networks that ask too much, at the public listener."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.web.asgi import Client, settings
from waypost.providers_file.load import read_providers
from waypost.runtime.limits.shared_ratelimit import SharedBuckets
from waypost.settings import Settings
from waypost.web.public.limits.client_limits import ClientLimits
from waypost.web.public.origin.proxy import ProxyTrust

PROVIDERS = """
[[provider]]
name = "Example"
domains = ["example.com", "example.org"]
services = [{ type = "imap", host = "i.example.com" }, { type = "smtp", host = "s.example.com" }]
"""
PATH = "/mail/config-v1.1.xml?emailaddress=alice@"
STRANGER = "203.0.113.5"
SLOW: dict[str, Any] = {"rate_limit": 0.001, "rate_limit_burst": 20, "rate_limit_query_cost": 5}


@contextmanager
def serving(**options: Any) -> Iterator[Client]:
    """Yield a client of an application with small limits."""
    catalog = read_providers(PROVIDERS, name="mail.toml", format="toml").catalog
    client = Client(catalog, settings(**(SLOW | options)))
    try:
        yield client
    finally:
        client.close()


def statuses(client: Client, number: int, **options: Any) -> list[int]:
    """Return the statuses of answers about a domain in memory."""
    options = {"peer": STRANGER} | options
    return [client.get(f"{PATH}example.com", **options).status for _ in range(number)]


def test_answer_of_a_refusal() -> None:
    """A 429 says how long to wait, may not be cached, and names the policy."""
    with serving() as client:
        found = statuses(client, 20)
        answer = client.get(f"{PATH}example.com", peer=STRANGER)
    # The first one asks the database, and counts for six.
    assert found == [200] * 15 + [429] * 5
    assert answer.status == 429
    seconds = int(answer.headers["retry-after"])
    assert 900 < seconds <= 1000
    assert answer.headers["ratelimit"] == f'"network";r=0;t={seconds}'
    assert answer.headers["ratelimit-policy"] == '"network";q=20;w=20000'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text == f"too many requests from your network; ask again in {seconds} s\n"


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS", "PUT"])
def test_all_methods_and_paths_count(method: str) -> None:
    """No method and no path is a way around the limit."""
    with serving() as client:
        statuses(client, 20)
        for path in ("/", "/autodiscover/autodiscover.xml", "/unknown", "/mobileconfig"):
            answer = client.request(method, path, peer=STRANGER, body=None)
            assert answer.status == 429
            assert (answer.body == b"") == (method == "HEAD")


def test_health_checks_have_no_limit() -> None:
    """A load balancer that passes on too much still sees that the server answers."""
    with serving() as client:
        assert statuses(client, 20)[-1] == 429
        for path in ("/healthz", "/readyz"):
            for method in ("GET", "HEAD"):
                assert client.request(method, path, peer=STRANGER, body=None).status == 200
            assert client.request("POST", path, peer=STRANGER, body=None).status == 429


def test_queries_count_more() -> None:
    """Invented domains, which cost a query each, are refused earlier than known ones."""
    with serving() as client:
        found = [
            client.get(f"{PATH}invented{number}.example", peer=STRANGER).status
            for number in range(10)
        ]
    assert found == [404] * 4 + [429] * 6


def test_others_are_answered() -> None:
    """A network that asks too much takes nothing from another one."""
    with serving() as client:
        assert statuses(client, 30)[-1] == 429
        assert statuses(client, 1, peer="203.0.113.6") == [200]
        assert statuses(client, 1, peer="2001:db8::1") == [200]


EXEMPT = ["127.0.0.1", "::1", "10.0.0.1", "192.168.7.7", "fd00::1", None]


@pytest.mark.parametrize("peer", EXEMPT)
def test_web_servers_that_nobody_configured(peer: str | None) -> None:
    """Behind a web server on this machine or in a private network, there is no limit by default."""
    with serving() as client:
        found = statuses(client, 100, peer=peer, headers={"X-Forwarded-For": STRANGER})
    assert set(found) == {200}


@pytest.mark.parametrize("options", [{"proxy_count": 1}, {"trusted_proxies": ["10.0.0.0/8"]}])
def test_behind_a_trusted_proxy(options: dict[str, Any]) -> None:
    """The client that a trusted proxy names has the limit, and not the proxy."""
    with serving(**options) as client:
        first = statuses(client, 30, peer="10.0.0.1", headers={"X-Forwarded-For": STRANGER})
        other = statuses(client, 1, peer="10.0.0.1", headers={"X-Forwarded-For": "198.51.100.9"})
        forged = statuses(
            client, 1, peer="10.0.0.1", headers={"X-Forwarded-For": f"198.51.100.9, {STRANGER}"}
        )
    assert (first[-1], other, forged) == (429, [200], [429])


def test_forged_header_of_a_stranger() -> None:
    """A client cannot choose its network by a header."""
    with serving() as client:
        found = [
            client.get(
                f"{PATH}example.com",
                peer=STRANGER,
                headers={"X-Forwarded-For": f"198.51.100.{number}"},
            ).status
            for number in range(30)
        ]
    assert found[-1] == 429


def test_disabled() -> None:
    """`rate_limit = 0` disables the limit."""
    with serving(rate_limit=0) as client:
        assert set(statuses(client, 100)) == {200}


def test_log(capsys: pytest.CaptureFixture[str]) -> None:
    """One warning names the network and what to set; each refused request has its line."""
    with serving() as client:
        statuses(client, 30)
    output = capsys.readouterr()
    lines = (output.out + output.err).splitlines()
    (warning,) = [line for line in lines if "asks too much" in line]
    assert STRANGER in warning
    assert "trusted_proxies" in warning
    refused = [line for line in lines if re.search(r"result['\"]?[=:] ?['\"]?rate_limited", line)]
    assert len(refused) == 15


def test_generous_by_default() -> None:
    """A school with one address that sets up 300 phones in one moment notices nothing."""
    # A phone sends about ten requests, and one of them asks the directory.
    limits = Settings(db_uri="sqlite://")
    cost = 300 * (10 + limits.rate_limit_query_cost)
    assert cost <= limits.rate_limit_burst
    # In the long run: phones an hour.
    assert 3600 * limits.rate_limit / (10 + limits.rate_limit_query_cost) > 30_000


def test_networks_of_connections() -> None:
    """The connections of a trusted proxy are not counted, those of a stranger are."""
    options = settings(trusted_proxies=["203.0.113.0/24"], rate_limit=0)
    trust = ProxyTrust(options.proxy_count, options.trusted_proxies)
    limits = ClientLimits(options, trust, SharedBuckets())
    assert limits.connecting_network("203.0.113.1") is None
    assert limits.connecting_network("198.51.100.1") is not None
    assert limits.connecting_network("127.0.0.1") is None
    assert limits.network("198.51.100.1") is None
