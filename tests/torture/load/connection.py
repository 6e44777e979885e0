"""One request over HTTP, and its whole answer."""

import http.client
from dataclasses import dataclass

from tests.servers.patience import PATIENCE_SECONDS
from tests.torture.load.questions import Question, user_agent


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer.

    Attributes:
        retry_after: the header of this name; empty if there is none.
        body: of a signed profile, what is signed.
        signer: the certificate that has signed the answer, in DER; empty if it is not signed.
    """

    status: int
    content_type: str
    retry_after: str
    body: bytes
    signer: bytes = b""


class NoAnswerError(Exception):
    """The connection was refused, closed or silent before the answer was complete."""


class Client:
    """A client of a server on 127.0.0.1.

    It uses a new connection for each request, as mail clients do, or keeps its connection, as a web
    server in front of Waypost does.
    """

    def __init__(self, port: int, *, keeps_connection: bool = False) -> None:
        """Initialize with the port; nothing is connected yet."""
        self._port = port
        self._keeps_connection = keeps_connection
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, question: Question) -> Answer:
        """Send a request.

        Raises:
            NoAnswerError: there is no complete answer.
        """
        try:
            return self._ask(question)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NoAnswerError(f"{type(error).__name__}: {error}") from error
        finally:
            if not self._keeps_connection:
                self.close()

    def connect(self) -> int:
        """Open the connection, if it is not open; return the port of this end.

        Raises:
            OSError: the server accepts no connection.
        """
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                "127.0.0.1", self._port, timeout=PATIENCE_SECONDS
            )
        if self._connection.sock is None:  # New, or closed after an answer.
            self._connection.connect()
        return int(self._connection.sock.getsockname()[1])

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, question: Question) -> Answer:
        self.connect()
        assert self._connection is not None
        request = question.request
        target = f"{request.path}?{request.query}" if request.query else request.path
        headers = {"Host": request.host, **dict(request.headers)}
        if agent := user_agent(question.client):
            headers["User-Agent"] = agent
        self._connection.request(request.method, target, request.body or None, headers)
        response = self._connection.getresponse()
        body = response.read()
        content_type = response.headers.get("content-type", "")
        retry_after = response.headers.get("retry-after", "")
        return Answer(response.status, content_type, retry_after, body)
