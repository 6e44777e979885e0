"""The API in this process, with a database in a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partialmethod
from pathlib import Path
from typing import Any

import anyio
import httpx
from fastapi import FastAPI
from sqlalchemy.pool import QueuePool

from tests.web.admin.admin_listener import CATALOG
from waypost.admin.access.scope import AccessScope
from waypost.admin.access.sessions import Sessions
from waypost.admin.access.tokens import Tokens
from waypost.admin.principal import Principal, Role
from waypost.admin.source import AdminSource
from waypost.database.engine import Engine, open_engine
from waypost.runtime.metrics import Metrics
from waypost.settings import Settings
from waypost.store.memory import MemoryDomains, MemoryStore
from waypost.web.admin.app import Administration, create_app
from waypost.web.admin.certificate_log import CertificateLog
from waypost.web.admin.early_urls import early_urls
from waypost.web.admin.tls import TlsAskEndpoint

WRITER = AccessScope(Role.WRITE)
READER = AccessScope(Role.READ)
COMMAND = Principal("test", "command")
LINK_KEY = "k" * 40


class ApiClient:
    """A client that sends requests to an application in this process, one after the other."""

    def __init__(self, app: FastAPI, headers: dict[str, str], peer: str = "127.0.0.1") -> None:
        self._transport = httpx.ASGITransport(app, client=(peer, 4000))
        self.headers = headers

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """Send a request, and return the whole answer."""

        async def send() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self._transport, base_url="http://127.0.0.1", headers=self.headers
            ) as client:
                return await client.request(method, url, **options)

        return anyio.run(send)

    get = partialmethod(request, "GET")
    put = partialmethod(request, "PUT")
    patch = partialmethod(request, "PATCH")
    post = partialmethod(request, "POST")
    delete = partialmethod(request, "DELETE")


class Api:
    """The API of one database."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self.tokens = Tokens(engine)
        self.sessions = Sessions(engine)
        self.engine = engine
        in_file = settings.providers is not None or settings.demo
        source = AdminSource(settings, None if in_file else engine, engine)
        metrics = Metrics()
        tls_ask = TlsAskEndpoint(
            MemoryDomains(MemoryStore(CATALOG)), ("autoconfig",), metrics, CertificateLog()
        )
        parts = Administration(source, self.tokens, self.sessions)
        self.app = create_app(early_urls(tls_ask, metrics), parts)

    def connections_in_use(self) -> int:
        """Return how many connections of the database are not in the pool."""
        pool = self.engine.pool
        assert isinstance(pool, QueuePool)
        return pool.checkedout()

    def client(self, scope: AccessScope | None = WRITER, **headers: str) -> ApiClient:
        """Return a client with a new token for a scope; None for a client without a token."""
        if scope is not None:
            secret, _ = self.tokens.create("test", scope, by=COMMAND)
            headers["authorization"] = f"Bearer {secret}"
        return ApiClient(self.app, headers)


@contextmanager
def open_api(
    path: Path,
    *,
    providers: Path | None = None,
    admin_url: str | None = None,
    languages_dir: Path | None = None,
) -> Iterator[Api]:
    """Yield the API of an upgraded database.

    Args:
        path: of the SQLite file.
        providers: a providers file with the domains, instead of the database.
        admin_url: the option.
        languages_dir: the option.
    """
    uri = f"sqlite:///{path}"
    given = {"providers": providers, "admin_url": admin_url, "languages_dir": languages_dir}
    given = {name: value for name, value in given.items() if value is not None}
    settings = Settings.model_validate({"db_uri": uri, "link_key": LINK_KEY, **given})
    engine = open_engine(uri)
    try:
        yield Api(settings, engine)
    finally:
        engine.dispose()
