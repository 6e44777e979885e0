"""A client's request, from a server or from another program that uses Waypost as a library."""

import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_to_bytes

from waypost.core.address import DomainName
from waypost.core.errors import DomainError, RequestError, RequestTooLarge
from waypost.core.host import host_without_port
from waypost.web.public.mount import Mount
from waypost.web.public.origin.proxy import ClientOrigin, Headers

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ReadBody = Callable[[int], Awaitable[bytes]]
"""Returns the body, or raises RequestTooLarge if it has more bytes than the argument."""

QUERY_MAX_FIELDS: Final = 50
QUERY_MAX_BYTES: Final = 8192
# RFC 3986 s3.2.2, s3.2.3: a name or an address, and a port. Other bytes are no host.
_HOST: Final = re.compile(rb"(\[[0-9A-Za-z:.%~_-]*\]|[0-9A-Za-z._~!$&'()*+,;=%-]*)(:[0-9]{0,5})?")
_SLASHES: Final = re.compile("/{2,}")
FORM: Final = "application/x-www-form-urlencoded"
# Clients put these in front of the mail domain: Autoconfig draft s"Retrieval", MS-OXDISCO s3.1.5,
# PACC draft s"Retrieval".
DISCOVERY_PREFIXES: Final = ("autoconfig.", "autodiscover.", "ua-auto-config.")


class Fields(dict[str, str]):
    """The fields of a form: names in lower case, the first value of each."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Initialize with the names and values, in their order."""
        super().__init__()
        self._all_values: dict[str, list[str]] = {}
        for name, value in pairs:
            self.setdefault(name.lower(), value)
            self._all_values.setdefault(name.lower(), []).append(value)

    def get_all(self, name: str) -> list[str]:
        """Return all values of a name."""
        return self._all_values.get(name, [])


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        method: as sent; `HEAD` and `GET` are different.
        path: decoded, with one slash if the request line had several; `raw_path` is unchanged.
        query_string: undecoded.
        headers: names in lower case.
        client: address and port of the client's end of the connection, whatever headers say; None
            if it is not known, as at a Unix socket.
        server: the same of Waypost's end; without a port at a Unix socket.
        origin: the true client, as far as trusted proxies show it.
        http_version: `1.0`, `1.1` or `2`.
        mount: the path below which Waypost is mounted in another site; not in `path`.
    """

    method: str
    path: str
    raw_path: bytes
    query_string: bytes
    headers: Headers
    client: tuple[str, int] | None
    server: tuple[str, int | None] | None
    origin: ClientOrigin
    read_body: ReadBody = field(repr=False)
    http_version: str = "1.1"
    mount: Mount = field(default_factory=Mount)

    @property
    def host_problem(self) -> str | None:
        """What is wrong with Host, for the answer; None if it is right (RFC 9112 s3.2)."""
        hosts = [value for name, value in self.headers if name == b"host"]
        if len(hosts) != 1 and (hosts or self.http_version != "1.0"):
            return "the request must have exactly one Host header"
        if hosts and _HOST.fullmatch(hosts[0]) is None:
            return "the Host header of the request is not a host name or an IP address"
        return None

    @property
    def peer_address(self) -> str | None:
        """The address of `client`; None if it is not known."""
        return None if self.client is None else self.client[0]

    def header(self, name: bytes) -> str:
        """Return the first value of a header, or an empty text."""
        for key, value in self.headers:
            if key == name:
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

        Errors contain nothing of the body.

        Raises:
            RequestTooLarge: it is longer than `max_bytes`.
            RequestError: it is not a form, has too many fields, is not UTF-8, or came too late.
        """
        content_type = self.header(b"content-type").partition(";")[0].strip().lower()
        if content_type != FORM:
            raise RequestError(f"the Content-Type of the request is not {FORM}")
        return _fields(await self.body(max_bytes), "form")

    def host_domain(self) -> DomainName | None:
        """Return the mail domain that Host names, without the prefix of a protocol.

        `hosts.mail_domain` also handles `www.`.

        Returns:
            None if Host is missing, an IP address, or not a domain name.
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
        """Read the body in limited memory and time.

        Raises:
            RequestTooLarge: it is longer than `max_bytes`.
            RequestError: it did not arrive in time, or the client closed the connection.
        """
        length = self.header(b"content-length")
        if length.isdigit() and int(length) > max_bytes:
            raise RequestTooLarge(max_bytes)
        return await self.read_body(max_bytes)


def merge_slashes(path: str) -> str:
    """Replace several slashes with one: web servers and links that join paths leave `//`."""
    return _SLASHES.sub("/", path)


def decode_path(raw_path: bytes, before_address: re.Pattern[str]) -> str:
    """Decode a path, with one slash for several. An encoded slash (`%2F`) separates nothing.

    Args:
        raw_path: the path of the request line, without the query.
        before_address: matches the part before an address, which may contain two slashes.
    """
    text = raw_path.decode("latin-1")
    end = match.end() if (match := before_address.match(text)) else len(text)
    merged = f"{merge_slashes(text[:end])}{text[end:]}"
    return unquote_to_bytes(merged.encode("latin-1")).decode("utf-8", "replace")


def _with_plus_encoded(field: bytes) -> bytes:
    """Encode the plus signs before the last `@` of a field, which may be encoded twice."""
    end = max(map(field.rfind, (b"@", b"%40", b"%2540")))
    return field if end < 0 else field[:end].replace(b"+", b"%2B") + field[end:]


def _fields(data: bytes, source: str, *, raw_plus: bool = False) -> Fields:
    """Decode the fields of a form, in a query or in a body, raw UTF-8 included.

    Some clients send addresses unencoded.
    """
    if len(data) > QUERY_MAX_BYTES:
        raise RequestError(f"the {source} is too long")
    if raw_plus:
        # Before decoding: `%20`, a typed space, is different.
        data = b"&".join(map(_with_plus_encoded, data.split(b"&")))
    try:
        pairs = parse_qsl(
            data.decode("utf-8", "strict"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=QUERY_MAX_FIELDS,
        )
    except UnicodeDecodeError:
        # Not "from": the original error contains the bytes.
        raise RequestError(f"the {source} is not UTF-8") from None
    except ValueError:
        raise RequestError(f"the {source} has too many fields") from None
    return Fields(pairs)
