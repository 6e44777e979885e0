"""The use cases of another Waypost, by its REST API, with the methods of `Admin`."""

import http.client
import ipaddress
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import partialmethod
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from waypost.admin.results import (
    AuditEntry,
    AuditPage,
    BulkEnd,
    BulkEvent,
    BulkMistake,
    BulkProgress,
    ChangeResult,
    Page,
    StoredObject,
)
from waypost.core.errors import (
    AccessForbidden,
    AdminError,
    ConfirmationNeeded,
    FetchError,
    InvalidObject,
    ObjectInUse,
    ObjectNotFound,
    SettingsError,
    StoreReadOnly,
    StoreUnavailable,
    UndoRefused,
    VersionConflict,
    WaypostError,
)
from waypost.net.deadline import Deadline
from waypost.net.failures import failure_reason
from waypost.net.http_client import Transport, read_url
from waypost.net.http_exchange import HttpRequest, HttpResponse, exchange
from waypost.net.system_transport import SystemTransport
from waypost.providers_file.plan import Plan

SECONDS: Final = 60.0
BULK_SECONDS: Final = 3600.0
ANSWER_MAX_BYTES: Final = 16 * 1024 * 1024
_PREFIX: Final = "/api/v1"
_ERRORS: Final[Mapping[str, type[WaypostError]]] = {
    kind.code: kind
    for kind in (
        *(AccessForbidden, ObjectNotFound, ObjectInUse, UndoRefused, StoreUnavailable),
        *(VersionConflict, StoreReadOnly, ConfirmationNeeded),
    )
}


