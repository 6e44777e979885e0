"""The links of a running server: no call blocks the event loop, and a failure undoes its use."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import structlog

from waypost.core.errors import LinkError, StoreError, StoreUnavailable
from waypost.runtime.limits.query_charges import charge_query
from waypost.runtime.worker_pool import WorkerPool
from waypost.setup_links.app_password import (
    AppPasswordError,
    AppPasswordRequest,
    AppPasswordSource,
)
from waypost.setup_links.link import LinkTarget, OpenedLink
from waypost.setup_links.links import LinkUse, SetupLinks

THREADS: Final = 4
CLOSE_SECONDS: Final = 1.0
Built = TypeVar("Built")
Result = TypeVar("Result")
Build = Callable[[LinkTarget, str | None], Awaitable[Built]]
"""Builds the answer for the person and the device of a link, with the app password, if any."""


class SetupLinkService:
    """The links, with the database and the operator's system behind threads."""

    def __init__(self, links: SetupLinks, source: AppPasswordSource | None = None) -> None:
        """Initialize; nothing is opened yet.

        Args:
            links: the links.
            source: makes app passwords for links without one; None if there is no such system.
        """
        self._links = links
        self._source = source
        self._log = structlog.get_logger(__name__)
        self._database: WorkerPool[Callable[[], Any], Any] = WorkerPool(
            "setup-links", _call, THREADS, lambda: StoreUnavailable("a query of a link failed")
        )
        self._passwords: WorkerPool[Callable[[], Any], Any] = WorkerPool(
            "app-passwords", _call, THREADS, lambda: AppPasswordError("the request failed")
        )

    @property
    def makes_passwords(self) -> bool:
        """Whether each use of a stored link gets an app password."""
        return self._source is not None

    async def open(self, token: str) -> OpenedLink:
        """Return what a link is for. Nothing changes. Errors are those of `SetupLinks.open`."""
        return await self._query(lambda: self._links.open(token))

    async def use(self, token: str, build: Build[Built]) -> Built:
        """Use a link: return the answer that was built for it, after the use was counted.

        Whatever fails, an app password that was made for this answer is revoked, and the link can
        be used again. Only if the database fails while it counts, the link may be used up.

        Args:
            token: of the link.
            build: builds the answer; its errors are raised again.

        Raises:
            LinkInvalid, LinkBusy, LinkError, StoreUnavailable, StoreError: as `SetupLinks.begin`.
            AppPasswordError: the operator's system gave no password.
        """
        try:
            return await self._use(token, build)
        except (LinkError, AppPasswordError) as error:
            self._log.error("a setup link cannot be used", reason=str(error))
            raise

    async def _use(self, token: str, build: Build[Built]) -> Built:
        use = await self._query(lambda: self._links.begin(token))
        is_complete = False
        try:
            answer = await self._answer(use, build)
            is_complete = True
        finally:
            if not is_complete:
                await self._release(use)
        return answer

    async def _answer(self, use: LinkUse, build: Build[Built]) -> Built:
        # A signed token can be used any number of times, so it must not make passwords.
        if use.app_password is not None or self._source is None or use.row is None:
            answer = await build(use.target, use.app_password)
            await self._query(lambda: self._links.complete(use))
            return answer
        is_complete = False
        try:
            password = await self.create_password(use.request_id, use.target)
            answer = await build(use.target, password)
            await self._query(lambda: self._links.complete(use))
            is_complete = True
        finally:
            if not is_complete:
                await self.revoke_password(use.request_id, use.target)
        return answer

    async def create_password(self, request_id: str, target: LinkTarget) -> str:
        """Return a new app password of the operator's system.

        Raises:
            AppPasswordError: there is none.
        """
        if self._source is None:
            raise AppPasswordError("no system for app passwords is configured")
        source, request = self._source, _request(request_id, target)
        password: str = await self._passwords.submit(lambda: source.create(request))
        return password

    async def revoke_password(self, request_id: str, target: LinkTarget) -> None:
        """Remove the app password of a failed use, as far as the operator's system can."""
        if self._source is None:
            return
        source, request = self._source, _request(request_id, target)
        try:
            await self._passwords.submit(lambda: source.revoke(request))
        except AppPasswordError as error:
            self._log.error(
                "an app password of a failed use may still be valid; remove it in your mail system",
                id=request_id,
                reason=str(error),
            )

    async def _release(self, use: LinkUse) -> None:
        try:
            await self._query(lambda: self._links.release(use))
        except (StoreUnavailable, StoreError) as error:
            # The lease ends by itself.
            self._log.warning("a setup link stays leased for some seconds", reason=error.code)

    async def _query(self, call: Callable[[], Result]) -> Result:
        charge_query()
        result: Result = await self._database.submit(call)
        return result

    def close(self) -> None:
        """End the threads."""
        self._database.close(CLOSE_SECONDS)
        self._passwords.close(CLOSE_SECONDS)


def _call(call: Callable[[], Any]) -> Any:  # noqa: ANN401 -- the result of any call
    return call()


def _request(request_id: str, target: LinkTarget) -> AppPasswordRequest:
    return AppPasswordRequest(request_id, str(target.address), target.device, target.display_name)
