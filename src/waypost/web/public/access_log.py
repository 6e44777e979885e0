"""One log line for each request: time, path, kind of client, result, where the time went."""

import logging
from collections.abc import Callable, Iterable
from typing import Final

import structlog

from waypost.core.clients import log_name_of
from waypost.runtime.logs import AddressHasher
from waypost.web.app_context import AccessLogEntry
from waypost.web.line_template import LineWriter, current_timestamp, line_template, secret_pattern
from waypost.web.public.handlers.autodiscover_json import names_user
from waypost.web.public.log_texts import HIDDEN, path_for_log, peer_for_log
from waypost.web.public.request import Request
from waypost.web.public.request_ids import RequestIds
from waypost.web.public.response import Response
from waypost.web.public.setup.path import HIDDEN_LINK, may_hold_link

# Values that no request has.
_MILLISECONDS: Final = 987654321.125
_PEER: Final = "peer.5f0c3b9e7d1a4286"
_ID: Final = "id.5f0c3b9e7d1a4286"
_ADDRESS: Final = "address.5f0c3b9e7d1a4286"


class AccessLog:
    """A writer of access log lines. Addresses are hashed unless the operator wants them shown."""

    def __init__(
        self,
        hasher: AddressHasher,
        ids: RequestIds,
        writer: LineWriter | None = None,
        secrets: Iterable[str] = (),
    ) -> None:
        """Initialize with the hasher of addresses. The log must be configured.

        Args:
            hasher: of addresses.
            ids: of requests.
            writer: writes a line that is already rendered; None if the caller writes the log.
            secrets: the texts that the log masks.
        """
        self._hash = hasher
        self._ids = ids
        self._secret = secret_pattern(secrets)
        self._writer = writer
        # Bound once; otherwise structlog creates a logger for each line.
        self._log = structlog.get_logger("waypost.request").bind()

    def write(
        self,
        request: Request,
        response: Response,
        log_entry: AccessLogEntry,
        milliseconds: float,
        *,
        is_quiet: bool = False,
    ) -> None:
        """Write the line of one request, without its query, credentials and body.

        Args:
            request: the request.
            response: the answer.
            log_entry: what the handler has found out.
            milliseconds: how long the answer took.
            is_quiet: whether the line is written at level debug only.
        """
        if not self._log.is_enabled_for(logging.DEBUG if is_quiet else logging.INFO):
            return
        event = _event(request, response)
        event["id"] = self._ids.of(request)
        event["peer"] = peer_for_log(request.origin.peer)
        event["ms"] = round(milliseconds, 3)
        for name, part in log_entry.part_milliseconds.items():
            event[f"{name}_ms"] = part
        if log_entry.domain:
            event["domain"] = log_entry.domain
        if log_entry.address:
            event["address"] = self._hash(f"{log_entry.address}")
        (self._log.debug if is_quiet else self._log.info)("request", **event)

    def count_dropped_lines(self) -> int:
        """Return how many lines were dropped since the last call."""
        return 0 if self._writer is None else self._writer.count_dropped_lines()

    def masks(self, domain: str) -> bool:
        """Return whether a line with this domain must be rendered, because of a secret in it."""
        return self._secret.search(domain) is not None

    def template(
        self, request: Request, response: Response, log_entry: AccessLogEntry
    ) -> "LineTemplate | None":
        """Return the line of a request in pieces, for requests that differ only in the values.

        Returns:
            None if the lines must be rendered one by one: as `line_template` says, or because they
            show addresses, which are searched for secrets.
        """
        if not self._log.is_enabled_for(logging.INFO):
            return LineTemplate("", _ignore, None, self._ids.new)
        if self._writer is None or self._hash.shows:
            return None
        event = _event(request, response)
        slots: dict[str, object] = {"ms": _MILLISECONDS, "id": _ID}
        if request.origin.peer is not None:
            slots["peer"] = _PEER
        if log_entry.domain:
            slots["domain"] = log_entry.domain
        if log_entry.address:
            slots["address"] = _ADDRESS
        text = line_template({**event, **slots, "event": "request"}, slots)
        if text is None:
            return None
        hasher = self._hash if log_entry.address else None
        return LineTemplate(text, self._writer.write, hasher, self._ids.new)


def path_of(request: Request) -> str:
    """Return the path of a request for the log, or a text that says that it is hidden."""
    if may_hold_link(request.path):
        return HIDDEN_LINK  # A program may have put the token into the path.
    return HIDDEN if names_user(request.path) else path_for_log(request.raw_path)


def _event(request: Request, response: Response) -> dict[str, object]:
    return {
        "id": None,
        "method": request.method,
        "path": path_of(request),
        "client": log_name_of(request.header(b"user-agent")),
        "peer": None,
        "status": response.status,
        "result": response.code,
        "ms": 0.0,
    }


class LineTemplate:
    """A rendered line of the access log with places for what differs between requests."""

    def __init__(
        self,
        text: str,
        write: Callable[[str], object],
        hasher: AddressHasher | None,
        new_id: Callable[[], str],
    ) -> None:
        """Initialize with the text of the line.

        Args:
            text: with some of the places `%(timestamp)s`, `%(ms)s`, `%(peer)s`, `%(domain)s` and
                `%(address)s`.
            write: writes the line.
            hasher: None if the line has no address.
            new_id: returns the identifier of a request.
        """
        self._new_id = new_id
        self._text = text
        self._write = write
        self._hash = hasher

    def write(self, peer: str | None, milliseconds: float, local_part: str, domain: str) -> None:
        """Write the line of one request; arguments without a place are ignored.

        Args:
            peer: the address of the client, as `log_texts.peer_for_log` returns it.
            milliseconds: how long the answer took.
            local_part: of the user.
            domain: the requested domain.
        """
        values = {
            "timestamp": current_timestamp(),
            "id": self._new_id(),
            "ms": round(milliseconds, 3),
            "peer": peer,
            "domain": domain,
            "address": self._hash and self._hash(f"{local_part}@{domain}"),
        }
        self._write(self._text % values)


def _ignore(_line: str) -> None:
    """Write nothing: the level of the log excludes the lines."""
