"""App passwords of the operator's system on a server: no call blocks the event loop."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import structlog

from waypost.runtime.worker_pool import WorkerPool
from waypost.setup_links.app_password import (
    AppPasswordError,
    AppPasswordRequest,
    AppPasswordSource,
)
from waypost.setup_links.link import LEASE_SECONDS, LinkTarget

THREADS: Final = 4
CLOSE_SECONDS: Final = 1.0
CALL_MAX_SECONDS: Final = 10
"""The largest time limit of one call (`app_password_seconds`)."""
START_SECONDS: Final = LEASE_SECONDS - CALL_MAX_SECONDS
"""After this time no call begins: while it runs, the lease of its link must not end. Otherwise it
could change the password of the next device, whose request has the same id."""
Built = TypeVar("Built")
Result = TypeVar("Result")


class AppPasswordService:
    """The operator's system, behind threads."""

    def __init__(
        self, source: AppPasswordSource, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Initialize; no thread is started yet."""
        self._source = source
        self._clock = clock
        self._log = structlog.get_logger(__name__)
        self._pool: WorkerPool[Callable[[], Any], Any] = WorkerPool(
            "app-passwords", _call, THREADS, lambda: AppPasswordError("the request failed")
        )

    async def use(
        self, request_id: str, target: LinkTarget, build: Callable[[str], Awaitable[Built]]
    ) -> Built:
        """Return what was built with a new app password; if this fails, the password is revoked.

        Args:
            request_id: the same for each try of one use.
            target: the person and the device.
            build: builds the answer; its errors are raised again.

        Raises:
            AppPasswordError: there is no password.
        """
        request = AppPasswordRequest(
            request_id, str(target.address), target.device, target.display_name
        )
        end = self._clock() + START_SECONDS
        is_complete = False
        try:
            password: str = await self._pool.submit(
                lambda: self._in_time(end, lambda: self._source.create(request))
            )
            answer = await build(password)
            is_complete = True
        except AppPasswordError as error:
            self._log.error("there is no app password", reason=str(error))
            raise
        finally:
            if not is_complete:
                await self._revoke(request, end)
        return answer

    def _in_time(self, end: float, call: Callable[[], Result]) -> Result:
        if self._clock() > end:
            raise AppPasswordError("other requests took too long; the next use replaces it")
        return call()

    async def _revoke(self, request: AppPasswordRequest, end: float) -> None:
        try:
            await self._pool.submit(
                lambda: self._in_time(end, lambda: self._source.revoke(request))
            )
        except AppPasswordError as error:
            self._log.error(
                "an app password of a failed use may still be valid; remove it in your mail system",
                id=request.id,
                reason=str(error),
            )

    def close(self) -> None:
        """End the threads."""
        self._pool.close(CLOSE_SECONDS)


def _call(call: Callable[[], Any]) -> Any:  # noqa: ANN401 -- the result of any call
    return call()
