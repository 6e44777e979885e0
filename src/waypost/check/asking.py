"""Asking a running server for one address, as mail clients do, and no longer than a given time."""

import http.client
import ssl
import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from lxml import etree

from waypost.address import EmailAddress
from waypost.check.answers import ANSWER_MAX_OCTETS, Answer, AnswerFormat, read_answer
from waypost.errors import RequestError

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
            raise RequestError(f"{url!r} is not a URL") from error
        if parts.scheme not in {"http", "https"} or not host or parts.query or parts.username:
            raise RequestError(f"{url!r} is not a URL like http://127.0.0.1:4243")
        is_https = parts.scheme == "https"
        return cls(is_https, host, port or (443 if is_https else 80), parts.path.rstrip("/"))

    def connection(self, timeout_seconds: float) -> http.client.HTTPConnection:
        """Prepare a connection; certificates are checked."""
        if self.is_https:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(
                self.host, self.port, timeout=timeout_seconds, context=context
            )
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout_seconds)


def check_reachable(server: Server, timeout_seconds: float) -> None:
    """Make sure that somebody listens.

    Raises:
        RequestError: nobody does.
    """
    connection = server.connection(timeout_seconds)
    try:
        connection.connect()
    except OSError as error:
        message = f"{server.host} port {server.port} does not answer ({error}); start it first"
        raise RequestError(message) from error
    finally:
        connection.close()


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
    connection = server.connection(timeout_seconds)
    try:
        _send(connection, server.path, form, f"{local_part}@{domain}")
        response = connection.getresponse()
        body = read_body(response, time.monotonic() + timeout_seconds)
    except (OSError, http.client.HTTPException) as error:
        return Answer("failed", f"no answer: {type(error).__name__} {error}"[:200])
    finally:
        connection.close()
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


def read_body(response: http.client.HTTPResponse, end: float) -> bytes:
    """Read the body, one octet more than is looked at, and not for ever.

    Args:
        response: whose body is not read yet.
        end: by the monotonic clock.

    Raises:
        OSError: the connection breaks, or it is too late.
        HTTPException: there is less than was announced.
    """
    body = b""
    while len(body) <= ANSWER_MAX_OCTETS and (chunk := response.read1(_CHUNK_OCTETS)):
        body += chunk
        if time.monotonic() > end:
            raise TimeoutError("the answer takes too long")
    if response.length and len(body) <= ANSWER_MAX_OCTETS:
        raise http.client.IncompleteRead(body, response.length)
    return body
