"""exchangelib looks for Exchange, which is not here, and hears so at once."""

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
    """An exchangelib that was never started before."""
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
def test_it_fails_fast(exchangelib: Search, front: Front, domain: str, web: list[str]) -> None:
    """Each place that DNS names says 404 at once, none is asked twice, and it ends by itself."""
    before = len(front.log.requests())
    failure = exchangelib(f"alice@{domain}")
    assert failure.kind == "AutoDiscoverFailed", failure.text
    asked = front.log.requests()[before:]
    assert {one.target for one in asked} == {"/autodiscover/autodiscover.svc"}
    assert [f"{one.status} {one.method} {one.scheme}://{one.host}" for one in asked] == [
        *web,
        f"404 POST https://autodiscover.{domain}",
        f"404 GET http://autodiscover.{domain}",
        # The SRV record: is it there, and what does it say?
        "404 HEAD https://waypost.hoster.example",
        "404 POST https://waypost.hoster.example",
    ]
