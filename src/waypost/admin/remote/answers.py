"""Answers of the REST API of another Waypost: objects, plans, and errors."""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from waypost.admin.results import (
    AuditEntry,
    BulkEnd,
    BulkEvent,
    BulkMistake,
    BulkProgress,
)
from waypost.core.errors import (
    AccessForbidden,
    AdminError,
    ConfirmationNeeded,
    DomainMoved,
    DomainNotServed,
    FetchError,
    IncompleteMailService,
    InvalidObject,
    NoUsableService,
    ObjectInUse,
    ObjectNotFound,
    RequestError,
    ServiceNotOffered,
    StoreReadOnly,
    StoreUnavailable,
    UndoRefused,
    UserDeclined,
    VersionConflict,
    WaypostError,
)
from waypost.net.http_exchange import HttpResponse
from waypost.providers_file.plan import Plan

NOT_WAYPOST: Final = (
    "the answer is not one of Waypost's API; use the URL of the admin listener "
    "(http://127.0.0.1:4244), or admin_url"
)
_ERRORS: Final[Mapping[str, type[WaypostError]]] = {
    kind.code: kind
    for kind in (
        *(AccessForbidden, ObjectNotFound, ObjectInUse, UndoRefused, StoreUnavailable),
        *(VersionConflict, StoreReadOnly, ConfirmationNeeded),
        *(DomainNotServed, DomainMoved, UserDeclined),
        *(NoUsableService, IncompleteMailService, ServiceNotOffered),
    )
}


def read_body(response: HttpResponse) -> dict[str, Any]:
    """Return the JSON object in the body.

    Raises:
        ValueError, TypeError: it has none.
    """
    data = json.loads(response.body)
    if not isinstance(data, dict):
        raise TypeError("not an object")
    return data


def read_named(data: object) -> dict[str, Any]:
    """Return an object with a name.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(data, dict) or not isinstance(data.get("name"), str):
        raise TypeError("not an object with a name")
    return data


def read_next(data: Mapping[str, Any], cursor: object) -> str | None:
    """Return the cursor of the next part.

    Raises:
        ValueError: it is the cursor of this part, so that the list would have no end.
    """
    found: str | None = data["next"]
    if found is not None and (found == cursor or not isinstance(found, str)):
        raise ValueError("not a cursor")
    return found


def read_version(response: HttpResponse) -> str:
    """Return the version of the object in an answer."""
    return response.headers.get("ETag", "").strip('"')


def read_plan(data: Mapping[str, Any]) -> Plan:
    """Return the plan of a change."""
    names = ("added", "changed", "removed")
    lines = [tuple(map(str, data["plan"][name])) for name in names]
    more = [int(data["counts"][name]) - len(one) for name, one in zip(names, lines, strict=True)]
    return Plan(lines[0], lines[1], lines[2], (more[0], more[1], more[2]))


def read_entry(data: Mapping[str, Any]) -> AuditEntry:
    """Return an entry of the audit log.

    Keys of a newer Waypost are ignored. An older one does not say what can be undone.
    """
    given = {"can_be_undone": False, **data}
    known = {one.name: given[one.name] for one in fields(AuditEntry)}
    return AuditEntry(**{**known, "at": datetime.fromisoformat(data["at"])})


def read_event(data: Mapping[str, Any]) -> BulkEvent:
    """Return what a line of the answer to a bulk change says.

    Raises:
        StoreUnavailable: the change failed, and nothing was changed.
    """
    if "progress" in data:
        return BulkProgress(data["progress"])
    if "line" in data:
        return BulkMistake(data["line"], data["path"], data["message"], data["code"])
    if data["result"] == "failed":
        raise StoreUnavailable(data["detail"])
    is_written = data["result"] == "written"
    return BulkEnd(data["lines"], read_plan(data), data["mistakes"], is_written, data["aliases"])


def read_error(url: str, response: HttpResponse) -> WaypostError:
    """Return the error of a problem document."""
    if 300 <= response.status <= 399:
        rule = "and Waypost sends a token to no other URL; use the final URL"
        return FetchError(f"{url}: the answer is a redirect ({response.status}), {rule}")
    try:
        data = json.loads(response.body)
        code, detail = f"{data['code']}", f"{data['detail']}"
        errors = data.get("errors") or [{"path": "", "message": detail}]
        mistakes = [(f"{one['path']}", f"{one['message']}") for one in errors]
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return FetchError(f"{url}: status {response.status}: {NOT_WAYPOST}")
    if code == InvalidObject.code or (code == RequestError.code and data.get("errors")):
        return InvalidObject(mistakes)
    if code == "unauthorized":
        return AccessForbidden(f"{url}: {detail}")
    more: Mapping[str, tuple[Any, ...]] = {
        VersionConflict.code: (data.get("expected"), data.get("current")),
        StoreReadOnly.code: (data.get("file"),),
        DomainMoved.code: (data.get("address_domain"), data.get("url")),
        ObjectInUse.code: (_texts(data.get("affected")),),
        ConfirmationNeeded.code: (_texts(data.get("affected")), data.get("count", 0)),
    }
    return _ERRORS.get(code, AdminError)(detail, *more.get(code, ()))


def _texts(value: object) -> list[str]:
    return [f"{one}" for one in value] if isinstance(value, list) else []