class RemoteAdmin:
    """The use cases of another Waypost. Errors are those of `Admin`."""

    def __init__(self, url: str, token: str, transport: Transport | None = None) -> None:
        """Initialize without a connection.

        Args:
            url: where its admin listener is, such as https://waypost-admin.example.com.
            token: of its API.
            transport: connects to the URL; None as this machine does.

        Raises:
            SettingsError: the URL would send the token without encryption to another machine.
        """
        parts = urlsplit(url)
        if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
            raise SettingsError(["--url: must begin with https://, because it gets a token"])
        self._url = url.rstrip("/").removesuffix(_PREFIX)
        self._token = token
        self._transport = transport or SystemTransport()

    def list_domains(
        self,
        *,
        prefix: str = "",
        provider: str | None = None,
        host: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        """Return domains by name."""
        filters = {"prefix": prefix, "provider": provider, "host": host}
        return self._list("/domains", {**filters, "limit": limit, "cursor": cursor})

    def list_providers(
        self, *, prefix: str = "", limit: int = 50, cursor: str | None = None
    ) -> Page:
        """Return providers by name."""
        return self._list("/providers", {"prefix": prefix, "limit": limit, "cursor": cursor})

    def list_directories(
        self, *, prefix: str = "", limit: int = 50, cursor: str | None = None
    ) -> Page:
        """Return directories by label."""
        return self._list("/directories", {"prefix": prefix, "limit": limit, "cursor": cursor})

    def _get(self, kind: str, name: str) -> StoredObject:
        response = self._send("GET", _path(kind, name))
        return StoredObject(_body(response), _version(response))

    def _put(
        self,
        kind: str,
        name: str,
        data: Mapping[str, object],
        *,
        if_none_match: str | None = None,
        confirm: bool = False,
        dry_run: bool = False,
    ) -> ChangeResult:
        headers = {} if if_none_match is None else {"If-None-Match": if_none_match}
        return self._change("PUT", _path(kind, name), data, headers, confirm, dry_run)

    def _patch(
        self,
        kind: str,
        name: str,
        data: Mapping[str, object],
        *,
        if_match: str | None = None,
        confirm: bool = False,
        dry_run: bool = False,
    ) -> ChangeResult:
        headers = {} if if_match is None else {"If-Match": f'"{if_match}"'}
        return self._change("PATCH", _path(kind, name), data, headers, confirm, dry_run)

    def _delete(self, kind: str, name: str, *, dry_run: bool = False) -> ChangeResult:
        return self._change("DELETE", _path(kind, name), None, {}, False, dry_run)

    def _rename(
        self, kind: str, name: str, new_name: str, *, confirm: bool = False, dry_run: bool = False
    ) -> ChangeResult:
        path = f"{_path(kind, name)}/rename"
        return self._change("POST", path, {"name": new_name}, {}, confirm, dry_run)

    get_domain = partialmethod(_get, "domains")
    put_domain = partialmethod(_put, "domains")
    patch_domain = partialmethod(_patch, "domains")
    delete_domain = partialmethod(_delete, "domains")
    rename_domain = partialmethod(_rename, "domains")
    get_provider = partialmethod(_get, "providers")
    put_provider = partialmethod(_put, "providers")
    patch_provider = partialmethod(_patch, "providers")
    delete_provider = partialmethod(_delete, "providers")
    rename_provider = partialmethod(_rename, "providers")
    get_directory = partialmethod(_get, "directories")
    put_directory = partialmethod(_put, "directories")
    patch_directory = partialmethod(_patch, "directories")
    delete_directory = partialmethod(_delete, "directories")

    def put_provider_services(
        self,
        name: str,
        services: Iterable[Mapping[str, object]],
        *,
        confirm: bool = False,
        dry_run: bool = False,
    ) -> ChangeResult:
        """Set the services of all domains of a provider."""
        path = f"{_path('providers', name)}/services"
        return self._change("PUT", path, {"services": [*services]}, {}, confirm, dry_run)

    def audit(
        self,
        *,
        object: str | None = None,  # noqa: A002 -- its name in the API
        since: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> AuditPage:
        """Return the audit log, newest entries first."""
        moment = None if since is None else since.isoformat()
        filters = {"object": object, "since": moment, "limit": limit, "cursor": cursor}
        data = self._page("/audit", filters)
        return AuditPage(tuple(map(_entry, data["items"])), data["next"])

    def undo(self, audit_id: int, *, confirm: bool = False, dry_run: bool = False) -> ChangeResult:
        """Undo a change."""
        return self._change("POST", f"/audit/{audit_id}/undo", None, {}, confirm, dry_run)

    def bulk(
        self, lines: Iterable[bytes], *, confirm: bool = False, dry_run: bool = False
    ) -> Iterator[BulkEvent]:
        """Change many domains in one transaction; all of them or none."""
        query = _query(confirm=confirm, dry_run=dry_run)
        response = self._send(
            "POST",
            f"/domains:bulk{query}",
            b"".join(lines),
            {"Content-Type": "application/x-ndjson"},
        )
        for line in response.body.splitlines():
            yield _event(json.loads(line))

    def _page(self, path: str, filters: Mapping[str, object]) -> dict[str, Any]:
        given = {name: value for name, value in filters.items() if value not in {None, ""}}
        return _body(self._send("GET", f"{path}?{urlencode(given)}"))

    def _list(self, path: str, filters: Mapping[str, object]) -> Page:
        data = self._page(path, filters)
        items = tuple(StoredObject(item, "") for item in data["items"])
        return Page(items, data["next"])

    def _change(
        self,
        method: str,
        path: str,
        data: Mapping[str, object] | None,
        headers: Mapping[str, str],
        confirm: bool,
        dry_run: bool,
    ) -> ChangeResult:
        """Plan a change, and make it unless this is a dry run."""
        body = None if data is None else json.dumps(data).encode()
        planned = _body(
            self._send(method, path + _query(confirm=confirm, dry_run=True), body, headers)
        )
        plan, warnings = _plan(planned), tuple(planned["warnings"])
        new = None if planned["object"] is None else StoredObject(planned["object"], "")
        if dry_run or plan.is_empty:
            return ChangeResult(plan, None, new, warnings)
        response = self._send(method, path + _query(confirm=confirm), body, headers)
        audit_id = response.headers.get("Waypost-Audit-Id")
        written = int(audit_id) if audit_id and audit_id.isdecimal() else None
        return ChangeResult(plan, None, new, warnings, True, written)

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """Send a request, and return the answer.

        Raises:
            FetchError: there is no answer.
            WaypostError: the answer is an error.
        """
        origin, target = read_url(f"{self._url}{_PREFIX}{path}")
        sent = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        request = HttpRequest(
            origin.authority, target, method, sent | dict(headers or {}), body or b""
        )
        deadline = Deadline(BULK_SECONDS if ":bulk" in path else SECONDS)
        try:
            with self._transport.connect(origin, deadline, allow_private=True) as connection:
                response = exchange(connection, request, ANSWER_MAX_BYTES)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise FetchError(f"{self._url}: no answer: {failure_reason(error)}") from error
        if 200 <= response.status <= 299:
            return response
        raise _error(self._url, response)


def _path(kind: str, name: str) -> str:
    return f"/{kind}/{quote(name, safe='')}"


def _query(*, confirm: bool, dry_run: bool = False) -> str:
    given = {"confirm": confirm, "dry_run": dry_run}
    text = urlencode({name: "1" for name, value in given.items() if value})
    return f"?{text}" if text else ""


def _body(response: HttpResponse) -> dict[str, Any]:
    if not response.body:
        return {}
    data: dict[str, Any] = json.loads(response.body)
    return data


def _version(response: HttpResponse) -> str:
    return response.headers.get("ETag", "").strip('"')


def _plan(data: Mapping[str, Any]) -> Plan:
    names = ("added", "changed", "removed")
    lines = [tuple(data["plan"][name]) for name in names]
    more = [data["counts"][name] - len(some) for name, some in zip(names, lines, strict=True)]
    return Plan(lines[0], lines[1], lines[2], (more[0], more[1], more[2]))


def _entry(data: Mapping[str, Any]) -> AuditEntry:
    return AuditEntry(**{**data, "at": datetime.fromisoformat(data["at"])})


def _event(data: Mapping[str, Any]) -> BulkEvent:
    if "progress" in data:
        return BulkProgress(data["progress"])
    if "line" in data:
        return BulkMistake(data["line"], data["path"], data["message"], data["code"])
    if data["result"] == "failed":
        raise StoreUnavailable(data["detail"])
    return BulkEnd(data["lines"], _plan(data), data["mistakes"], data["result"] == "written")


def _error(url: str, response: HttpResponse) -> WaypostError:
    """Return the error of a problem document."""
    try:
        data = json.loads(response.body)
        code, detail = f"{data['code']}", f"{data['detail']}"
    except (ValueError, TypeError, LookupError):
        return FetchError(f"{url}: answered {response.status}, and not as Waypost's API does")
    if code == InvalidObject.code:
        errors = data.get("errors") or [{"path": "", "message": detail}]
        return InvalidObject((one["path"], one["message"]) for one in errors)
    if code == "unauthorized":
        return AccessForbidden(f"{url}: {detail}")
    more: Mapping[str, tuple[Any, ...]] = {
        VersionConflict.code: (data.get("expected"), data.get("current")),
        StoreReadOnly.code: (data.get("file"),),
        ConfirmationNeeded.code: (data.get("affected", ()), data.get("count", 0)),
    }
    return _ERRORS.get(code, AdminError)(detail, *more.get(code, ()))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
