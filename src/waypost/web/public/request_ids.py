"""An identifier for each request, to find its lines in the logs of all programs it passed."""

import re
import secrets
from collections.abc import Callable
from itertools import count
from typing import Final

from waypost.web.public.origin.proxy import ProxyTrust
from waypost.web.public.request import Request

HEADER: Final = b"x-request-id"
# No text with an `@`: an identifier must not be an address.
_VALID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestIds:
    """The identifiers of the requests of one worker.

    Attributes:
        new: returns a new identifier: that of this worker, and a number.
    """

    def __init__(self, trust: ProxyTrust) -> None:
        """Initialize with the proxies whose identifiers are taken."""
        self._trust = trust
        # Without a function in Python, because each answer needs one.
        self.new: Callable[[], str] = map(f"{secrets.token_hex(4)}-%d".__mod__, count(1)).__next__

    def of(self, request: Request) -> str:
        """Return the identifier that a trusted proxy has sent (`X-Request-ID`), or a new one."""
        sent = request.header(HEADER)
        if sent and _VALID.fullmatch(sent) and self._trust.trusts(request.peer_address):
            return sent
        return self.new()
