"""Many domains at once, as streams of JSON lines (NDJSON)."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from waypost.admin.bulk import bounded_lines
from waypost.admin.facade import Admin
from waypost.admin.results import BulkEnd, BulkEvent, BulkMistake, BulkProgress
from waypost.core.errors import WaypostError
from waypost.web.admin.api.access import CurrentAdmin
from waypost.web.admin.api.changes import NO_STORE, Confirm, DryRun, plan_members
from waypost.web.admin.api.descriptions import LINES_TYPE, describe_lines
from waypost.web.admin.api.problems import ApiError, error_response

BODY_MAX_BYTES: Final = 512 * 1024 * 1024
MEMORY_MAX_BYTES: Final = 4 * 1024 * 1024
"""A longer body is in a temporary file until the transaction ends."""


def add_bulk(router: APIRouter) -> None:
    """Add /domains:bulk and /domains:export."""

    @router.post(
        "/domains:bulk",
        summary="Create, replace and delete many domains in one transaction.",
        **describe_lines("Progress, mistakes and the result.", "BulkLines"),
    )
    async def bulk(
        request: Request, admin: CurrentAdmin, dry_run: DryRun = False, confirm: Confirm = False
    ) -> Response:
        admin.principal.check_write()
        file = await _receive(request)
        events = await run_in_threadpool(partial(_first, admin, file, confirm, dry_run))
        return StreamingResponse(events, 200, NO_STORE, LINES_TYPE)

    @router.get(
        "/domains:export",
        summary="All domains, one JSON object on each line.",
        **describe_lines("The domains, by name."),
    )
    async def export(admin: CurrentAdmin) -> Response:
        lines = await run_in_threadpool(partial(_begin, _exported(admin)))
        return StreamingResponse(lines, 200, NO_STORE, LINES_TYPE)


async def _receive(request: Request) -> IO[bytes]:
    """Return the body as a file, which is removed when it is closed."""
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.SpooledTemporaryFile(MEMORY_MAX_BYTES))
        size = 0
        async for part in request.stream():
            size += len(part)
            if size > BODY_MAX_BYTES:
                detail = f"the body is longer than {BODY_MAX_BYTES} bytes; send it in parts"
                raise ApiError(413, "too_large", detail, {"connection": "close"})
            await run_in_threadpool(file.write, part)
        file.seek(0)
        stack.pop_all()  # `_changed` closes the file.
    return file


def _first(admin: Admin, file: IO[bytes], confirm: bool, dry_run: bool) -> Iterator[bytes]:
    return _begin(_unblocked(_changed(admin, file, confirm, dry_run)))


def _begin(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Make the first line before the status of the answer is sent: an error gets its own status."""
    first = next(lines, b"")

    def rest() -> Iterator[bytes]:
        yield first
        yield from lines

    return rest()


def _unblocked(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same lines, made in a thread that does not wait for the client.

    The transaction of a bulk change locks out other changes, so a client that reads slowly must not
    make it longer. The number of lines is limited.
    """
    made: SimpleQueue[bytes | WaypostError | None] = SimpleQueue()

    def make() -> None:
        try:
            for line in lines:
                made.put(line)
        except WaypostError as error:
            made.put(error)
        finally:
            made.put(None)

    thread = Thread(target=make, name="bulk", daemon=True)
    thread.start()
    while (item := made.get()) is not None:
        if isinstance(item, WaypostError):
            raise item
        yield item
    thread.join()


def _changed(admin: Admin, file: IO[bytes], confirm: bool, dry_run: bool) -> Iterator[bytes]:
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


def _exported(admin: Admin) -> Iterator[bytes]:
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
                **plan_members(event.plan),
            }


def _line(data: dict[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
