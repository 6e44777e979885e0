"""The audit log, and undoing a change."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from waypost.web.admin.api.access import CurrentAdmin
from waypost.web.admin.api.changes import Confirm, DryRun, json_response, plan_response
from waypost.web.admin.api.descriptions import describe_list, describe_plan
from waypost.web.admin.api.resources import Cursor, Limit


def add_audit(router: APIRouter) -> None:
    """Add /audit."""

    @router.get(
        "/audit",
        summary="The changes, the newest first.",
        **describe_list("AuditEntry"),
    )
    async def read_audit(
        admin: CurrentAdmin,
        object: Annotated[  # noqa: A002
            str | None,
            Query(
                max_length=300,
                description="`domain:NAME`, `provider:NAME`, `directory:LABEL`, "
                "`setup_link:DOMAIN`, `token:NAME`, `sign_in_link:NAME`, `session:NAME`, "
                "or a domain.",
            ),
        ] = None,
        since: Annotated[
            datetime | None, Query(description="Only changes since this time (RFC 3339).")
        ] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        if since is not None and since.tzinfo is None:
            since = since.replace(tzinfo=UTC)
        find = partial(admin.audit, object=object, since=since, limit=limit, cursor=cursor)
        page = await run_in_threadpool(find)
        return json_response({"items": [one.data() for one in page.items], "next": page.next})

    @router.post(
        "/audit/{audit_id}/undo",
        summary="Undo a change, if nothing has changed the object since.",
        **describe_plan("The changes that undo has made, or would make."),
    )
    async def undo(
        _request: Request,
        audit_id: int,
        admin: CurrentAdmin,
        dry_run: DryRun = False,
        confirm: Confirm = False,
    ) -> Response:
        change = partial(admin.undo, audit_id, confirm=confirm, dry_run=dry_run)
        return plan_response(await run_in_threadpool(change), dry_run=dry_run)
