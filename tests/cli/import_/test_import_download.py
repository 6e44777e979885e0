"""Downloads of commands: time limits, and redirects of untrusted servers."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.cli.conftest import Outcome, Waypost
from tests.net.dripping import KINDS, dripping
from tests.servers.private_network import private_network, second_address
from tests.servers.requirements import require

PUBLIC = "8.8.8.8"
DOCUMENT = b"""<clientConfig version="1.1"><emailProvider id="example.com">
<domain>example.com</domain>
<incomingServer type="imap"><hostname>imap.example.com</hostname><port>993</port>
<socketType>SSL</socketType><authentication>password-cleartext</authentication>
</incomingServer>
<outgoingServer type="smtp"><hostname>smtp.example.com</hostname><port>465</port>
<socketType>SSL</socketType><authentication>password-cleartext</authentication>
</outgoingServer>
</emailProvider></clientConfig>
"""

COMMANDS = [
    # command, with {} for the URL; seconds in which it ends: its own, and some for a slow machine
    (("import", "ispdb", "{}/x", "--timeout", "0.1", "--print"), 15),
    (("conformance", "{}", "example.com", "--timeout", "0.1", "--total", "0.2"), 15),
    (("compare", "--old", "{}", "--new", "{}", "--domains", "names", "--timeout", "0.1"), 15),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("command", "seconds"), COMMANDS, ids=["import", "conformance", "compare"])
def test_dripping_servers(
    waypost: Waypost,
    command: tuple[str, ...],
    seconds: float,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A download ends at its time limit, even if a server sends slowly, with an error."""
    monkeypatch.setenv("no_proxy", "*")
    with open("names", "w", encoding="utf-8") as names:  # noqa: PTH123 -- in the home of the test
        names.write("example.com\n")
    with dripping(kind) as url:
        begun = time.monotonic()
        done = waypost(*(word.format(url) for word in command))
        lasted = time.monotonic() - begun
    assert lasted < seconds
    # Of one that compares, both servers are the same and so are their answers.
    assert done.code in {1, 2} or command[0] == "compare"
    assert "Traceback" not in done.err
    assert "Usage: " not in done.err


@contextmanager
def _serving(address: str, location: str) -> Iterator[str]:
    """Run a server that redirects, or has the document; yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302 if location else 200)
            self.send_header("Location", location)
            self.send_header("Content-Length", f"{len(DOCUMENT)}")
            self.end_headers()
            self.wfile.write(DOCUMENT)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- its name
            """Write no log."""

    with HTTPServer((address, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://{address}:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join(10)


SPELLINGS = ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0.0.0.0", "[::ffff:127.0.0.1]"]


@pytest.mark.servers
@pytest.mark.parametrize("host", SPELLINGS)
def test_a_public_server_that_redirects_inside(
    waypost: Waypost, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A redirect from a public address to a loopback address is followed only with a flag."""
    require(private_network=True)
    monkeypatch.setenv("no_proxy", "*")

    def imported(url: str, *flags: str) -> Outcome:
        return waypost("import", "ispdb", url, "--print", *flags)

    with private_network(), second_address(PUBLIC), _serving("127.0.0.1", "") as inside:
        target = inside.replace("127.0.0.1", host)
        with _serving(PUBLIC, target) as url:
            refused = imported(url)
            allowed = imported(url, "--allow-private")
        typed = imported(target)

    assert refused.code == 2
    assert "has the private address" in refused.err
    assert "--allow-private follows it" in refused.err
    assert (allowed.code, typed.code) == (0, 0)
    assert "imap.example.com" in allowed.out
