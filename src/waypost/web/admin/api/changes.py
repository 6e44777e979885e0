"""Answers to changes: the object, or the plan of a dry run."""

import json
from typing import Annotated, Any, Final

from fastapi import Query, Response

from waypost.admin.results import ChangeResult, StoredObject
from waypost.providers_file.plan import Plan
from waypost.web.admin.api.inputs import etag

AUDIT_HEADER: Final = "Waypost-Audit-Id"
NO_STORE: Final = {"cache-control": "no-store"}

DryRun = Annotated[
    bool, Query(description="Only plan the change: 200 with the plan, and nothing changes.")
]
Confirm = Annotated[
    bool, Query(description="Also change the other objects that the answer 409 names.")
]


def json_response(
    data: object, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return data as JSON, which no cache may store."""
    # A lone surrogate, which JSON may contain, cannot be encoded.
    body = json.dumps(data, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Response(body, status, NO_STORE | (headers or {}), "application/json")


def object_response(stored: StoredObject, status: int = 200) -> Response:
    """Return an object with its version."""
    return json_response(stored.data, status, {"etag": etag(stored.version)})


def change_response(result: ChangeResult, *, dry_run: bool) -> Response:
    """Return the answer to a change.

    201 for a new object, 200 for a changed one, 204 for a deleted one; 200 for a dry run.
    """
    if dry_run:
        return plan_response(result, dry_run=True)
    headers = _audit_header(result)
    if result.new is None:
        return Response(None, 204, NO_STORE | headers)
    status = 201 if result.old is None else 200
    response = object_response(result.new, status)
    response.headers.update(headers)
    return response


def plan_response(result: ChangeResult, *, dry_run: bool) -> Response:
    """Return what a change has done, or would do."""
    data = {
        "dry_run": dry_run,
        **plan_members(result.plan),
        "object": None if result.new is None else result.new.data,
        "warnings": list(result.warnings),
    }
    return json_response(data, headers=_audit_header(result))


def plan_members(plan: Plan) -> dict[str, Any]:
    """Return the lines of a plan, and their total numbers."""
    names = ("added", "changed", "removed")
    return {
        "plan": {name: list(getattr(plan, name)) for name in names},
        "counts": dict(zip(names, plan.counts, strict=True)),
    }


def _audit_header(result: ChangeResult) -> dict[str, str]:
    return {} if result.audit_id is None else {AUDIT_HEADER: f"{result.audit_id}"}
