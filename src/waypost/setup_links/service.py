"""The links of a running server: no call blocks the event loop, and a failure undoes its use."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import structlog

from waypost.core.errors import LinkError, StoreError, StoreUnavailable
from waypost.runtime.limits.query_charges import charge_query
from waypost.runtime.worker_pool import WorkerPool
from waypost.setup_links.link import LinkTarget, OpenedLink
from waypost.setup_links.links import LinkUse, SetupLinks
from waypost.setup_links.password_service import AppPasswordService

THREADS: Final = 4
CLOSE_SECONDS: Final = 1.0
Built = TypeVar("Built")
Result = TypeVar("Result")
Build = Callable[[LinkTarget, str | None], Awaitable[Built]]
"""Builds the answer for the person and the device of a link, with the app password, if any."""


class SetupLinkService:
    """The links, with the database and the operator's system behind threads."""

    def __init__(self, links: SetupLinks, passwords: AppPasswordService | None = None) -> None:
        """Initialize; nothing is opened yet.

        Args:
            links: the links.
            passwords: makes app passwords for links without one; None if there is no such system.
        """
        self._links = links
        self._passwords = passwords
        self._log = structlog.get_logger(__name__)
        self._database: WorkerPool[Callable[[], Any], Any] = WorkerPool(
            "setup-links", _call, THREADS, lambda: StoreUnavailable("a query of a link failed")
        )

    @property
    def makes_passwords(self) -> bool:
        """Whether each use of a stored link gets an app password."""
        return self._passwords is not None

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
        except LinkError as error:
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
        if use.app_password is not None or self._passwords is None or use.row is None:
            return await self._build(use, build, use.app_password)
        return await self._passwords.use(
            use.request_id, use.target, lambda password: self._build(use, build, password)
        )

    async def _build(self, use: LinkUse, build: Build[Built], password: str | None) -> Built:
        answer = await build(use.target, password)
        await self._query(lambda: self._links.complete(use))
        return answer

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


def _call(call: Callable[[], Any]) -> Any:  # noqa: ANN401 -- the result of any call
    return call()
