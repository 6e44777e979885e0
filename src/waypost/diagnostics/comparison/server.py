"""Requests to a running server for one address, as mail clients send them, with a time limit."""

import http.client
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from lxml import etree

from waypost.core.address import EmailAddress
from waypost.core.errors import RequestError
from waypost.core.redaction import redact_if_url
from waypost.diagnostics.comparison.answers import (
    ANSWER_MAX_BYTES,
    Answer,
    AnswerFormat,
    read_answer,
)
from waypost.net.connection import DeadlineConnection, open_connection
from waypost.net.deadline import Deadline
from waypost.net.failures import failure_reason
from waypost.net.http_exchange import HttpRequest, exchange, host_of
from waypost.net.name_lookup import look_up

FORMATS: Final[tuple[AnswerFormat, ...]] = ("autoconfig", "autodiscover", "mobileconfig")
_REQUEST: Final = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
_RESPONSE: Final = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"


@dataclass(frozen=True, slots=True)
class CheckedServer:
    """The address of a server.

    Attributes:
        path: the prefix of the paths of all formats, without a slash at the end.
    """

    is_https: bool
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str) -> "CheckedServer":
        """Read a URL such as `http://127.0.0.1:4243`, with a path if a proxy adds one.

        Raises:
            RequestError: this is no such URL.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise RequestError(f"{redact_if_url(url)!r} is not a URL") from error
        is_base = parts.scheme in {"http", "https"} and not parts.query and not parts.username
        # RFC 3986 s2: a URL has no spaces.
        if not is_base or not host or any(character.isspace() for character in url):
            raise RequestError(f"{redact_if_url(url)!r} is not a URL like http://127.0.0.1:4243")
        is_https = parts.scheme == "https"
        return cls(is_https, host, port or (443 if is_https else 80), parts.path.rstrip("/"))

    @property
    def authority(self) -> str:
        """Return the Host header for this server itself (RFC 9110 s7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_https else 80) else f"{host}:{self.port}"

    @contextmanager
    def connect(
        self, authority: str, deadline: Deadline, context: ssl.SSLContext | None = None
    ) -> Iterator[DeadlineConnection]:
        """Connect for one answer.

        Args:
            authority: the Host header; with https the certificate must be for this host.
            deadline: for connecting and for everything on the connection.
            context: the TLS context; by default one that checks certificates.

        Raises:
            TimeoutError: no time was left.
            OSError: no server listens, or TLS fails.
            HTTPException, ValueError: the authority is not valid.
        """
        host = host_of(authority)
        with open_connection(look_up(self.host, self.port, deadline), deadline) as connection:
            if self.is_https:
                connection.start_tls(context or ssl.create_default_context(), host)
            yield connection


def check_reachable(server: CheckedServer, timeout_seconds: float) -> None:
    """Check that a server listens.

    Raises:
        RequestError: no server does.
    """
    try:
        deadline = Deadline(timeout_seconds)
        with open_connection(look_up(server.host, server.port, deadline), deadline):
            pass
    except (OSError, ValueError) as error:
        reason = failure_reason(error)
        place = f"{server.host} port {server.port}"
        message = f"{place} does not answer ({reason}); start the server first"
        raise RequestError(message) from error


def fetch_answer(
    server: CheckedServer,
    answer_format: AnswerFormat,
    local_part: str,
    domain: str,
    timeout_seconds: float,
) -> Answer:
    """Return the answer for an address in a format.

    Args:
        server: the server to ask.
        answer_format: the format to ask for.
        local_part: of the address.
        domain: as it is sent, in upper or lower case.
        timeout_seconds: for the whole answer.
    """
    address = EmailAddress.parse(f"{local_part}@{domain}")
    request = _request(server, answer_format, f"{local_part}@{domain}")
    try:
        with server.connect(server.authority, Deadline(timeout_seconds)) as connection:
            response = exchange(connection, request, ANSWER_MAX_BYTES)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Answer("failed", f"no answer: {failure_reason(error)}")
    return read_answer(answer_format, response.status, response.body, address)


def _request(server: CheckedServer, answer_format: AnswerFormat, address: str) -> HttpRequest:
    query = f"?emailaddress={quote(address, safe='@')}"
    if answer_format == "autoconfig":
        return HttpRequest(server.authority, f"{server.path}/mail/config-v1.1.xml{query}")
    if answer_format == "mobileconfig":
        return HttpRequest(server.authority, f"{server.path}/mobileconfig/{query}")
    target = f"{server.path}/autodiscover/autodiscover.xml"
    headers = {"Content-Type": "text/xml"}
    return HttpRequest(server.authority, target, "POST", headers, _autodiscover_request(address))


def _autodiscover_request(address: str) -> bytes:
    root = etree.Element(f"{{{_REQUEST}}}Autodiscover")
    request = etree.SubElement(root, f"{{{_REQUEST}}}Request")
    etree.SubElement(request, f"{{{_REQUEST}}}EMailAddress").text = address
    schema = etree.SubElement(request, f"{{{_REQUEST}}}AcceptableResponseSchema")
    schema.text = _RESPONSE
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)
