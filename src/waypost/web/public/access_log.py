"""One log line for each request: time, path, kind of client, result, milliseconds."""

import logging
from typing import Final

import structlog

from waypost.runtime.logs import AddressHasher
from waypost.web.app_context import RequestLog
from waypost.web.public.handlers.autodiscover_json import is_below
from waypost.web.public.log_texts import HIDDEN, path_text, peer_text
from waypost.web.public.request import Request
from waypost.web.public.response import Response

# Searched in this order in User-Agent; the more exact text is first.
CLIENTS: Final = (
    ("thunderbird", "thunderbird"),
    ("k-9", "k-9"),
    ("fairemail", "fairemail"),
    ("evolution", "evolution"),
    ("em client", "em-client"),
    ("emclient", "em-client"),
    ("outlookmobilecloudservice", "outlook-mobile"),
    ("outlook-ios", "outlook-mobile"),
    ("outlook-android", "outlook-mobile"),
    ("microsoft office", "outlook"),
    ("outlook", "outlook"),
    ("exchange", "exchange"),
    ("nextcloud", "nextcloud"),
    ("kmail", "kmail"),
    ("akonadi", "kmail"),
    ("kio/", "kmail"),  # the wizard of KMail 22.12 uses KDE's library
    ("aerc", "aerc"),
    ("go-http-client", "go"),
    ("dataaccessd", "apple"),
    ("cfnetwork", "apple"),
    ("curl", "curl"),
    ("mozilla", "browser"),
)


def client_kind(user_agent: str) -> str:
    """Return what kind of client asks, from its User-Agent.

    Returns:
        One of the names above, `none` for a client without User-Agent (Delta Chat), or `other`.
    """
    if not user_agent:
        return "none"
    lower = user_agent.lower()
    return next((kind for mark, kind in CLIENTS if mark in lower), "other")


class AccessLog:
    """A writer of access log lines. Addresses are hashed unless the operator wants them shown."""

    def __init__(self, hasher: AddressHasher) -> None:
        """Initialize with the hasher of addresses. The log must be configured."""
        self._hash = hasher
        # Bound once; otherwise structlog creates a logger for each line.
        self._log = structlog.get_logger("waypost.request").bind()

    def write(
        self, request: Request, reply: Response, noted: RequestLog, milliseconds: float
    ) -> None:
        """Write the line of one request, without its query, credentials and body."""
        if not self._log.is_enabled_for(logging.INFO):
            return
        self._log.info(
            "request",
            method=request.method,
            path=HIDDEN if is_below(request.path) else path_text(request.raw_path),
            client=client_kind(request.header(b"user-agent")),
            peer=peer_text(request.origin.peer),
            status=reply.status,
            result=reply.code,
            ms=round(milliseconds, 3),
            **({"domain": noted.domain} if noted.domain else {}),
            **({"address": self._hash(noted.address)} if noted.address else {}),
        )
