"""Look-ups of TXT records at real name servers, and at servers that do not answer."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from dns.message import from_wire, make_response
from dns.rcode import REFUSED, SERVFAIL, Rcode

from tests.servers.named import named
from waypost.core.errors import NamesUnavailable
from waypost.net.dns.text_records import TextRecords, look_up_texts

NAME = "_ua-auto-config.example.com"
ZONE = """
$TTL 300
_ua-auto-config 120 IN TXT "v=UAAC1; " "a=sha256" "; d=x"
_ua-auto-config 120 IN TXT "second\\195\\188"
elsewhere IN CNAME _ua-auto-config.example.com.
address IN A 192.0.2.1
"""
LONG = " ".join([f'"{"x" * 250}"'] * 20)


@pytest.mark.servers
def test_records() -> None:
    """All records have their time to live, also over TCP and through an alias."""
    with named(["example.com"]) as server:
        server.load("example.com", f"$ORIGIN example.com.{ZONE}long 60 IN TXT {LONG}\n")
        asked = "127.0.0.1", server.port
        found = look_up_texts(NAME, asked)

        assert sorted(found.texts) == ["secondü", "v=UAAC1; a=sha256; d=x"]
        assert found.ttl_seconds == 120
        assert look_up_texts("ELSEWHERE.example.com.", asked).texts
        assert look_up_texts("long.example.com", asked) == TextRecords(("x" * 5000,), 60)
        assert look_up_texts("address.example.com", asked) == TextRecords()
        assert look_up_texts("nothing.example.com", asked) == TextRecords()
        with pytest.raises(NamesUnavailable, match=r"127\.0\.0\.1 port \d+ cannot answer: REFUSED"):
            look_up_texts("_ua-auto-config.other.example", asked)


@pytest.fixture(name="answers")
def _answers(request: pytest.FixtureRequest) -> Iterator[int]:
    """Yield the port of a name server that answers with a code, or, with None, not at all."""
    code: Rcode | None = request.param
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as bound:
        bound.bind(("127.0.0.1", 0))

        def answer() -> None:
            while (got := bound.recvfrom(4096))[0]:
                response = make_response(from_wire(got[0]))
                response.set_rcode(code or SERVFAIL)
                if code is not None:
                    bound.sendto(response.to_wire(), got[1])

        thread = threading.Thread(target=answer)
        thread.start()
        yield bound.getsockname()[1]
        bound.sendto(b"", bound.getsockname())
        thread.join()


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (SERVFAIL, "cannot answer: SERVFAIL"),
        (REFUSED, "cannot answer: REFUSED"),
        (None, "no answer within 0.2 s from 127.0.0.1 port"),
    ],
    indirect=["answers"],
)
def test_no_answer(answers: int, said: str) -> None:
    """A server that refuses, fails or is silent leaves the records unknown, with the reason."""
    with pytest.raises(NamesUnavailable, match=said):
        look_up_texts(NAME, ("127.0.0.1", answers), seconds=0.2)


def test_impossible_name() -> None:
    """A name that is too long for DNS raises an error with the reason."""
    with pytest.raises(NamesUnavailable, match="cannot be looked up"):
        look_up_texts(f"{'a' * 64}.example.com", ("127.0.0.1", 9))
