"""App passwords by an HTTP call to the operator's system, signed with HMAC."""

import http.client
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from waypost.app_passwords.messages import (
    ANSWER_MAX_BYTES,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    Action,
    read_answer,
    signature,
    write_request,
)
from waypost.core.errors import FetchError, NamesUnavailable
from waypost.net.connection import open_connection
from waypost.net.deadline import Deadline
from waypost.net.failures import failure_reason
from waypost.net.http_client import read_url
from waypost.net.http_exchange import HttpRequest, exchange
from waypost.net.name_lookup import look_up
from waypost.setup_links.app_password import AppPasswordError, AppPasswordRequest

OK: Final = 200


@dataclass(frozen=True, slots=True)
class HttpHook:
    """A URL of the operator's system. Implements `AppPasswordSource`.

    Attributes:
        url: https, or http on this machine. Redirects are not followed.
        key: of the signature.
        seconds: the time limit of a call, from the resolution of the name to the last byte.
        context: of TLS; the certificate is verified.
        clock: of the timestamp.
    """

    url: str
    key: str = field(repr=False)
    seconds: float
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False)
    clock: Callable[[], float] = time.time

    def create(self, request: AppPasswordRequest) -> str:
        """Return a new app password.

        Raises:
            AppPasswordError: there is none.
        """
        return self._call("create", request)

    def revoke(self, request: AppPasswordRequest) -> None:
        """Remove the app password of this request.

        Raises:
            AppPasswordError: it could not be removed.
        """
        self._call("revoke", request)

    def _call(self, action: Action, request: AppPasswordRequest) -> str:
        body, timestamp = write_request(action, request), int(self.clock())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Waypost",
            TIMESTAMP_HEADER: f"{timestamp}",
            SIGNATURE_HEADER: signature(self.key, timestamp, body),
        }
        deadline = Deadline(self.seconds)
        try:
            origin, target = read_url(self.url)
            addresses = look_up(origin.host, origin.port, deadline)
            with open_connection(addresses, deadline) as connection:
                if origin.scheme == "https":
                    connection.start_tls(self.context, origin.host)
                sent = HttpRequest(origin.authority, target, "POST", headers, body)
                response = exchange(connection, sent, ANSWER_MAX_BYTES)
        except (FetchError, NamesUnavailable) as error:
            raise AppPasswordError(f"app_password_hook: {error}") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise AppPasswordError(f"app_password_hook: {failure_reason(error)}") from error
        if response.status != OK:
            raise AppPasswordError(f"app_password_hook: the answer has status {response.status}")
        return read_answer(action, response.body)
