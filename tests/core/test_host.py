"""Hosts with and without a port."""

import pytest

from waypost.core.host import host_without_port, is_loopback, parse_ip

LOOPBACK = [
    ("localhost", True),
    ("LOCALHOST.:4243", True),
    ("localhost:", True),  # RFC 3986 s3.2.3: a port may be empty
    ("127.0.0.1:4243", True),
    ("127.9.9.9", True),
    ("[::1]:4243", True),
    ("[::1]", True),
    ("::1", True),
    ("::ffff:127.0.0.1", True),
    ("localhost.example.com", False),
    ("127.0.0.1.example.com", False),
    ("0.0.0.0", False),
    ("192.0.2.1", False),
    ("", False),
    ("[", False),
    # a port is digits
    ("localhost:evil", False),
    ("127.0.0.1:evil.example", False),
    ("localhost:80 ", False),
    ("localhost:-1", False),
    ("localhost:\u0663", False),
    ("localhost:80\n", False),
    ("[::1]:evil", False),
    ("[::1]evil", False),
    ("[::1", False),
]


@pytest.mark.parametrize(("host", "expected"), LOOPBACK)
def test_loopback(host: str, expected: bool) -> None:
    """Loopback is localhost, 127.0.0.0/8 and ::1, with or without a port of digits."""
    assert expected is is_loopback(host)


def test_port() -> None:
    """A port and brackets are removed."""
    hosts = ["a.example:1", "a.example", "[2001:db8::1]:1", "2001:db8::1", "a:b:c"]
    assert [host_without_port(host) for host in hosts] == [
        "a.example",
        "a.example",
        "2001:db8::1",
        "2001:db8::1",
        "a:b:c",
    ]


def test_addresses() -> None:
    """An address may have a zone; other texts are no addresses."""
    assert str(parse_ip("fe80::1%eth0")) == "fe80::1"
    assert parse_ip("a.example") is None
