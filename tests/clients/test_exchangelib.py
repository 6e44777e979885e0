"""exchangelib searches for an Exchange server, and gets at once the answer that there is none."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.conftest import Front
from tests.clients.exchangelib import Failure, look_for
from tests.servers.authority import Authority
from tests.servers.installed import NotInstalledError

pytestmark = pytest.mark.clients

Search = Callable[[str], Failure]


@pytest.fixture(name="exchangelib")
def _exchangelib(
    fetched_exchangelib: Path | NotInstalledError,
    names: Path,
    authority: Authority,
    tmp_path: Path,
) -> Search:
    """Return an exchangelib that was never started before, with its own home."""
    if isinstance(fetched_exchangelib, NotInstalledError):
        fetched_exchangelib.demand()
    python, trusted = fetched_exchangelib, authority.certificate
    return lambda address: look_for(
        address, python=python, names=names, authority=trusted, home=tmp_path
    )


@pytest.mark.parametrize(
    ("domain", "web"),
    [
        ("hosted-web.example", ["404 POST https://hosted-web.example"]),
        # Nothing is at the domain itself.
        ("hosted.example", []),
    ],
)
def test_search_ends_after_404s(
    exchangelib: Search, front: Front, domain: str, web: list[str]
) -> None:
    """Each URL answers 404 at once, exchangelib asks no URL twice, and its search ends."""
    before = len(front.log.requests())
    failure = exchangelib(f"alice@{domain}")
    assert failure.kind == "AutoDiscoverFailed", failure.text
    requests = front.log.requests()[before:]
    assert {request.target for request in requests} == {"/autodiscover/autodiscover.svc"}
    assert [
        f"{request.status} {request.method} {request.scheme}://{request.host}"
        for request in requests
    ] == [
        *web,
        f"404 POST https://autodiscover.{domain}",
        f"404 GET http://autodiscover.{domain}",
        # The two lookups of the SRV record: whether it exists, and its content.
        "404 HEAD https://waypost.hoster.example",
        "404 POST https://waypost.hoster.example",
    ]
