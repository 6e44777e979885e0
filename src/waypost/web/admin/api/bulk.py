"""Many domains at once, as streams of JSON lines (NDJSON)."""

import asyncio
import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import chain
from queue import SimpleQueue
from threading import Event, Thread
from typing import IO, Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from waypost.admin.bulk import bounded_lines
from waypost.admin.facade import Admin
from waypost.admin.principal import Principal
from waypost.admin.results import BulkEnd, BulkEvent, BulkMistake, BulkProgress
from waypost.core.errors import WaypostError
from waypost.web.admin.api.access import CurrentAdmin
from waypost.web.admin.api.changes import NO_STORE, Confirm, DryRun, plan_members
from waypost.web.admin.api.descriptions import LINES_TYPE, describe_lines
from waypost.web.admin.api.inputs import body_parts
from waypost.web.admin.api.problems import ApiError, error_response

BODY_MAX_BYTES: Final = 512 * 1024 * 1024
MEMORY_MAX_BYTES: Final = 4 * 1024 * 1024
"""A longer body is in a temporary file until the transaction ends."""

STREAMS_MAX: Final = 8
"""How many bulk changes and exports run at once: each has a temporary file and a thread."""
STREAMS_MAX_EACH: Final = 2
"""How many of them one principal has, so that no tenant keeps the others from theirs."""
WAIT_SECONDS: Final = 1.0
"""How long another one waits before it is refused: a client that has its whole answer may ask again
before the thread of that answer has ended."""
_POLLS: Final = 20
_BLOCK_BYTES: Final = 64 * 1024
_Begun = tuple[bytes, Generator[bytes]]
"""The first line, and the others."""


def add_bulk(router: APIRouter) -> None:
    """Add /domains:bulk and /domains:export."""
    streams = _Streams()

    @router.post(
        "/domains:bulk",
        summary="Create, replace and delete many domains in one transaction.",
        **describe_lines("Progress, mistakes and the result.", "BulkLines"),
    )
    async def bulk(
        request: Request, admin: CurrentAdmin, dry_run: DryRun = False, confirm: Confirm = False
    ) -> Response:
        admin.principal.check_write()
        with ExitStack() as stack:
            stack.enter_context(await streams.use(admin.principal))
            file = await _receive(request)
            thread = _ThreadEnd(asyncio.get_running_loop())
            changed = _changed(admin, file, confirm, dry_run)
            events = await run_in_threadpool(partial(_first, changed, thread.report))
            return _StreamedLines(events, stack.pop_all(), thread)

    @router.get(
        "/domains:export",
        summary="All domains, one JSON object on each line.",
        **describe_lines("The domains, by name."),
    )
    async def export(admin: CurrentAdmin) -> Response:
        with ExitStack() as stack:
            stack.enter_context(await streams.use(admin.principal))
            lines = await run_in_threadpool(partial(_begin, _in_thread(_blocks(_exported(admin)))))
            return _StreamedLines(lines, stack.pop_all())


class _Streams:
    """The bulk changes and exports that run; used by one event loop."""

    def __init__(self) -> None:
        self._counts: Counter[Principal] = Counter()

    async def use(self, principal: Principal) -> AbstractContextManager[None]:
        """Return a context that counts as one more; wait at most `WAIT_SECONDS` for its place.

        The caller enters it at once.

        Raises:
            ApiError: 429 if there are too many.
        """
        key = replace(principal, remote=None)
        for _ in range(_POLLS):
            if self._has_room(key):
                return self._counted(key)
            await asyncio.sleep(WAIT_SECONDS / _POLLS)
        detail = "too many bulk changes and exports at once; try again later"
        raise ApiError(429, "too_many_requests", detail, {"retry-after": "10"})

    @contextmanager
    def _counted(self, key: Principal) -> Iterator[None]:
        self._counts[key] += 1
        try:
            yield
        finally:
            self._counts[key] -= 1
            self._counts += Counter()  # Removes those without any.

    def _has_room(self, key: Principal) -> bool:
        return self._counts[key] < STREAMS_MAX_EACH and self._counts.total() < STREAMS_MAX


