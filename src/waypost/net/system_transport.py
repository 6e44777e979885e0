"""Connecting to origins as this machine does: by its resolver, and by the configured proxies.

The environment variables are http_proxy, https_proxy, all_proxy and no_proxy, as curl(1) and
`urllib` read them.
"""

import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from waypost.net.connection import DeadlineConnection, open_connection, public_addresses
from waypost.net.deadline import Deadline
from waypost.net.failures import BadAnswer, NoConnection, PrivateAddress
from waypost.net.http_client import Origin
from waypost.net.name_lookup import look_up, numeric_addresses

_TUNNEL_HEAD_MAX_BYTES: Final = 16 * 1024
_LOCAL_NAMES: Final = ("localhost", ".localhost", ".local", ".internal")


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy.

    Attributes:
        authorization: for its header of that name; empty for none.
    """

    host: str
    port: int
    authorization: str = ""

    @classmethod
    def parse(cls, text: str) -> "Proxy":
        """Parse the value of a variable, with or without a scheme.

        Raises:
            NoConnection: the proxy cannot be used. The message does not repeat the value.
        """
        try:
            parts = urlsplit(text if "://" in text else f"http://{text}")
            host, port = parts.hostname, parts.port or 80
        except ValueError as error:
            raise NoConnection("the proxy in the environment is not a URL") from error
        if parts.scheme != "http" or not host:
            raise NoConnection("the proxy in the environment is not an http:// proxy")
        credentials = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        basic = f"Basic {b64encode(credentials.encode()).decode()}"
        return cls(host, port, "" if parts.username is None else basic)


class SystemTransport:
    """A transport to the addresses that this machine resolves, or to its proxy."""

    @contextmanager
    def connect(
        self, origin: Origin, deadline: Deadline, *, allow_private: bool
    ) -> Iterator[DeadlineConnection]:
        """Connect to an origin, with TLS if its scheme is https.

        With a proxy, Waypost cannot see the address that the proxy connects to: then only IP
        addresses and names that are private themselves are refused.

        Raises:
            PrivateAddress: the address is private, and `allow_private` is false.
            OSError: the origin cannot be reached.
            HTTPException, ValueError: a proxy or the host is not valid.
        """
        proxy = _proxy_of(origin)
        if proxy is not None:
            if not allow_private:
                _refuse_local(origin)
            with self._connect_through_proxy(origin, proxy, deadline) as connection:
                yield connection
            return
        addresses = look_up(origin.host, origin.port, deadline)
        if not allow_private:
            addresses = public_addresses(addresses, origin.host)
        with open_connection(addresses, deadline) as connection:
            _start_tls_if_https(connection, origin)
            yield connection

    @contextmanager
    def _connect_through_proxy(
        self, origin: Origin, proxy: Proxy, deadline: Deadline
    ) -> Iterator[DeadlineConnection]:
        with open_connection(look_up(proxy.host, proxy.port, deadline), deadline) as connection:
            connection.is_proxied = True
            proxy_headers = (
                {"Proxy-Authorization": proxy.authorization} if proxy.authorization else {}
            )
            if origin.scheme == "https":
                _open_tunnel(connection, origin, proxy_headers)
                _start_tls_if_https(connection, origin)
            else:
                # RFC 9112 s3.2.2: a proxy needs the whole URL.
                connection.target_prefix = f"http://{origin.authority}"
                connection.headers = tuple(proxy_headers.items())
            yield connection


def _proxy_of(origin: Origin) -> Proxy | None:
    if proxy_bypass(origin.host):
        return None
    proxies = getproxies()
    text = proxies.get(origin.scheme) or proxies.get("all")
    return Proxy.parse(text) if text else None


def _refuse_local(origin: Origin) -> None:
    host = origin.host.rstrip(".").lower()
    if host == _LOCAL_NAMES[0] or host.endswith(_LOCAL_NAMES[1:]):
        raise PrivateAddress(f"{origin.host} is a name of a private network")
    addresses = numeric_addresses(host, origin.port)
    if addresses:
        public_addresses(addresses, origin.host)


def _start_tls_if_https(connection: DeadlineConnection, origin: Origin) -> None:
    if origin.scheme == "https":
        connection.start_tls(ssl.create_default_context(), origin.host)


def _open_tunnel(connection: DeadlineConnection, origin: Origin, headers: dict[str, str]) -> None:
    """Make a proxy connect to an origin (RFC 9110 s9.3.6).

    Raises:
        OSError: the proxy refuses, or the time is over.
        BadAnswer: the answer of the proxy is not HTTP.
        UnicodeError: the host is not valid.
    """
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    authority = f"{host}:{origin.port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    connection.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
    answer = bytearray()
    byte = bytearray(1)
    # Byte by byte: the data after the head belongs to TLS.
    while not answer.endswith(b"\r\n\r\n"):
        if len(answer) > _TUNNEL_HEAD_MAX_BYTES or not connection.receive_into(byte):
            raise BadAnswer("the answer of the proxy is not HTTP")
        answer += byte
    words = answer.split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or len(words[1]) != 3:
        raise BadAnswer("the answer of the proxy is not HTTP")
    if not words[1].startswith(b"2"):
        status = words[1].decode("ascii", "replace")
        raise NoConnection(f"the proxy refuses to connect: status {status}")
