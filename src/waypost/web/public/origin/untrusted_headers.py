"""A warning about forwarding headers that do not count.

A web server in front sends them, and the operator has not configured it in `proxy_count` or
`trusted_proxies`. At its start Waypost cannot know that, so the first such request is reported.
"""

from collections.abc import Callable
from typing import Final

from waypost.core.host import is_loopback
from waypost.web.public.origin.proxy import ProxyTrust
from waypost.web.public.request import Request

LogUntrustedHeader = Callable[[str, str, str], None]
"""Gets the header, the address of the direct peer, and the fix."""

_READ_HEADERS: Final = frozenset(
    {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded"}
)
_FIX: Final = "if the peer is your web server, set {option}; else ignore this line"


class UntrustedHeaders:
    """A check that warns once of a forwarding header from a peer that is not trusted."""

    def __init__(self, trust: ProxyTrust, log_warning: LogUntrustedHeader) -> None:
        """Create a check that has not warned yet.

        Args:
            trust: the proxies whose headers count.
            log_warning: writes a line to the log.
        """
        self._trust = trust
        self._log_warning = log_warning
        self._has_warned = False

    def check(self, request: Request) -> None:
        """Warn if this is the first request with such a header."""
        if self._has_warned:
            return
        peer = request.peer_address
        if self._trust.trusts(peer):
            return
        header = next((name for name, _ in request.headers if name in _READ_HEADERS), None)
        if header is None:
            return
        self._has_warned = True
        self._log_warning(
            header.decode("ascii"), peer or "unknown", _FIX.format(option=_option(peer))
        )


def _option(peer: str | None) -> str:
    if peer is None or is_loopback(peer):
        return "proxy_count = 1"
    network = f"{peer}/{128 if ':' in peer else 32}"
    return f'trusted_proxies = ["{network}"]'
