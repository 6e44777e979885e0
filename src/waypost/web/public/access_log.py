"""One log line for each request: time, path, kind of client, result, milliseconds."""

import logging

import structlog

from waypost.core.clients import log_name_of
from waypost.runtime.logs import AddressHasher
from waypost.web.app_context import AccessLogEntry
from waypost.web.public.handlers.autodiscover_json import names_user
from waypost.web.public.log_texts import HIDDEN, path_for_log, peer_for_log
from waypost.web.public.request import Request
from waypost.web.public.response import Response


class AccessLog:
    """A writer of access log lines. Addresses are hashed unless the operator wants them shown."""

    def __init__(self, hasher: AddressHasher) -> None:
        """Initialize with the hasher of addresses. The log must be configured."""
        self._hash = hasher
        # Bound once; otherwise structlog creates a logger for each line.
        self._log = structlog.get_logger("waypost.request").bind()

    def write(
        self, request: Request, response: Response, log_entry: AccessLogEntry, milliseconds: float
    ) -> None:
        """Write the line of one request, without its query, credentials and body."""
        if not self._log.is_enabled_for(logging.INFO):
            return
        self._log.info(
            "request",
            method=request.method,
            path=HIDDEN if names_user(request.path) else path_for_log(request.raw_path),
            client=log_name_of(request.header(b"user-agent")),
            peer=peer_for_log(request.origin.peer),
            status=response.status,
            result=response.code,
            ms=round(milliseconds, 3),
            **({"domain": log_entry.domain} if log_entry.domain else {}),
            **({"address": self._hash(log_entry.address)} if log_entry.address else {}),
        )
