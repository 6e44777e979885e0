"""The use cases of another Waypost, by its REST API, with the methods of `Admin`."""

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial, partialmethod
from typing import Any, Final, Unpack
from urllib.parse import urlencode

from waypost.admin.links.remote import RemoteSetupLinks
from waypost.admin.remote.answers import (
    read_body,
    read_entry,
    read_event,
    read_named,
    read_next,
    read_plan,
    read_version,
)
from waypost.admin.remote.connection import ANSWER_MAX_BYTES, ApiConnection
from waypost.admin.remote.tokens import RemoteTokens
from waypost.admin.remote.url_names import UNENCODABLE, quote_segment, url_of_name
from waypost.admin.results import (
    AuditPage,
    BulkEnd,
    BulkEvent,
    ChangeArguments,
    ChangeResult,
    Page,
    Preview,
    StoredObject,
)
from waypost.core.errors import FetchError, InvalidObject, ObjectNotFound
from waypost.net.http_client import Transport
from waypost.net.system_transport import SystemTransport

LONG_SECONDS: Final = 3600.0
"""The maximum for changes and exports of many domains, and for the doctor."""
JsonObject = Mapping[str, object]
_LINES_TYPE: Final = "application/x-ndjson"
_IN_MEMORY_BYTES: Final = 4 * 1024 * 1024
"""Longer lines of a bulk change or of an export are in a temporary file."""
_REDIRECT_KEYS: Final = ("redirect_address", "redirect_url", "declined")


class RemoteAdmin:
    """The use cases of another Waypost. Errors are those of `Admin`.

    Objects of lists and of an export have no version; `get_domain` returns it.

    Attributes:
        setup_links: creates, lists and revokes setup links.
        tokens: creates, lists and revokes tokens of the API.
    """

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
        self._api = ApiConnection(url, token, transport or SystemTransport())
        self._send = self._api.send
        self._reading = self._api.reading
        self.setup_links = RemoteSetupLinks(self._object, self._reading)
        self.tokens = RemoteTokens(self._object, self._reading)

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

    def put_service(
        self, name: str, index: int, service: JsonObject | None, **how: Unpack[ChangeArguments]
    ) -> ChangeResult:
        """Change, add or (with None) remove one service of one domain."""
        path = f"{_path('domains', name)}/services/{index}"
        return self._change("DELETE" if service is None else "PUT", path, service, **how)

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
            path = f"/domains:bulk{query}"
            response = self._send("POST", path, spool, headers, seconds=LONG_SECONDS)
        event: BulkEvent | None = None
        with self._reading():
            # splitlines() would also split at characters that JSON may contain.
            events = [read_event(json.loads(line)) for line in response.body.split(b"\n") if line]
        for event in events:
            yield event
        if not isinstance(event, BulkEnd):
            rule = "the answer has no end; nothing is known of the change"
            raise FetchError(f"{self._api.url}: {rule}")

    def export(self) -> Iterator[StoredObject]:
        """Yield all domains that the token may read, by name; they are of one moment."""
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as spool:
            self._send("GET", "/domains:export", seconds=LONG_SECONDS, file=spool)
            spool.seek(0)
            for line in iter(partial(spool.readline, ANSWER_MAX_BYTES), b""):
                with self._reading():
                    stored = StoredObject(read_named(json.loads(line)), "")
                yield stored

    def preview(self, address: str, format: str) -> Preview:  # noqa: A002 -- its name in the API
        """Return the answer that a client gets, byte for byte."""
        return self._document(f"{_path('addresses', address)}/{quote_segment(format)}")

    def dns(self, domain: str, format: str = "json", ttl: int = 3600) -> Preview:  # noqa: A002 -- its name in the API
        """Return the DNS records of a domain, as `waypost show dns` prints them."""
        query = urlencode({"format": format, "ttl": ttl}, errors=UNENCODABLE)
        return self._document(f"{_path('domains', domain)}/dns?{query}")

    def names(self, domain: str) -> tuple[str, ...]:
        """Return the host names of a domain that need a certificate."""
        data = self._object("GET", f"{_path('domains', domain)}/names", None)
        with self._reading():
            return tuple(map(str, data["names"]))

    def lint(self, domain: str) -> dict[str, object]:
        """Return what `waypost lint --domain --json` prints."""
        return {**self._object("GET", f"{_path('domains', domain)}/lint", None)}

    def doctor(self, domain: str) -> dict[str, object]:
        """Return what `waypost doctor --json` prints for a user of a domain."""
        path = f"{_path('domains', domain)}/doctor"
        response = self._send("POST", path, seconds=LONG_SECONDS)
        with self._reading():
            return read_body(response)

    def _document(self, path: str) -> Preview:
        response = self._send("GET", path)
        return Preview(response.headers.get("Content-Type", ""), response.body)

    def _object(self, method: str, path: str, body: bytes | None) -> Mapping[str, Any]:
        response = self._send(method, path, body)
        with self._reading():
            return read_body(response) if response.body else {}

    def _page(self, path: str, filters: Mapping[str, object]) -> dict[str, Any]:
        given = {name: value for name, value in filters.items() if value not in {None, ""}}
        response = self._send("GET", f"{path}?{urlencode(given, errors=UNENCODABLE)}")
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


def _path(kind: str, name: str) -> str:
    if kind == "providers":
        return f"/{kind}/{url_of_name(name)}"
    return f"/{kind}/{quote_segment(name)}"


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
