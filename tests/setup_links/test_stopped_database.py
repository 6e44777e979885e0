"""A database that ends in the middle of a use of a link, and many devices at the same moment."""

import asyncio
import gc
from collections.abc import Awaitable

import pytest

from tests.servers.database_server import DatabaseServer
from tests.setup_links.stored import KEY, TARGET
from tests.setup_links.test_service import Source, build
from waypost.core.errors import LinkBusy, LinkInvalid, StoreError, StoreUnavailable
from waypost.database.engine import open_engine, write_transaction
from waypost.setup_links.keys import LinkKeys
from waypost.setup_links.link import LinkTarget, LinkTerms
from waypost.setup_links.links import SetupLinks
from waypost.setup_links.password_service import AppPasswordService
from waypost.setup_links.service import SetupLinkService
from waypost.store.sql.migrate import upgrade
from waypost.store.sql.schema import setup_link
from waypost.store.sql.setup_link_rows import SetupLinkRows

DEVICES = 8
pytestmark = pytest.mark.servers


@pytest.fixture(name="server", params=["postgresql_server", "mariadb_server"])
def _server(request: pytest.FixtureRequest) -> DatabaseServer:
    server: DatabaseServer = request.getfixturevalue(request.param)
    return server


# PyMySQL leaves the socket of a server that has gone to the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_stopped_between_lease_and_count(server: DatabaseServer) -> None:
    """Nothing is given out, no password stays valid, and later the link works once."""
    uri = server.uri(server.fresh())  # type: ignore[attr-defined]
    engine = open_engine(uri)
    upgrade(engine)
    links, source = SetupLinks(SetupLinkRows(engine), LinkKeys([KEY])), Source()
    service = SetupLinkService(links, AppPasswordService(source))
    token = links.create(TARGET, LinkTerms(600)).token

    async def crash(target: LinkTarget, password: str | None) -> str:
        assert source.valid
        server.kill()
        return await build(target, password)

    async def all_uses() -> list[object]:
        uses: list[Awaitable[str]] = [service.use(token, build) for _ in range(DEVICES)]
        return await asyncio.gather(*uses, return_exceptions=True)

    with asyncio.Runner() as runner:
        try:
            with pytest.raises((StoreUnavailable, StoreError)):
                runner.run(service.use(token, crash))
            assert source.valid == {}
        finally:
            server.start()
        with pytest.raises(LinkBusy):  # The lease is still there.
            runner.run(service.use(token, build))
        with write_transaction(engine) as connection:
            connection.execute(setup_link.update().values(leased_until=0))
        results = runner.run(all_uses())
        given = [result for result in results if isinstance(result, str)]
        refused = [result for result in results if isinstance(result, LinkBusy | LinkInvalid)]
        assert (len(given), len(refused), len(source.valid)) == (1, DEVICES - 1, 1)
        with pytest.raises(LinkInvalid):
            runner.run(service.use(token, build))
    service.close()
    engine.dispose()
    gc.collect()
