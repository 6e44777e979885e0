"""The resolver that an operator names."""

import pytest
from dns.message import Message, make_query, make_response
from dns.rcode import SERVFAIL
from dns.resolver import NoNameservers

from waypost.core.errors import SettingsError
from waypost.net.dns.resolver import failure_text, read_server

SERVERS = [
    # text, server
    ("system", None),
    ("192.0.2.1", ("192.0.2.1", 53)),
    ("192.0.2.1:5353", ("192.0.2.1", 5353)),
    ("2001:db8::1", ("2001:db8::1", 53)),
    ("[2001:db8::1]", ("2001:db8::1", 53)),
    ("[2001:DB8::1]:65535", ("2001:db8::1", 65535)),
]
BAD_SERVERS = [
    # text, rule
    ("", "must be system or an IP address"),
    ("ns.example.com", "must be system or an IP address"),
    ("2001:db8::1:x", "must be system or an IP address"),
    ("192.0.2.1:+53", "the port must be from 1 to 65535"),
    ("192.0.2.1:", "the port must be from 1 to 65535"),
    ("192.0.2.1:0", "the port must be from 1 to 65535"),
    ("192.0.2.1:65536", "the port must be from 1 to 65535"),
    ("192.0.2.1:99999999999", "the port must be from 1 to 65535"),
    ("192.0.2.1:x", "the port must be from 1 to 65535"),
    ("[2001:db8::1]5353", "the port must be from 1 to 65535"),
    ("[2001:db8::1", "must be system or an IP address"),
]


@pytest.mark.parametrize(("text", "server"), SERVERS)
def test_servers(text: str, server: tuple[str, int] | None) -> None:
    """An IP address, with or without a port, names a server; `system` those of the machine."""
    assert read_server(text) == server


@pytest.mark.parametrize(("text", "rule"), BAD_SERVERS)
def test_bad_servers(text: str, rule: str) -> None:
    """Any other text is refused with the option's name and the rule."""
    with pytest.raises(SettingsError, match=f"--resolver: .*{rule}"):
        read_server(text)


def servfail() -> Message:
    """Build an answer with SERVFAIL."""
    response = make_response(make_query("example.com", "MX"))
    response.set_rcode(SERVFAIL)
    return response


OUTCOMES: list[tuple[list[tuple[Exception | str, Message | None]], str]] = [
    # what the resolvers did, in order, and what is said of them
    ([("SERVFAIL", servfail())], "answers SERVFAIL"),
    ([(OSError(101, "Network is unreachable"), None)], "cannot be asked (Network is unreachable)"),
    ([(OSError("no route"), None)], "cannot be asked (no route)"),
    ([(EOFError("bad"), None)], "cannot be asked (bad)"),
    (
        [(OSError(101, "Network is unreachable"), None), ("SERVFAIL", servfail())],
        "answers SERVFAIL",
    ),
    ([], "cannot be asked (no name server)"),
]


@pytest.mark.parametrize(("tried", "words"), OUTCOMES)
def test_outcome(tried: list[tuple[Exception | str, Message | None]], words: str) -> None:
    """A resolver that no packet reaches is reported as not asked."""
    errors = [("192.0.2.53", False, 53, reason, response) for reason, response in tried]
    question = make_query("example.com", "MX")
    error = NoNameservers(request=question, errors=errors)  # type: ignore[no-untyped-call]
    assert failure_text(error) == words