class _ThreadEnd:
    """Closes a stack when a thread has ended, which may be later than its request."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._has_ended = False
        self._stack = ExitStack()

    def report(self) -> None:
        """Report the end of the thread, from the thread."""
        with suppress(RuntimeError):  # The loop has ended.
            self._loop.call_soon_threadsafe(self._end)

    def close_after(self, stack: ExitStack) -> None:
        """Close a stack after the end of the thread, or now if the thread has ended."""
        if self._has_ended:
            stack.close()
        else:
            self._stack = stack

    def _end(self) -> None:
        self._has_ended = True
        self._stack.close()


class _StreamedLines(StreamingResponse):
    """Lines that are sent while they are made."""

    def __init__(self, begun: _Begun, stack: ExitStack, thread: _ThreadEnd | None = None) -> None:
        first, lines = begun
        super().__init__(chain((first,), lines), 200, NO_STORE, LINES_TYPE)
        self._lines = lines
        self._stack = stack
        self._thread = thread

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the lines; close the stack when they are all made, or when the client has gone.

        If the thread makes all lines whether the client is there or not, the stack waits for it.
        """
        try:
            await super().__call__(scope, receive, send)
        finally:
            try:
                # Also if the server stops and cancels this request.
                await asyncio.shield(asyncio.to_thread(self._lines.close))
            finally:
                if self._thread is None:
                    self._stack.close()
                else:
                    self._thread.close_after(self._stack)


async def _receive(request: Request) -> IO[bytes]:
    """Return the body as a file, which is removed when it is closed."""
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.SpooledTemporaryFile(MEMORY_MAX_BYTES))
        size = 0
        async for part in body_parts(request):
            size += len(part)
            if size > BODY_MAX_BYTES:
                detail = f"the body is longer than {BODY_MAX_BYTES} bytes; send it in parts"
                raise ApiError(413, "too_large", detail, {"connection": "close"})
            await run_in_threadpool(file.write, part)
        file.seek(0)
        stack.pop_all()  # `_changed` closes the file.
    return file


def _first(lines: Generator[bytes], report_end: Callable[[], None]) -> _Begun:
    return _begin(_in_thread(lines, to_end=True, report_end=report_end))


def _ignore() -> None:
    """Do nothing: the caller waits for the thread."""


def _begin(lines: Generator[bytes]) -> _Begun:
    """Make the first line before the status of the answer is sent: an error gets its own status."""
    return next(lines, b""), lines


def _in_thread(
    lines: Generator[bytes], *, to_end: bool = False, report_end: Callable[[], None] = _ignore
) -> Generator[bytes]:
    """Yield the same lines, which a thread writes to a file without a wait for the client.

    An export has a connection and a snapshot of the database until its last line is made, and the
    transaction of a bulk change locks out other changes. So a client that reads slowly must not
    make them longer.

    Args:
        lines: are made in the thread. None is empty.
        to_end: whether all lines are made also if the client has gone.
        report_end: is called at the end of the thread.
    """
    made: SimpleQueue[int | Exception | None] = SimpleQueue()
    is_closed = Event()

    def make(target: IO[bytes]) -> None:
        end: Exception | None = RuntimeError("a line could not be made; the log has the reason")
        try:
            with closing(lines), target:
                for line in lines:
                    target.write(line)
                    target.flush()
                    made.put(len(line))
                    if is_closed.is_set() and not to_end:
                        return
            end = None
        except WaypostError as error:
            end = error
        finally:
            made.put(end)
            report_end()

    with tempfile.TemporaryFile(buffering=0) as file:
        # The thread may need its file for longer than this generator.
        # With a buffer: without one, a full disk would cut a line without an error.
        target = os.fdopen(os.dup(file.fileno()), "wb")
        thread = Thread(target=make, args=(target,), name="bulk", daemon=True)
        thread.start()
        offset = 0
        try:
            while isinstance(item := made.get(), int):
                yield os.pread(file.fileno(), item, offset)
                offset += item
            if item is not None:
                raise item
        finally:
            is_closed.set()
            if not to_end:
                thread.join()


def _blocks(lines: Iterator[bytes]) -> Generator[bytes]:
    """Yield the same bytes in larger parts."""
    block = bytearray()
    for line in lines:
        block += line
        if len(block) >= _BLOCK_BYTES:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


def _changed(admin: Admin, file: IO[bytes], confirm: bool, dry_run: bool) -> Generator[bytes]:
    sent = False
    with file:
        try:
            for event in admin.bulk(bounded_lines(file), confirm=confirm, dry_run=dry_run):
                yield _line(_event_data(event))
                sent = True
        except WaypostError as error:
            if not sent:
                raise
            # The status has been sent; the last line says that nothing was changed.
            yield _line({"result": "failed", **json.loads(bytes(error_response(error).body))})


def _exported(admin: Admin) -> Generator[bytes]:
    for stored in admin.export():
        yield _line(stored.data)


def _event_data(event: BulkEvent) -> dict[str, Any]:
    match event:
        case BulkProgress():
            return {"progress": event.lines}
        case BulkMistake():
            return {
                "line": event.line,
                "path": event.path,
                "message": event.rule,
                "code": event.code,
            }
        case BulkEnd():
            result = "rejected" if event.mistakes else "written" if event.written else "planned"
            return {
                "result": result,
                "lines": event.lines,
                "mistakes": event.mistakes,
                "aliases": event.aliases,
                **plan_members(event.plan),
            }


def _line(data: dict[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
