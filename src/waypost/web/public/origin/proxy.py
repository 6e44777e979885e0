"""The true client, scheme and host name of a request: which headers of proxies count.

`Forwarded` is RFC 7239; `X-Forwarded-For`, `-Proto` and `-Host` are what most proxies send.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from waypost.core.host import host_without_port, parse_ip

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
Headers = Sequence[tuple[bytes, bytes]]

ELEMENTS_MAX: Final = 100
"""Maximum number of values of a header that count, from the right; the limit of `proxy_count`."""
PAIRS_MAX: Final = 16
"""Maximum number of pairs of an element; RFC 7239 defines four."""
# RFC 7239 s4: forwarded-pair = token "=" value, value = token / quoted-string
_PAIR: Final = re.compile(r"""\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=("(?:[^"\\]|\\.)*"|[^\s;,"]*)\s*""")


@dataclass(frozen=True, slots=True)
class ClientOrigin:
    """The origin of a request, with the values of trusted proxies.

    Attributes:
        peer: address of the client, or None if it is not known.
        scheme: `http` or `https`.
        host: the Host that the client used, with its port; empty if it sent none.
        is_scheme_from_proxy: whether a trusted proxy sent the scheme. Otherwise it is the scheme of
            the connection, and a web server that is not configured here may have ended TLS.
    """

    peer: str | None
    scheme: str
    host: str
    is_scheme_from_proxy: bool = False


@dataclass(frozen=True, slots=True)
class ProxyTrust:
    """The proxies whose headers are believed.

    Attributes:
        proxy_count: how many proxies are in front, as in automx2; each adds one value at the
            right. 0 without networks means that no header counts.
        networks: the peers whose headers count. With networks and no count, the values are read
            from the right as long as they are trusted proxies themselves.
        by_unix_socket: whether connections come by a Unix socket. Such a peer has no address; a
            peer that may open the socket counts as one in the networks.
    """

    proxy_count: int = 0
    networks: tuple[IpNetwork, ...] = ()
    by_unix_socket: bool = False

    def resolve(self, peer: str | None, scheme: str, headers: Headers) -> ClientOrigin:
        """Return the origin of a request from its direct peer and its headers."""
        host = _first_value(headers, b"host")
        # RFC 7239 s8.1: any client can send these headers.
        if not self.trusts(peer):
            return ClientOrigin(peer, scheme, host)
        hops = _x_forwarded(headers) or _forwarded(headers)
        depth = self._depth(hops.peers)
        sent_scheme = _valid_scheme(_from_right(hops.schemes, depth))
        return ClientOrigin(
            peer=_from_right(hops.peers, depth) or peer,
            scheme=sent_scheme or scheme,
            host=_from_right(hops.hosts, depth) or host,
            is_scheme_from_proxy=sent_scheme is not None,
        )

    def trusts(self, peer: str | None) -> bool:
        """Return whether the headers of a direct peer count."""
        if self.networks:
            return self._in_networks(peer) or (peer is None and self.by_unix_socket)
        return self.proxy_count > 0

    def depth(self, peer: str | None, forwarded_for: bytes) -> int:
        """Return the position, from the right, of the values that count; 0 if no header counts.

        Args:
            peer: the direct peer.
            forwarded_for: the value of X-Forwarded-For, of a request without `Forwarded`.
        """
        if not self.trusts(peer):
            return 0
        return self._depth(_x_forwarded([(b"x-forwarded-for", forwarded_for)]).peers)

    def _in_networks(self, peer: str | None) -> bool:
        address = parse_ip(peer or "")
        return address is not None and any(address in network for network in self.networks)

    def _depth(self, peers: Sequence[str]) -> int:
        """Return the position, from the right, of the value that the outermost proxy added."""
        if self.proxy_count > 0:
            return self.proxy_count
        depth = 1
        for peer in reversed(peers):
            if depth >= len(peers) or not self._in_networks(peer):
                break
            depth += 1
        return depth


@dataclass(frozen=True, slots=True)
class _Hops:
    peers: tuple[str, ...]
    schemes: tuple[str, ...]
    hosts: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.peers or self.schemes or self.hosts)


def _x_forwarded(headers: Headers) -> _Hops:
    return _Hops(
        peers=tuple(_address_without_port(value) for value in _values(headers, b"x-forwarded-for")),
        schemes=_values(headers, b"x-forwarded-proto"),
        hosts=_values(headers, b"x-forwarded-host"),
    )


def _forwarded(headers: Headers) -> _Hops:
    """Read RFC 7239; an element without host or scheme leaves a gap."""
    elements = [_parse_element(text) for text in _values(headers, b"forwarded")]
    return _Hops(
        peers=tuple(_address_without_port(element.get("for", "")) for element in elements),
        schemes=tuple(element.get("proto", "") for element in elements),
        hosts=tuple(element.get("host", "") for element in elements),
    )


def _parse_element(text: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in text.split(";", PAIRS_MAX)[:PAIRS_MAX]:
        if match := _PAIR.fullmatch(part):
            pairs[match[1].lower()] = match[2].strip('"')
    return pairs


def _values(headers: Headers, header_name: bytes) -> tuple[str, ...]:
    """Return the comma-separated values of all headers of a name, in order (RFC 9110 s5.3).

    Only the last `ELEMENTS_MAX` values count, which the nearest proxies added.
    """
    # Commas in quotation marks separate as well: an open quote must not hide a proxy's value.
    joined = ",".join(value.decode("latin-1") for name, value in headers if name == header_name)
    last = joined.rsplit(",", ELEMENTS_MAX)[-ELEMENTS_MAX:]
    return tuple(value.strip() for value in last) if joined else ()


def _first_value(headers: Headers, header_name: bytes) -> str:
    return next((value.decode("latin-1") for name, value in headers if name == header_name), "")


def _from_right(values: Sequence[str], depth: int) -> str | None:
    return values[-depth] if 0 < depth <= len(values) else None


def _valid_scheme(scheme: str | None) -> str | None:
    lower = (scheme or "").lower()
    return lower if lower in {"http", "https"} else None


def _address_without_port(text: str) -> str:
    """Remove quotes, brackets and a port from a node name (RFC 7239 s6)."""
    return host_without_port(text.strip('"'))
