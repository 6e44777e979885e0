"""The requests of the cases."""

from itertools import islice

from bench.cases import CASES
from bench.domains import names
from bench.requests import Asked, Template, seeded

ASKED = Asked("alice@a.example", "a.example")


def test_get() -> None:
    """A request without a body is a GET."""
    raw = Template("/x?{address}&{domain}", close=True).raw(ASKED)
    assert raw == (
        b"GET /x?alice@a.example&a.example HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    )


def test_post() -> None:
    """A request with a body is a POST, and its length is that of the body with the address."""
    head, _, body = Template("/x", body="<{address}>").raw(ASKED).partition(b"\r\n\r\n")
    assert head.startswith(b"POST /x HTTP/1.1\r\n")
    assert body == b"<alice@a.example>"
    assert b"\r\nContent-Length: 17" in head


def test_addresses_of_a_template() -> None:
    """The addresses differ, have one length, and belong to the domains of the providers file."""
    template = Template("/", domains=50)
    numbers = seeded(1)
    asked = [template.asked(numbers) for _ in range(200)]
    assert len({one.address for one in asked}) > 190
    assert len({len(one.address) for one in asked}) == 1
    assert {one.domain for one in asked} <= set(islice(names(50), 50))


def test_one_address() -> None:
    """Without a number of domains, the address is always the same, and its domain is served."""
    template = Template("/")
    assert template.asked(seeded(1)) == template.asked(seeded(2))
    assert template.any_asked().domain in set(islice(names(10), 10))


def test_keys_of_the_cases() -> None:
    """Each case has its own name for `--only` and its own title."""
    assert len({case.key for case in CASES}) == len(CASES)
    assert len({case.title for case in CASES}) == len(CASES)
