"""The application of the admin listener from its start on, which loads the API and the pages later.

They need most of the time and the memory of the start, and monitoring and web servers do not wait
for them: docs/decisions/0043-admin-process-loads-pages-later.md.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from waypost.web.admin.early_urls import EarlyUrls
from waypost.web.admin.guard import AccessGuard
from waypost.web.public.request import Receive, Scope, Send

LOAD_SECONDS: Final = 30.0
"""How long after the start the rest is loaded without a request: an upgrade may replace its files
while this process runs, and the first person should not wait."""
NOT_LOADED: Final = "the API and the admin pages cannot be loaded; the log has the reason\n"

Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class DeferredApplication:
    """An application that answers the early URLs itself, and loads another one for all the rest.

    The other one is loaded once, in a thread, so that the early URLs answer in the meantime.
    Requests for the rest wait. If it cannot be loaded, they get 503, and the next request tries
    again.
    """

    def __init__(
        self, urls: EarlyUrls, load: Callable[[], Application], admin_url: str | None = None
    ) -> None:
        """Initialize the application; nothing is loaded yet.

        Args:
            urls: the early URLs.
            load: returns the application for all the rest, with its own guard.
            admin_url: the option.
        """
        self._urls = urls
        self._early = Starlette(
            routes=[Route(path, endpoint, methods=["GET"]) for path, endpoint in urls.items()],
            middleware=[Middleware(AccessGuard, admin_url=admin_url)],
        )
        self._refusal = AccessGuard(PlainTextResponse(NOT_LOADED, 503), admin_url)
        self._load = load
        self._loading: asyncio.Task[Application] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for an early URL, or pass another one on."""
        # The other application answers HEAD and every other method: 405 with its own header fields.
        if scope["method"] == "GET" and scope["path"] in self._urls:
            await self._early(scope, receive, send)
            return
        application = await self.loaded()
        await application(scope, receive, send)

    async def loaded(self) -> Application:
        """Return the other application, or one that answers 503 if it cannot be loaded now."""
        if self._loading is None:
            self._loading = asyncio.create_task(self._load_in_thread())
        # A request that ends early does not end the load for the others.
        return await asyncio.shield(self._loading)

    async def load_later(self) -> None:
        """Load the other application after `LOAD_SECONDS`."""
        await asyncio.sleep(LOAD_SECONDS)
        await self.loaded()

    async def _load_in_thread(self) -> Application:
        thread = asyncio.create_task(asyncio.to_thread(self._load))
        # Files that were replaced or cannot be read can raise anything during an import.
        await asyncio.wait([thread])
        error = thread.exception()
        if error is None:
            return thread.result()
        self._loading = None
        structlog.get_logger(__name__).error(
            "the API and the admin pages cannot be loaded; trying again at the next request",
            exc_info=error,
        )
        return self._refusal
