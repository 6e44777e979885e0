"""What a client asked, read once from the ASGI scope."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_to_bytes

from waypost.address import DomainName
from waypost.errors import DomainError, RequestError, RequestTooLarge
from waypost.web.public.proxy import Headers, Origin, host_without_port

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

QUERY_MAX_FIELDS: Final = 50
QUERY_MAX_BYTES: Final = 8192
BODY_TIMEOUT_SECONDS: Final = 10.0
_SLASHES: Final = re.compile("/{2,}")
FORM: Final = "application/x-www-form-urlencoded"
# Clients put these in front of the mail domain: Autoconfig draft s"Retrieval", MS-OXDISCO s3.1.5,
# PACC draft s"Retrieval".
DISCOVERY_PREFIXES: Final = ("autoconfig.", "autodiscover.", "ua-auto-config.")


class Fields(dict[str, str]):
    """What a form sent: names in lower case, the first value of each."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Take the names and values, as they came."""
        super().__init__()
        self._every: dict[str, list[str]] = {}
        for name, value in pairs:
            self.setdefault(name.lower(), value)
            self._every.setdefault(name.lower(), []).append(value)

    def every(self, name: str) -> list[str]:
        """Return all values of a name."""
        return self._every.get(name, [])


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        method: as sent, `HEAD` already told apart from `GET`.
        path: decoded, with one slash where the request line had several; `raw_path` is as it was
            in the request line.
        query_string: undecoded.
        headers: names in lower case.
        client: address and port of the client's end of the connection, whatever headers say; None
            if it is not known, as at a Unix socket.
        server: the same of our end; without a port at a Unix socket.
        origin: who asked, as far as trusted proxies tell.
    """

    method: str
    path: str
    raw_path: bytes
    query_string: bytes
    headers: Headers
    client: tuple[str, int] | None
    server: tuple[str, int | None] | None
    origin: Origin
    receive: Receive = field(repr=False)

    def header(self, wanted: bytes) -> str:
        """Return the first value of a header, or an empty text."""
        for name, value in self.headers:
            if name == wanted:
                return value.decode("latin-1")
        return ""

    def query(self, *, raw_plus: bool = False) -> Fields:
        """Decode the query: names in lower case, the first value of each.

        Args:
            raw_plus: whether a `+` in front of an `@` is a plus sign if it is not percent-encoded.
                It is one in the address of clients that do not encode it (read in the sources of
                FairEmail e23dd9df and Nextcloud Mail e5734fe2). Else it is a space, as browsers and
                libraries encode one for a form (WHATWG URL s5.1): no domain has a plus.

        Raises:
            RequestError: it is too long, has too many fields, or is not UTF-8.
        """
        return _fields(self.query_string, "query", raw_plus=raw_plus)

    async def form(self, max_bytes: int) -> Fields:
        """Decode the body of a form: names in lower case, the first value of each.

        No error holds anything of it.

        Raises:
            RequestTooLarge: it is longer than `max_bytes`.
            RequestError: it is no form, has too many fields, is not UTF-8, or did not come in time.
        """
        kind = self.header(b"content-type").partition(";")[0].strip().lower()
        if kind != FORM:
            raise RequestError(f"the request is not of the type {FORM}")
        return _fields(await self.body(max_bytes), "form")

    def host_domain(self) -> DomainName | None:
        """Return the mail domain that Host names, without the prefix of a protocol.

        `hosts.mail_domain` knows `www.` as well.

        Returns:
            None where Host is missing, an IP address, or no domain name.
        """
        host = host_without_port(self.origin.host).lower()
        for prefix in DISCOVERY_PREFIXES:
            if host.startswith(prefix):
                host = host.removeprefix(prefix)
                break
        try:
            return DomainName.parse(host)
        except DomainError:
            return None

    async def body(self, max_bytes: int) -> bytes:
        """Read the body in bounded memory and time.

        Raises:
            RequestTooLarge: it is longer than `max_bytes`.
            RequestError: it did not come within the time limit, or the client went away.
        """
        length = self.header(b"content-length")
        if length.isdigit() and int(length) > max_bytes:
            raise RequestTooLarge(f"the request is longer than {max_bytes} bytes")
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
                while True:
                    message = await self.receive()
                    if message["type"] == "http.disconnect":
                        raise RequestError("the client went away")
                    body += message.get("body", b"")
                    if len(body) > max_bytes:
                        raise RequestTooLarge(f"the request is longer than {max_bytes} bytes")
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError as error:
            raise RequestError("the request took too long to arrive") from error


def one_slash_each(path: str) -> str:
    """Write one slash for several: web servers and links that join paths leave `//` in them."""
    return _SLASHES.sub("/", path)


def decoded_path(raw_path: bytes, address: re.Pattern[str]) -> str:
    """Decode a path, with one slash for several. An encoded slash (`%2F`) divides nothing.

    Args:
        raw_path: as it stood in the request line, without the query.
        address: matches the part in front of an address, which may hold two slashes of its own.
    """
    text = raw_path.decode("latin-1")
    end = found.end() if (found := address.match(text)) else len(text)
    plain = f"{one_slash_each(text[:end])}{text[end:]}"
    return unquote_to_bytes(plain.encode("latin-1")).decode("utf-8", "replace")


def names_one_host(scope: Scope) -> bool:
    """Return whether a request has the one Host that it must have; HTTP/1.0 need not have any."""
    headers: Headers = scope["headers"]
    hosts = sum(name == b"host" for name, _ in headers)
    return hosts == 1 or (hosts == 0 and str(scope["http_version"]) == "1.0")


def _with_plus_encoded(field: bytes) -> bytes:
    """Encode the plus signs in front of the last `@` of a field, which may be encoded twice."""
    end = max(map(field.rfind, (b"@", b"%40", b"%2540")))
    return field if end < 0 else field[:end].replace(b"+", b"%2B") + field[end:]


def _fields(data: bytes, what: str, *, raw_plus: bool = False) -> Fields:
    """Decode what a form sends, in a query or in a body; raw UTF-8 in it as well.

    Some clients send addresses unencoded.
    """
    if len(data) > QUERY_MAX_BYTES:
        raise RequestError(f"the {what} is too long")
    if raw_plus:
        # Before decoding: `%20`, a space that somebody typed, is another thing.
        data = b"&".join(map(_with_plus_encoded, data.split(b"&")))
    try:
        pairs = parse_qsl(
            data.decode("utf-8", "strict"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=QUERY_MAX_FIELDS,
        )
    except UnicodeDecodeError:
        # Not "from": such an error holds the bytes.
        raise RequestError(f"the {what} is not UTF-8") from None
    except ValueError:
        raise RequestError(f"the {what} has too many fields") from None
    return Fields(pairs)
