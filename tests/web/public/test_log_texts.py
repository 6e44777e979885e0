"""The log has no address from a client's texts, and no control characters for a terminal."""

import io
import re
from urllib.parse import quote

import pytest
import structlog
from structlog.testing import capture_logs

from tests.web.asgi import Client, settings
from tests.web.conftest import CATALOG
from waypost.runtime.logs import configure
from waypost.web.public.log_texts import HIDDEN, host_for_log, path_for_log, peer_for_log

# Each begins with the local part, and some program decodes it to an address.
ADDRESSES = [
    "alice@example.com",
    "alice%40example.com",
    "alice%2540example.com",
    "alice%252540example.com",
    "alice%25252540example.com",
    "alice%25%34%30example.com",
    "alice%%34%30example.com",
    "alice%C1%80example.com",  # overlong UTF-8
    "alice%E0%81%80example.com",
    "alice%EF%BC%A0example.com",  # FULLWIDTH COMMERCIAL AT
    "alice%ef%bc%a0example.com",
    "alice%25EF%25BC%25A0example.com",
    "alice%EF%B9%ABexample.com",  # SMALL COMMERCIAL AT
    "alice\uff20example.com",
    "alice%u0040example.com",
    "alice%U0040example.com",
    "alice\\u0040example.com",
    "alice\\x40example.com",
    "alice%5Cu0040example.com",
    "alice=40example.com",  # quoted-printable
    "alice&#64;example.com",
    "alice&#x40;example.com",
    "alice&commat;example.com",
    "alice%26%2364%3Bexample.com",
    "alice+AEA-example.com",  # UTF-7
    "alice%00@example.com",
    "alice%20(at)%20example.com",
    "YWxpY2VAZXhhbXBsZS5jb20=",
    '"alice"@example.com',
    "mailto:alice@example.com",
    "alice;x@example.com",
    "alice%09example.com",
]
# Control characters of a terminal, look-alikes, and line ends.
HOSTILE = [
    "\x1b]0;owned\x07",
    "\x1b[31m",
    "\x9b2J",
    "\x00",
    "\x7f",
    "\x85",
    "\r",
    "\n2026-01-01T00:00:00Z [error    ] forged",
    "\u2028forged",
    "\u202egnp.exe",
    "\u2066x",
    "\u200b",
    "\ufeff",
    "\ud800",
    "\U000e0041",
]
GOOD_PATHS = [
    b"/",
    b"*",
    b"/mail/config-v1.1.xml",
    b"/Autodiscover/Autodiscover.xml/",
    b"/.well-known/user-agent-configuration.json",
    b"/unknown/~x_y/",
]


@pytest.mark.parametrize("before", ["/", "/unknown/", "/mail/config-v1.1.xml/", "/v1.1/", "//"])
@pytest.mark.parametrize("text", ADDRESSES)
def test_no_address_of_a_path(text: str, before: str) -> None:
    """A path with an address is hidden as a whole, however the address is encoded."""
    client = Client(CATALOG)
    with capture_logs() as lines:
        client.get(before + text.encode("ascii", "backslashreplace").decode())
    client.close()

    assert len(lines) == 1
    assert "alice" not in str(lines)
    assert "YWxpY2V" not in str(lines)


@pytest.mark.parametrize("text", [*ADDRESSES, *HOSTILE])
def test_hidden_texts(text: str) -> None:
    """Such a text is not logged as a path, a host or a peer."""
    assert path_for_log(b"/" + text.encode("utf-8", "surrogatepass")) == HIDDEN
    assert host_for_log(text) == HIDDEN
    assert peer_for_log(text) == HIDDEN


@pytest.mark.parametrize("path", GOOD_PATHS)
def test_good_paths(path: bytes) -> None:
    """A path without special characters is logged as it was sent, without its query."""
    assert path_for_log(path) == path.decode()
    assert path_for_log(path + b"?emailaddress=alice@example.com") == path.decode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("example.com", "example.com"),
        ("Example.com:8443", "Example.com:8443"),
        ("[2001:db8::1]:80", "[2001:db8::1]:80"),
        ("-bad..name_", "-bad..name_"),
        ("x" * 300, "x" * 253),
        ("alice@example.com", HIDDEN),
        ("b\u00fccher.example", HIDDEN),
    ],
)
def test_hosts(text: str, shown: str) -> None:
    """A host is logged in bounded length, and with no other characters than hosts have."""
    assert host_for_log(text) == shown


@pytest.mark.parametrize(
    ("peer", "shown"),
    [
        (None, None),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("unknown", "unknown"),
        ("_hidden", "_hidden"),
        ("fe80::1%alice@example.com", HIDDEN),
        ("192.0.2.1 alice@example.com", HIDDEN),
        ("alice", HIDDEN),
        ("1" * 100, HIDDEN),
    ],
)
def test_peers(peer: str | None, shown: str | None) -> None:
    """The logged peer is an IP address or an identifier of RFC 7239 s6, for any proxy header."""
    assert peer_for_log(peer) == shown


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("text", HOSTILE)
def test_believed_header(text: str, log_format: str) -> None:
    """The content of a trusted `X-Forwarded-For` and of a Host controls nothing on a terminal."""
    stream = io.StringIO()
    configure("info", "json" if log_format == "json" else "console", stream)
    client = Client(CATALOG, settings(proxy_count=1))
    value = f"192.0.2.1{text}".encode("utf-8", "replace").decode("latin-1")
    client.get(f"/a{quote(text, errors='replace')}", headers={"X-Forwarded-For": value})
    client.close()

    assert re.fullmatch(r"[ -~]*\n", stream.getvalue())


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("text", HOSTILE)
def test_any_line(text: str, log_format: str) -> None:
    """Any message of the log is one line, and controls nothing on a terminal."""
    stream = io.StringIO()
    configure("info", "json" if log_format == "json" else "console", stream)
    log = structlog.get_logger("x")
    event = f"event {text}"
    log.warning(event, **{"reason": text, f"k{text}": 1, "many": [text], "none": None})

    (line,) = stream.getvalue().split("\n")[:-1]
    assert line.isprintable()


@pytest.mark.parametrize("text", HOSTILE)
def test_traceback_forges_no_line(text: str) -> None:
    """The lines of a traceback are indented, for any message."""
    stream = io.StringIO()
    configure("info", "console", stream)
    structlog.get_logger("x").error("failed", exc_info=ValueError(text))

    first, *others = stream.getvalue().rstrip("\n").split("\n")
    assert first.isprintable()
    assert all(line.startswith("  ") and line.isprintable() for line in others)
