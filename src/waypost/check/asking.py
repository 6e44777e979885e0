"""Asking a running server for one address, as mail clients do, and no longer than a given time."""

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Timer
from typing import Final
from urllib.parse import quote, urlsplit

from lxml import etree

from waypost.address import EmailAddress
from waypost.check.answers import ANSWER_MAX_OCTETS, Answer, AnswerFormat, read_answer
from waypost.check.troubles import trouble
from waypost.errors import RequestError
from waypost.redaction import redact_if_url

FORMATS: Final[tuple[AnswerFormat, ...]] = ("autoconfig", "autodiscover", "mobileconfig")
_REQUEST: Final = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
_RESPONSE: Final = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
_CHUNK_OCTETS: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server listens.

    Attributes:
        path: in front of the paths of the formats, without a slash at the end.
    """

    is_https: bool
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str) -> "Server":
        """Read `http://127.0.0.1:4243`, with a path where a proxy has put one in front.

        Raises:
            RequestError: this is no such URL.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise RequestError(f"{redact_if_url(url)!r} is not a URL") from error
        if parts.scheme not in {"http", "https"} or not host or parts.query or parts.username:
            raise RequestError(f"{redact_if_url(url)!r} is not a URL like http://127.0.0.1:4243")
        is_https = parts.scheme == "https"
        return cls(is_https, host, port or (443 if is_https else 80), parts.path.rstrip("/"))

    @property
    def authority(self) -> str:
        """What stands in the Host header of who asks for this server itself (RFC 9110 s7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_https else 80) else f"{host}:{self.port}"

    @contextmanager
    def connection(
        self, authority: str, timeout_seconds: float, context: ssl.SSLContext | None = None
    ) -> Iterator[http.client.HTTPConnection]:
        """Connect for one answer, which is broken off when the time is over.

        Args:
            authority: what stands in the Host header; with https a certificate must be for it.
            timeout_seconds: for connecting, and again for all that is done with the connection.
            context: of TLS; None checks certificates.

        Raises:
            TimeoutError: the time was over.
            OSError: nobody listens, or TLS fails.
            HTTPException, ValueError: the authority can be none of a server.
        """
        connection = http.client.HTTPConnection(authority, timeout=timeout_seconds)
        connected = socket.create_connection((self.host, self.port), timeout_seconds)
        try:
            if self.is_https:
                connected = (context or ssl.create_default_context()).wrap_socket(
                    connected, server_hostname=connection.host, do_handshake_on_connect=False
                )
            connection.sock = connected
            with _cut_off(connected, timeout_seconds):
                if isinstance(connected, ssl.SSLSocket):
                    connected.do_handshake()
                yield connection
        finally:
            connection.close()
            connected.close()


@contextmanager
def _cut_off(connected: socket.socket, seconds: float) -> Iterator[None]:
    """Break a connection off after some time, whatever is waited for then.

    The timeout of a socket begins anew with each octet that comes: a server that drips its head, or
    says 100 Continue without an end, would be waited for without an end.

    Raises:
        TimeoutError: it was broken off.
    """
    is_over = False

    def cut() -> None:
        nonlocal is_over
        is_over = True
        with suppress(OSError):
            # That of ssl would take the TLS away under whoever reads.
            socket.socket.shutdown(connected, socket.SHUT_RDWR)

    timer = Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if is_over:
            raise TimeoutError("the answer takes too long")


def check_reachable(server: Server, timeout_seconds: float) -> None:
    """Make sure that somebody listens.

    Raises:
        RequestError: nobody does.
    """
    try:
        socket.create_connection((server.host, server.port), timeout_seconds).close()
    except OSError as error:
        message = (
            f"{server.host} port {server.port} does not answer ({trouble(error)}); start it first"
        )
        raise RequestError(message) from error


def ask(
    server: Server, form: AnswerFormat, local_part: str, domain: str, timeout_seconds: float
) -> Answer:
    """Ask for an address in a format, and read the answer.

    Args:
        server: whom to ask.
        form: what to ask for.
        local_part: of the address.
        domain: as it shall be sent, which may differ in case from what it means.
        timeout_seconds: for the whole answer.
    """
    address = EmailAddress.parse(f"{local_part}@{domain}")
    try:
        with server.connection(server.authority, timeout_seconds) as connection:
            _send(connection, server.path, form, f"{local_part}@{domain}")
            response = connection.getresponse()
            body = read_body(response)
    except (OSError, http.client.HTTPException) as error:
        return Answer("failed", f"no answer: {trouble(error)}")
    return read_answer(form, response.status, body, address)


def _send(
    connection: http.client.HTTPConnection, path: str, form: AnswerFormat, address: str
) -> None:
    query = f"?emailaddress={quote(address, safe='@')}"
    if form == "autoconfig":
        connection.request("GET", f"{path}/mail/config-v1.1.xml{query}")
    elif form == "mobileconfig":
        connection.request("GET", f"{path}/mobileconfig/{query}")
    else:
        headers = {"Content-Type": "text/xml"}
        url = f"{path}/autodiscover/autodiscover.xml"
        connection.request("POST", url, _autodiscover_request(address), headers)


def _autodiscover_request(address: str) -> bytes:
    root = etree.Element(f"{{{_REQUEST}}}Autodiscover")
    request = etree.SubElement(root, f"{{{_REQUEST}}}Request")
    etree.SubElement(request, f"{{{_REQUEST}}}EMailAddress").text = address
    schema = etree.SubElement(request, f"{{{_REQUEST}}}AcceptableResponseSchema")
    schema.text = _RESPONSE
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def read_body(response: http.client.HTTPResponse) -> bytes:
    """Read the body, one octet more than is looked at.

    Raises:
        OSError: the connection breaks.
        HTTPException: there is less than was announced.
    """
    body = b""
    while len(body) <= ANSWER_MAX_OCTETS and (chunk := response.read1(_CHUNK_OCTETS)):
        body += chunk
    if response.length and len(body) <= ANSWER_MAX_OCTETS:
        raise http.client.IncompleteRead(body, response.length)
    return body
