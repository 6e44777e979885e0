"""The use cases of another Waypost, by its REST API, with the methods of `Admin`."""

import http.client
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partialmethod
from typing import IO, Any, Final, Unpack
from urllib.parse import quote, urlencode

from waypost.admin.links.remote import RemoteSetupLinks
from waypost.admin.remote.answers import (
    NOT_WAYPOST,
    read_body,
    read_entry,
    read_error,
    read_event,
    read_named,
    read_next,
    read_plan,
    read_version,
)
from waypost.admin.remote.url_names import url_of_name
from waypost.admin.results import (
    AuditPage,
    BulkEnd,
    BulkEvent,
    ChangeArguments,
    ChangeResult,
    Page,
    StoredObject,
)
from waypost.core.errors import (
    FetchError,
    InvalidObject,
    ObjectNotFound,
    SettingsError,
)
from waypost.core.host import is_loopback
from waypost.net.deadline import Deadline
from waypost.net.failures import failure_reason
from waypost.net.http_client import Transport, read_url
from waypost.net.http_exchange import HttpRequest, HttpResponse, exchange
from waypost.net.system_transport import SystemTransport

SECONDS: Final = 60.0
BULK_SECONDS: Final = 3600.0
ANSWER_MAX_BYTES: Final = 16 * 1024 * 1024
_PREFIX: Final = "/api/v1"
JsonObject = Mapping[str, object]
_LINES_TYPE: Final = "application/x-ndjson"
_IN_MEMORY_BYTES: Final = 4 * 1024 * 1024
"""Longer lines of a bulk change are in a temporary file until they are sent."""
_REDIRECT_KEYS: Final = ("redirect_address", "redirect_url", "declined")
# A byte of an argument that is not UTF-8; the server refuses what is sent instead.
_UNENCODABLE: Final = "backslashreplace"


