"""The parts of one worker, created from the settings."""

import asyncio
from pathlib import Path

import pytest

from tests.making import ALICE, EXAMPLE_COM
from tests.web.asgi import settings
from waypost.core.errors import SettingsError
from waypost.core.model import HostEndpoint
from waypost.settings import Settings
from waypost.wiring.runtime import Runtime, address_hasher, wire

ADDRESS = "alice@example.com"
FILE = """\
[[provider]]
name = "Example"
domains = ["example.com"]
services = [{ type = "imap", host = "imap.example.com" }]
"""


def hosts(runtime: Runtime) -> list[str]:
    """Return the hosts that Alice's mail client gets, and close the parts."""

    async def ask() -> list[str]:
        config = await runtime.lookup.for_address(ALICE)
        await runtime.close()
        return [
            one.endpoint.host for one in config.services if isinstance(one.endpoint, HostEndpoint)
        ]

    return asyncio.run(ask())


def in_file(folder: Path) -> Settings:
    """Return settings with a providers file."""
    path = folder / "mail.toml"
    path.write_text(FILE, encoding="utf-8")
    return settings(providers=path)


def test_domains_of_a_file(tmp_path: Path) -> None:
    """A worker with a providers file answers from it, and follows its changes."""
    runtime = wire(in_file(tmp_path))
    assert runtime.reloader is not None
    assert runtime.initdb is None
    assert runtime.link_rows is None
    assert hosts(runtime) == ["imap.example.com"]


def test_samples_and_database() -> None:
    """The samples need no database; a database has operations and links, too."""
    samples = wire(settings(demo=True, initdb=True))
    assert samples.initdb is None
    assert samples.domain_count()
    assert hosts(samples)
    database = wire(settings(db_uri="sqlite://", initdb=True))
    assert database.initdb is not None
    assert database.link_rows is not None
    database.initdb.write_sample()
    assert hosts(database)


def test_reload_of_a_file(tmp_path: Path) -> None:
    """After `reload`, the changed file is served, and until then the old one."""
    chosen = in_file(tmp_path)
    assert chosen.providers is not None
    path = chosen.providers

    async def work() -> list[bool]:
        runtime = wire(chosen)
        watch = asyncio.ensure_future(runtime.watch())
        path.write_text(FILE.replace("example.com", "example.net"), encoding="utf-8")
        before = await runtime.cache.find(EXAMPLE_COM) is not None
        runtime.reload()
        reloading = runtime.is_reloading
        async with asyncio.timeout(60):
            while await runtime.cache.find(EXAMPLE_COM) is not None:  # noqa: ASYNC110 -- no event
                await asyncio.sleep(0.01)
        watch.cancel()
        await runtime.close()
        return [before, reloading]

    assert asyncio.run(work()) == [True, True]


def test_addresses_in_the_log() -> None:
    """The log has the same text for an address in each worker; without the key, there is none."""
    first, second = address_hasher(settings()), address_hasher(settings())
    assert first(ADDRESS) == second(ADDRESS) != ADDRESS
    assert address_hasher(settings(log_addresses=True))(ADDRESS) == ADDRESS
    with pytest.raises(SettingsError, match="log_key"):
        address_hasher(settings(log_key=None))
