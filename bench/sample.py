"""Single answers, compared by their content before and after a load."""

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench.requests import Asked, Template, seeded
from bench.wrk import WrongAnswersError

ANSWERS: Final = 20
_PATIENCE_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    Attributes:
        status: its status.
        size: its bytes with the headers.
        body: its body.
    """

    status: int
    size: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Content:
    """What the answers of a case must have.

    Attributes:
        status: the status of each answer.
        text: returns a part of the body of the answer to a request.
        whole: whether this part is the whole body.
        slack: how many bytes an answer may be longer or shorter than another.
    """

    status: int
    text: Callable[[Asked], bytes]
    slack: int = 0
    whole: bool = False


def fetch(port: int, request: bytes) -> Answer:
    """Send one request to a port of 127.0.0.1, and return the answer; OSError if there is none."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_SECONDS) as connection:
        connection.sendall(request)
        while not _is_whole(received) and (part := connection.recv(65536)):
            received += part
    head, _, body = received.partition(b"\r\n\r\n")
    found = re.match(rb"HTTP/1\.[01] (\d{3})", head)
    if found is None:
        raise ConnectionError(f"no answer of HTTP, but {received[:200]!r}")
    return Answer(int(found[1]), len(received), body)


def check(port: int, template: Template, content: Content, seed: int) -> Answer:
    """Check the answers to some requests, and return one of them.

    Raises:
        WrongAnswersError: a status, a body or a size is not the expected one.
    """
    numbers = seeded(seed)
    first: Answer | None = None
    for _ in range(ANSWERS):
        asked = template.asked(numbers)
        answer = fetch(port, template.raw(asked))
        first = first or answer
        for finding in _findings(answer, asked, content, first.size):
            raise WrongAnswersError(f"{asked.address}: {finding}")
    if first is None:
        raise WrongAnswersError("no answer was compared")
    return first


def _findings(answer: Answer, asked: Asked, content: Content, size: int) -> list[str]:
    found = []
    if answer.status != content.status:
        found.append(f"status {answer.status}, and not {content.status}")
    if (text := content.text(asked)) not in answer.body:
        found.append(f"the body has no {text[:80]!r}: {answer.body[:200]!r}")
    if content.whole and len(answer.body) != len(text):
        found.append(f"a body of {len(answer.body)} bytes, and not {len(text)}")
    if abs(answer.size - size) > content.slack:
        found.append(f"{answer.size} bytes, and another answer has {size}")
    return found


def _is_whole(received: bytes) -> bool:
    head, end, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    return bool(end) and length is not None and len(body) >= int(length[1])
