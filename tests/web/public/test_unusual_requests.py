"""The answers to unusual requests, of Waypost alone and behind web servers, as a page.

`WRITE_GOLDEN=1 .venv/bin/python -m pytest tests/web/public/test_unusual_requests.py` writes it.
"""

import os
import re
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from itertools import pairwise
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.servers import proxies
from tests.servers.requirements import program, require
from tests.servers.waypost import waypost
from tests.web.public.test_smuggling import FRONTS, PROVIDERS
from tests.web.public.unusual_requests import CASES

pytestmark = [pytest.mark.servers, pytest.mark.slow, pytest.mark.timeout(900)]

PAGE: Final = Path(__file__).parents[3] / "docs" / "reference" / "unusual-requests.md"
QUIET_SECONDS: Final = 3.0
THREADS: Final = 12
VERSIONS: Final = {
    # The name of a web server, and the command that prints its version.
    "nginx": ("nginx", ["nginx", "-v"]),
    "haproxy": ("HAProxy", ["haproxy", "-v"]),
    "apache": ("Apache", ["apache2", "-v"]),
    "caddy": ("Caddy", ["caddy", "version"]),
}
ALONE: Final = "Waypost"
EITHER: Final = {
    # Caddy waits for the body, and may read Waypost's answer before, or not.
    ("caddy", "too long a body"): ("413, closed", "none"),
    # Apache answers with the range if Waypost's whole answer came with its first read.
    ("apache", "Range"): ("206", "200"),
}
INTRODUCTION: Final = """\
# Unusual requests

`tests/web/public/test_unusual_requests.py` sends each of these requests to Waypost alone and \
through each web server, as [the guide](../guide.md#5-put-a-web-server-in-front) configures it, \
and writes this page.
A cell has the status of each answer on the connection, in order, and `closed` if the connection \
was closed after the last one. `none` is no answer within three seconds: the server waits for more \
of the request. `no HTTP` is an answer without a status line, as of HTTP 0.9 or of HTTP/2.

Waypost answers 400 to what breaks the syntax of RFC 9112, and closes the connection if it cannot \
know where the next request begins.
After each request, other clients got their own answers through the same web server.
"""


def answers(port: int, request: bytes) -> str:
    """Send a request as it is; return the statuses of all answers, and how the connection ends."""
    received, end = b"", ""
    with socket.create_connection(("127.0.0.1", port), timeout=QUIET_SECONDS) as client:
        with suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(request)
        try:
            while data := client.recv(65536):
                received += data
            end = "closed"
        except TimeoutError:
            pass
        except ConnectionResetError:
            end = "closed"
    statuses = re.findall(rb"HTTP/1\.[01] ([1-5]\d\d) ", received)
    if received and not statuses:
        return "no HTTP, closed"
    # A web server may pass on Waypost's 100 besides its own one, or not, by chance.
    statuses = [
        now for now, next_ in pairwise([*statuses, b""]) if (now, next_) != (b"100", b"100")
    ]
    return ", ".join([*(status.decode() for status in statuses), *([end] if end else [])]) or "none"


def own_answer(port: int) -> str:
    """Return what is wrong with the answer to a usual request; empty if it is right."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        asked = {"emailaddress": "user@example.org"}
        answer = client.get("/mail/config-v1.1.xml", params=asked)
    is_own = answer.status_code == 200 and "<username>user@example.org</username>" in answer.text
    return "" if is_own else f"another client got {answer.status_code}: {answer.text[:200]}"


def column(port: int) -> Mapping[str, str]:
    """Return the answers of a server to all requests; other clients must get their own."""

    def ask(request: bytes) -> tuple[str, str]:
        return answers(port, request), own_answer(port)

    requests = {name: data for group in CASES.values() for name, data in group.items()}
    with ThreadPoolExecutor(THREADS) as pool:
        found = dict(zip(requests, pool.map(ask, requests.values()), strict=True))
    assert {name: wrong for name, (_, wrong) in found.items() if wrong} == {}
    return {name: cell for name, (cell, _) in found.items()}


@pytest.fixture(name="columns", scope="module")
def _columns(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, str]]:
    """Send all requests to Waypost, and through each web server; return the answers."""
    require(
        programs=["nginx", "apache2", "haproxy", "caddy"],
        files=[proxies.NGINX_PACKAGE, proxies.HAPROXY_PACKAGE],
        root=True,
    )
    folder = tmp_path_factory.mktemp("waypost")
    providers = folder / "mail.toml"
    providers.write_text(PROVIDERS, encoding="utf-8")
    with waypost(folder, providers) as server:
        found = {ALONE: column(server.port)}
        for key, write in FRONTS.items():
            with ExitStack() as stack:
                place = Path(
                    stack.enter_context(tempfile.TemporaryDirectory(prefix="waypost-test-"))
                )
                place.chmod(0o755)
                running = proxies.running(write, place, f"127.0.0.1:{server.port}")
                found[key] = column(stack.enter_context(running))
    return found


def titles() -> Mapping[str, str]:
    """Return the names of the columns, with the versions of the web servers."""
    found = {ALONE: ALONE}
    for key, (name, command) in VERSIONS.items():
        done = subprocess.run(
            [program(command[0]), *command[1:]], capture_output=True, text=True, check=True
        )
        version = re.search(r"\d+\.\d+", done.stdout + done.stderr)
        assert version is not None
        found[key] = f"{name} {version[0]}"
    return found


def page(columns: Mapping[str, Mapping[str, str]]) -> str:
    """Return the page with all answers."""
    names = titles()
    lines = [INTRODUCTION]
    for group, requests in CASES.items():
        lines += [f"## {group}", "", f"| request | {' | '.join(names[key] for key in columns)} |"]
        lines += ["|---" * (len(columns) + 1) + "|"]
        for name in requests:
            cells = (cell(key, name, found[name]) for key, found in columns.items())
            lines += [f"| {name} | {' | '.join(cells)} |"]
        lines += [""]
    return "\n".join(lines[:-1]) + "\n"


def cell(server: str, name: str, found: str) -> str:
    """Return the text of a cell; both answers if either of them is right."""
    allowed = EITHER.get((server, name), ())
    return " or ".join(allowed) if found in allowed else found


def test_page(columns: Mapping[str, Mapping[str, str]]) -> None:
    """The answers to unusual requests are those of the page."""
    text = page(columns)
    if os.environ.get("WRITE_GOLDEN"):
        PAGE.write_text(text, encoding="utf-8")
    assert text.splitlines() == PAGE.read_text(encoding="utf-8").splitlines()


def test_no_failure(columns: Mapping[str, Mapping[str, str]]) -> None:
    """Waypost answers none of these requests with a 5xx, and none with another protocol."""
    bad = {
        name: cell for name, cell in columns[ALONE].items() if re.search(r"\b5\d\d\b|no HTTP", cell)
    }
    assert bad == {}


def test_no_smuggled_request_behind_a_web_server(
    columns: Mapping[str, Mapping[str, str]],
) -> None:
    """No connection has more answers than it has requests, so nothing was smuggled."""
    most = {"two requests at once": 2, "ten requests at once": 10, "a body, then a request": 2}
    (smuggling,) = (group for group in CASES if group.startswith("Smuggling"))
    for found in columns.values():
        for group, requests in CASES.items():
            for name in requests:
                final = [status for status in re.findall(r"\d+", found[name]) if status >= "200"]
                allowed = 2 if group == smuggling else most.get(name, 1)
                assert len(final) <= allowed, name
