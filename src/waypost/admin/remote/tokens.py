"""Tokens of another Waypost, by its REST API."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Final

from waypost.admin.access.scope import AccessScope
from waypost.admin.access.tokens import TokenRecord
from waypost.admin.principal import Role
from waypost.admin.remote.url_names import quote_segment
from waypost.core.errors import ObjectNotFound
from waypost.core.model import DomainPattern

_PATH: Final = "/tokens"
Reading = Callable[[], AbstractContextManager[None]]
Send = Callable[[str, str, bytes | None], Mapping[str, Any]]
"""Sends a request with a method, a path and a body, and returns the object of the answer."""


class RemoteTokens:
    """The methods of `Tokens`, for a token of the API that has no limits."""

    def __init__(self, send: Send, reading: Reading) -> None:
        """Initialize.

        Args:
            send: sends requests.
            reading: raises the right error if an answer is not Waypost's.
        """
        self._send = send
        self._reading = reading

    def create(
        self, name: str, scope: AccessScope, *, expires_seconds: int | None = None
    ) -> tuple[str, TokenRecord]:
        """Create a token, and return its secret, which the other Waypost cannot show again.

        Args:
            name: for people.
            scope: what the token may read or change.
            expires_seconds: how long it is valid; None without end.

        Raises:
            InvalidObject: all mistakes at once.
            AccessForbidden: the token of this client is limited, or may only read.
        """
        body = {
            "name": name,
            "role": scope.role.value,
            "domains": [pattern.text for pattern in scope.domains] or None,
            "provider": scope.provider,
            "expires": None if expires_seconds is None else f"{expires_seconds}s",
        }
        data = self._send("POST", _PATH, json.dumps(body).encode())
        with self._reading():
            return f"{data['token']}", _record(data)

    def list(self) -> Sequence[TokenRecord]:
        """Return all tokens, the newest first."""
        data = self._send("GET", _PATH, None)
        with self._reading():
            return [_record(item) for item in data["items"]]

    def revoke(self, token_id: str) -> bool:
        """Revoke a token at once; return False if there is no valid token with this id."""
        try:
            self._send("DELETE", f"{_PATH}/{quote_segment(token_id)}", None)
        except ObjectNotFound:
            return False
        return True


def _record(data: Mapping[str, Any]) -> TokenRecord:
    scope = AccessScope(
        Role(data["role"]), tuple(map(DomainPattern, data["domains"])), data["provider"]
    )
    created = int(datetime.fromisoformat(data["created"]).timestamp())
    times = (_seconds(data[name]) for name in ("expires", "last_used", "revoked"))
    return TokenRecord(data["id"], data["name"], scope, created, data["created_by"], *times)


def _seconds(text: str | None) -> int | None:
    return None if text is None else int(datetime.fromisoformat(text).timestamp())