class RemoteAdmin:
    """The use cases of another Waypost. Errors are those of `Admin`."""

    def __init__(self, url: str, token: str, transport: Transport | None = None) -> None:
        """Initialize without a connection.

        Args:
            url: where its admin listener is, such as https://waypost-admin.example.com.
            token: of its API.
            transport: connects to the URL; None as this machine does.

        Raises:
            SettingsError: the URL cannot be used, or would send the token without encryption to
                another machine.
        """
        self._url = _checked_url(url)
        self._token = token
        self._transport = transport or SystemTransport()
        self.setup_links = RemoteSetupLinks(self._object, self._reading)

    def list_domains(
        self,
        *,
        prefix: str = "",
        provider: str | None = None,
        host: str | None = None,
        finding: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        """Return domains by name."""
        filters = {"prefix": prefix, "provider": provider, "host": host, "finding": finding}
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
        with self._reading():
            return StoredObject(read_named(read_body(response)), read_version(response))

    def _put(
        self, kind: str, name: str, data: JsonObject, **how: Unpack[ChangeArguments]
    ) -> ChangeResult:
        return self._change("PUT", _path(kind, name), data, **how)

    def _patch(
        self, kind: str, name: str, data: JsonObject, **how: Unpack[ChangeArguments]
    ) -> ChangeResult:
        return self._change("PATCH", _path(kind, name), data, **how)

    def _delete(
        self, kind: str, name: str, *, if_match: str | None = None, dry_run: bool = False
    ) -> ChangeResult:
        path = _path(kind, name)
        return self._change("DELETE", path, None, if_match=if_match, dry_run=dry_run)

    def _rename(
        self, kind: str, name: str, new_name: str, **how: Unpack[ChangeArguments]
    ) -> ChangeResult:
        return self._change("POST", f"{_path(kind, name)}/rename", {"name": new_name}, **how)

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
        self, name: str, services: Iterable[JsonObject], **how: Unpack[ChangeArguments]
    ) -> ChangeResult:
        """Set the services of all domains of a provider."""
        path = f"{_path('providers', name)}/services"
        return self._change("PUT", path, {"services": [*services]}, **how)

    def copy_domain(self, name: str, like: str, **how: Unpack[ChangeArguments]) -> ChangeResult:
        """Create or replace a domain with the parts of another one."""
        try:
            data = self.get_domain(like).data
        except ObjectNotFound as error:
            raise InvalidObject([("like", f"the database has no domain {like}")]) from error
        if "alias_of" in data:
            rule = f"{like} is an alias; use {data['alias_of']} instead"
            raise InvalidObject([("like", rule)])
        if not data.keys().isdisjoint(_REDIRECT_KEYS):
            raise InvalidObject([("like", f"{like} is not served itself; use another domain")])
        parts = {key: one for key, one in data.items() if key != "name"}
        return self._put("domains", name, parts, **how)

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
        with self._reading():
            return AuditPage(tuple(map(read_entry, data["items"])), read_next(data, cursor))

    def undo(self, audit_id: int, *, confirm: bool = False, dry_run: bool = False) -> ChangeResult:
        """Undo a change."""
        path = f"/audit/{audit_id}/undo"
        return self._change("POST", path, None, confirm=confirm, dry_run=dry_run)

    def bulk(
        self, lines: Iterable[bytes], *, confirm: bool = False, dry_run: bool = False
    ) -> Iterator[BulkEvent]:
        """Change many domains in one transaction; all of them or none."""
        query = _query(confirm=confirm, dry_run=dry_run)
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as spool:
            for line in lines:  # writelines() of Python 3.11 first keeps all lines in memory.
                spool.write(line)
            size = spool.tell()  # codespell:ignore tell
            headers = {"Content-Type": _LINES_TYPE, "Content-Length": f"{size}"}
            spool.seek(0)
            response = self._send("POST", f"/domains:bulk{query}", spool, headers)
        event: BulkEvent | None = None
        with self._reading():
            # splitlines() would also split at characters that JSON may contain.
            events = [read_event(json.loads(line)) for line in response.body.split(b"\n") if line]
        for event in events:
            yield event
        if not isinstance(event, BulkEnd):
            raise FetchError(f"{self._url}: the answer has no end; nothing is known of the change")

    def _object(self, method: str, path: str, body: bytes | None) -> Mapping[str, Any]:
        response = self._send(method, path, body)
        with self._reading():
            return read_body(response) if response.body else {}

    def _page(self, path: str, filters: Mapping[str, object]) -> dict[str, Any]:
        given = {name: value for name, value in filters.items() if value not in {None, ""}}
        response = self._send("GET", f"{path}?{urlencode(given, errors=_UNENCODABLE)}")
        with self._reading():
            return read_body(response)

    def _list(self, path: str, filters: Mapping[str, object]) -> Page:
        data = self._page(path, filters)
        with self._reading():
            items = tuple(StoredObject(read_named(item), "") for item in data["items"])
            return Page(items, read_next(data, filters["cursor"]))

    def _change(
        self, method: str, path: str, data: JsonObject | None, **how: Unpack[ChangeArguments]
    ) -> ChangeResult:
        """Plan a change, and make it unless this is a dry run."""
        body = None if data is None else json.dumps(data).encode()
        headers, confirm = _conditions(how), how.get("confirm", False)
        response = self._send(method, path + _query(confirm=confirm, dry_run=True), body, headers)
        with self._reading():
            planned = read_body(response)
            plan, warnings = read_plan(planned), tuple(map(str, planned["warnings"]))
            new = None if planned["object"] is None else StoredObject(planned["object"], "")
        if how.get("dry_run", False) or plan.is_empty:
            return ChangeResult(plan, None, new, warnings)
        response = self._send(method, path + _query(confirm=confirm), body, headers)
        audit_id = response.headers.get("Waypost-Audit-Id")
        written = int(audit_id) if audit_id and audit_id.isdecimal() else None
        return ChangeResult(plan, None, new, warnings, True, written)

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | IO[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """Send a request, and return the answer.

        Raises:
            FetchError: there is no answer.
            WaypostError: the answer is an error.
        """
        origin, target = read_url(f"{self._url}{_PREFIX}{path}")  # Was read before.
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
        if len(response.body) > ANSWER_MAX_BYTES:
            raise FetchError(f"{self._url}: the answer is longer than {ANSWER_MAX_BYTES} bytes")
        if 200 <= response.status <= 299:
            return response
        raise read_error(self._url, response)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Read an answer.

        Raises:
            FetchError: it is not an answer of Waypost's API.
        """
        try:
            yield
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            raise FetchError(f"{self._url}: {NOT_WAYPOST}") from error


def _checked_url(url: str) -> str:
    """Return the URL without the path of the API.

    Raises:
        SettingsError: the URL cannot be used.
    """
    try:
        origin, target = read_url(url)
    except (FetchError, ValueError) as error:
        raise SettingsError([f"--url: {error}"]) from error
    if "?" in target or "#" in url:
        raise SettingsError(["--url: must not contain a query or a fragment"])
    if origin.scheme != "https" and not is_loopback(origin.host):
        raise SettingsError(["--url: must begin with https://, because it gets a token"])
    return url.rstrip("/").removesuffix(_PREFIX)


def _path(kind: str, name: str) -> str:
    if kind == "providers":
        return f"/{kind}/{url_of_name(name)}"
    return f"/{kind}/{quote(name, safe='', errors=_UNENCODABLE)}"


def _conditions(how: ChangeArguments) -> dict[str, str]:
    """Return the header fields of the conditions of a change (RFC 9110 s13.1)."""
    if_match, if_none_match = how.get("if_match"), how.get("if_none_match")
    headers: dict[str, str] = {}
    if if_match is not None:
        headers["If-Match"] = if_match if if_match == "*" else f'"{if_match}"'
    if if_none_match is not None:
        headers["If-None-Match"] = if_none_match
    return headers


def _query(*, confirm: bool, dry_run: bool = False) -> str:
    given = {"confirm": confirm, "dry_run": dry_run}
    text = urlencode({name: "1" for name, value in given.items() if value})
    return f"?{text}" if text else ""
