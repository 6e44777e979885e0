"""A client of the public listener in this process, with control over peer, scheme and headers."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from lxml import etree

from waypost.core.model import Catalog
from waypost.directory.directories import Directories
from waypost.directory.factory import open_directory
from waypost.lookup.lookup import Lookup
from waypost.settings import Settings
from waypost.store.cache import CacheLimits, DomainCache
from waypost.store.memory import MemoryStore
from waypost.store.protocol import Store
from waypost.web.app_context import PeerCheck
from waypost.web.public.app import PublicApp
from waypost.wiring.runtime import Runtime

LOG_KEY = "a key of the tests"
PEER = "127.0.0.1"


def settings(**options: Any) -> Settings:
    """Create settings that need neither a file nor an environment."""
    return Settings(**({"db_uri": "sqlite://", "log_key": LOG_KEY} | options))


@dataclass(frozen=True)
class Answer:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    pairs: Sequence[tuple[str, str]] = ()

    @property
    def text(self) -> str:
        return self.body.decode()

    def all_headers(self, name: str) -> list[str]:
        """Return all values of a header."""
        return [value for key, value in self.pairs if key == name]

    @property
    def xml(self) -> etree._Element:
        return etree.fromstring(self.body)

    def value(self, name: str) -> str | None:
        """Return the text of the first element with a local name."""
        found = self.xml.xpath(f"//*[local-name()='{name}']")
        assert isinstance(found, list)
        if not found:
            return None
        element = found[0]
        assert isinstance(element, etree._Element)
        return element.text


def _runtime(store: Store | Catalog, options: Settings | None) -> Runtime:
    cache = DomainCache(MemoryStore(store) if isinstance(store, Catalog) else store, CacheLimits())
    people = Directories(open_directory)
    public_url = None if options is None else options.public_url
    return Runtime(cache, Lookup(cache, people, public_url), people, None)


class Client:
    """A client of one application, which lives as long as the test."""

    def __init__(
        self,
        store: Store | Catalog | Runtime,
        options: Settings | None = None,
        peer_check: PeerCheck | None = None,
    ) -> None:
        self._runner = asyncio.Runner()
        self.runtime = store if isinstance(store, Runtime) else _runtime(store, options)
        self.cache = self.runtime.cache
        self.app = PublicApp(
            options or settings(), wire_runtime=lambda _: self.runtime, peer_check=peer_check
        )
        self._runner.run(self._start())

    async def _start(self) -> None:
        messages = iter(["lifespan.startup", "never"])

        async def receive() -> dict[str, Any]:
            if (kind := next(messages)) == "never":
                await asyncio.Event().wait()
            return {"type": kind}

        started = asyncio.Event()

        async def send(message: Any) -> None:
            assert message["type"] == "lifespan.startup.complete"
            started.set()

        self._life = asyncio.create_task(self.app({"type": "lifespan"}, receive, send))
        await started.wait()

    def close(self) -> None:
        """End the application."""

        async def end() -> None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)
            await self.runtime.close()

        self._runner.run(end())
        self._runner.close()

    def get(self, path: str, **options: Any) -> Answer:
        return self.request("GET", path, **options)

    def post(self, path: str, body: bytes = b"", **options: Any) -> Answer:
        return self.request("POST", path, body=body, **options)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: str | Mapping[str, str] = "",
        host: str | None = "autoconfig.example.com",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = b"",
        chunks: int = 1,
        scheme: str = "https",
        peer: str | None = PEER,
        http_version: str = "",
    ) -> Answer:
        """Send one request; `path` may contain a query. A body that is None must not be read."""
        path, _, in_path = path.partition("?")
        text = query if isinstance(query, str) else urlencode(query)
        sent = [(b"host", host.encode("latin-1"))] if host is not None else []
        sent += [(k.lower().encode(), v.encode("latin-1")) for k, v in (headers or {}).items()]
        scope = {
            "type": "http",
            "http_version": http_version or ("1.0" if host is None else "1.1"),
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": (in_path or text).encode(),
            "headers": sent,
            "client": (peer, 40000) if peer else None,
            "server": ("127.0.0.1", 4243),
            "scheme": scheme,
        }
        return self._runner.run(self._ask(scope, body, chunks))

    async def _ask(self, scope: dict[str, Any], body: bytes | None, chunks: int) -> Answer:
        if body is None:
            return await self._ask_parts(scope, None)
        size = max(1, -(-len(body) // chunks))
        parts = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
        return await self._ask_parts(scope, parts)

    async def _ask_parts(self, scope: dict[str, Any], parts: list[bytes] | None) -> Answer:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            assert parts is not None, "the body must not be read"
            part = parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(parts)}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        pairs = [(k.decode(), v.decode()) for k, v in sent[0]["headers"]]
        body = b"".join(m.get("body", b"") for m in sent[1:])
        return Answer(sent[0]["status"], dict(pairs), body, pairs)
