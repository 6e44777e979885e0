"""Single answers, compared by their content."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from bench.requests import Asked, Template
from bench.sample import ANSWERS, Content, check, fetch
from bench.wrk import WrongAnswersError

TEMPLATE = Template("/{address}", domains=100)
ADDRESS = Content(200, lambda asked: asked.address.encode())


def answer(body: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


@contextmanager
def serving(respond: Callable[[bytes], Sequence[bytes]]) -> Iterator[int]:
    """Answer each connection with the parts that the function returns for the path."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            while True:
                connection, _ = listener.accept()
                with connection:
                    path = connection.recv(65536).split()[1]
                    if path == b"/end":
                        return
                    for part in respond(path[1:]):
                        connection.sendall(part)

        thread = threading.Thread(target=run)
        thread.start()
        port: int = listener.getsockname()[1]
        try:
            yield port
        finally:
            with socket.create_connection(("127.0.0.1", port)) as last:
                last.sendall(b"GET /end HTTP/1.1\r\n\r\n")
            thread.join()


def test_good_answers() -> None:
    """An answer with the address is returned with its size, its headers included."""
    with serving(lambda address: [answer(b"for " + address)]) as port:
        found = check(port, TEMPLATE, ADDRESS, 1)
    assert found.status == 200
    assert found.body.startswith(b"for user")
    assert found.size == len(answer(found.body))


def test_an_answer_in_parts() -> None:
    """An answer is read until its length, or until the end of the connection."""
    request = TEMPLATE.raw(Asked("a@b", "b"))
    with serving(lambda _: [b"HTTP/1.1 200 OK\r\nContent-Le", b"ngth: 4\r\n\r\nab", b"cd"]) as port:
        assert fetch(port, request).body == b"abcd"
    with serving(lambda _: [b"HTTP/1.0 204 None\r\n\r\n", b"ab"]) as port:
        assert fetch(port, request).body == b"ab"
    with serving(lambda _: [b"SSH-2.0\r\n"]) as port, pytest.raises(ConnectionError):
        fetch(port, request)


BAD = [
    # what the server answers for an address, finding
    (lambda one: answer(one, b"500 No"), "status 500, and not 200"),
    (lambda _: answer(b"user000000@customer-00000000.example"), "the body has no b'user"),
    (lambda one: answer(one + b"x" * (one[5] % 2)), "bytes, and another answer has"),
]


@pytest.mark.parametrize(("respond", "finding"), BAD)
def test_wrong_answers(respond: Callable[[bytes], bytes], finding: str) -> None:
    """A wrong status, the address of another user and a changing size are found."""
    with (
        serving(lambda address: [respond(address)]) as port,
        pytest.raises(WrongAnswersError, match=finding),
    ):
        check(port, TEMPLATE, ADDRESS, 1)


def test_one_wrong_answer_of_many() -> None:
    """The last answer of the sample is compared as well."""
    seen: list[bytes] = []

    def respond(address: bytes) -> list[bytes]:
        seen.append(address)
        return [answer(address if len(seen) < ANSWERS else address[::-1])]

    with serving(respond) as port, pytest.raises(WrongAnswersError):
        check(port, TEMPLATE, ADDRESS, 1)
    assert len(seen) == ANSWERS


def test_a_whole_body() -> None:
    """If the whole body is known, a longer one is wrong."""
    whole = Content(200, lambda asked: asked.address.encode(), whole=True)
    with serving(lambda address: [answer(address)]) as port:
        check(port, TEMPLATE, whole, 1)
    with (
        serving(lambda address: [answer(address + b"\n")]) as port,
        pytest.raises(WrongAnswersError, match="a body of 37 bytes, and not 36"),
    ):
        check(port, TEMPLATE, whole, 1)


def test_slack() -> None:
    """Answers may differ in size by the slack of the case."""
    slack = Content(200, ADDRESS.text, slack=1)
    with serving(lambda address: [answer(address + b"x" * (address[5] % 2))]) as port:
        assert check(port, TEMPLATE, slack, 1).status == 200
