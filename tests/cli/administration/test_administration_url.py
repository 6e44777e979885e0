"""Commands of administration with --url: URLs and tokens that cannot be used, other servers."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Waypost

TOKEN = "T0K3N"


@pytest.fixture(name="token")
def _token(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the variable with a token, and write a good CSV file."""
    (home / "good.csv").write_bytes(b"domain,provider\nnew.example,Example Inc.\n")
    monkeypatch.setenv("WAYPOST_TOKEN", TOKEN)


class _Answers(BaseHTTPRequestHandler):
    """Answers each request as `answers` says by the path."""

    answers: dict[str, tuple[int, bytes, dict[str, str]]]
    tokens: list[str]

    def _answer(self) -> None:
        self.tokens.append(self.headers.get("Authorization", ""))
        status, body, headers = self.answers[self.path.split("/")[1]]
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(status)
        for name, value in {**headers, "Content-Length": f"{len(body)}"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 -- names of the library

    def log_message(self, *_arguments: Any) -> None:
        """Log nothing."""


@pytest.fixture(name="other", scope="module")
def _other() -> Iterator[Callable[..., str]]:
    """Yield a function that returns the URL of a server with an answer."""
    _Answers.answers, _Answers.tokens = {}, []
    server = HTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def answer(status: int, body: bytes, **headers: str) -> str:
        key = f"{len(_Answers.answers)}"
        _Answers.answers[key] = status, body, headers
        return f"http://127.0.0.1:{server.server_port}/{key}"

    yield answer
    server.shutdown()
    thread.join()
    server.server_close()


COMMANDS = [
    ("domain", "list"),
    ("domain", "show", "example.com"),
    ("domain", "add", "new.example", "--provider", "Example Inc."),
    ("provider", "list"),
    ("audit", "list"),
    ("domain", "add", "--csv", "good.csv"),
]
NOT_WAYPOST = (
    "the answer is not one of Waypost's API; use the URL of the admin listener "
    "(http://127.0.0.1:4244), or admin_url"
)
FOREIGN = [
    # what answers, status, body, a part of the message
    ("HTML", 200, b"<!DOCTYPE html><p>Welcome!", NOT_WAYPOST),
    ("nothing", 200, b"", NOT_WAYPOST),
    ("binary", 200, b"\xff\xfe\0", NOT_WAYPOST),
    ("a list", 200, b"[]", NOT_WAYPOST),
    ("an empty object", 200, b"{}", NOT_WAYPOST),
    ("wrong items", 200, b'{"items": [1], "next": null}', NOT_WAYPOST),
    ("items without names", 200, b'{"items": [{}], "next": null}', NOT_WAYPOST),
    ("deep JSON", 200, b"[" * 100_000, NOT_WAYPOST),
    ("an error page", 500, b"<h1>Oops</h1>", f"status 500: {NOT_WAYPOST}"),
    ("another problem", 400, b'{"title": "x"}', f"status 400: {NOT_WAYPOST}"),
    ("odd mistakes", 422, b'{"code": "invalid", "detail": "x", "errors": [1]}', NOT_WAYPOST),
]


@pytest.mark.parametrize(
    ("status", "body", "message"), [one[1:] for one in FOREIGN], ids=[one[0] for one in FOREIGN]
)
@pytest.mark.usefixtures("token")
def test_another_server(
    waypost: Waypost, other: Callable[..., str], status: int, body: bytes, message: str
) -> None:
    """A server that is not Waypost is an error with its URL, and the token is not printed."""
    url = other(status, body)
    for command in COMMANDS:
        outcome = waypost(*command, "--url", url)
        assert (outcome.code, outcome.out) == (2, "")
        assert url in outcome.err
        assert message in outcome.err or "has no end" in outcome.err
        assert TOKEN not in outcome.err


@pytest.mark.usefixtures("token")
def test_a_redirect(waypost: Waypost, other: Callable[..., str]) -> None:
    """A redirect is not followed, because the other server would get the token."""
    target = other(200, b'{"items": [], "next": null}')
    url = other(302, b"", Location=target)
    sent = len(_Answers.tokens)
    outcome = waypost("provider", "list", "--url", url)
    assert (outcome.code, outcome.out) == (2, "")
    assert "the answer is a redirect (302)" in outcome.err
    assert _Answers.tokens[sent:] == [f"Bearer {TOKEN}"]


@pytest.mark.usefixtures("token")
def test_an_endless_list(waypost: Waypost, other: Callable[..., str]) -> None:
    """A list whose cursor does not advance is an error, and not a command without end."""
    url = other(200, b'{"items": [], "next": "same"}')
    assert NOT_WAYPOST in waypost("provider", "list", "--url", url).err


URLS = [
    # the arguments, a part of the message
    (("--url", "http://waypost.example"), "--url: must begin with https://"),
    (("--url", "http://192.0.2.1"), "--url: must begin with https://"),
    (("--url", "ftp://127.0.0.1"), "must be a whole URL"),
    (("--url", ""), "must be a whole URL"),
    (("--url", "http://[::1"), "--url: "),
    (("--url", "https://a..example"), "the host name is not valid"),
    (("--url", f"https://u:{TOKEN}@waypost.example"), "must not contain a user name"),
    (("--url", "https://waypost.example/?a=b"), "must not contain a query"),
    (("--url", "https://waypost.example", "--db-uri", "sqlite://"), "combined with --db-uri"),
    (("--token-file", "token.txt"), "--token-file: is only for --url"),
    (("--url", "http://127.0.0.1:1", "--token-file", "missing"), "--token-file: missing: cannot"),
    (("--url", "http://127.0.0.1:1", "--token-file", "binary"), "--token-file: binary: cannot"),
    (("--url", "http://127.0.0.1:1", "--token-file", "empty"), "--token-file: empty: has no token"),
    (("--url", "http://127.0.0.1:1", "--token-file", "two"), "--token-file: two: has no token"),
    (("--url", "http://127.0.0.1:1"), "http://127.0.0.1:1: no answer"),
]


@pytest.mark.parametrize(("options", "message"), URLS, ids=[" ".join(one) for one, _ in URLS])
@pytest.mark.usefixtures("token")
def test_urls(waypost: Waypost, home: Path, options: tuple[str, ...], message: str) -> None:
    """A URL or a token that cannot be used is wrong use, and no token is printed."""
    (home / "binary").write_bytes(b"\xff")
    (home / "empty").write_bytes(b"\n")
    (home / "two").write_bytes(b"a b")
    outcome = waypost("provider", "list", *options)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err
    assert TOKEN not in outcome.err


def test_no_token(waypost: Waypost) -> None:
    """Without a token, the message names the variable, and how to get one."""
    outcome = waypost("provider", "list", "--url", "https://waypost.example")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: WAYPOST_TOKEN: has no token; `waypost token create`")


@pytest.mark.parametrize("command", [("domain", "list"), ("domain", "show", "example.com")])
def test_other_sources(waypost: Waypost, command: tuple[str, ...]) -> None:
    """The commands with several sources of domains use only one."""
    for option in (("--demo",), ("--providers", "mail.toml")):
        outcome = waypost(*command, *option, "--url", "https://waypost.example")
        assert outcome.code == 2
        assert f"--url: cannot be combined with {option[0]}" in outcome.err
    assert "is only for --url" in waypost(*command, "--token-file", "x").err
