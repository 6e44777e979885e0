"""Waypost as a WSGI application, served by the server of the standard library."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from tests.servers.requirements import program, require
from tests.web.asgi import settings
from waypost.asgi import AsgiApp
from waypost.core.errors import SettingsError
from waypost.settings import Settings
from waypost.wsgi import WsgiApp

PROVIDERS = """
[[provider]]
name = "Example Inc."
domains = ["example.com"]
services = [
  { type = "imap", host = "imap.example.com" },
  { type = "smtp", host = "smtp.example.com" },
]
"""
MOUNT = "/mail setup"
ALICE = "emailaddress=alice%40example.com"
POX = (
    '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/'
    'requestschema/2006"><Request><EMailAddress>alice@example.com</EMailAddress></Request>'
    "</Autodiscover>"
)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Write nothing."""


def options(folder: Path, **more: Any) -> Settings:
    """Return settings with a providers file in a folder."""
    path = folder / "mail.toml"
    path.write_text(PROVIDERS, encoding="utf-8")
    return settings(providers=path, loglevel="error", **more)


@pytest.fixture(name="application")
def _application(tmp_path: Path) -> Iterator[WsgiApp]:
    """An application with a providers file."""
    application = WsgiApp(AsgiApp(lambda: (options(tmp_path), ())))
    yield application
    application.close()


@pytest.fixture(name="url")
def _url(application: WsgiApp) -> Iterator[str]:
    """A site with its own pages, and the application below a path; each call is validated."""

    def site(environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"].startswith(f"{MOUNT}/"):
            environ["SCRIPT_NAME"] = MOUNT
            environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(MOUNT)
            return validator(application)(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"the site's own page"]

    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.set_app(site)
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def curl(url: str, *more: str) -> str:
    """Return the headers and the body of an answer."""
    require(programs=["curl"])
    done = subprocess.run(
        [program("curl"), "-sS", "-i", "--max-time", "20", "--path-as-is", *more, url],
        check=True,
        capture_output=True,
    )
    return done.stdout.decode(errors="replace")


def test_served_below_a_path(url: str) -> None:
    """The answers of each method come through a WSGI server, and the site keeps its own pages."""
    mount = f"{url}/mail%20setup"
    document = curl(f"{mount}/mail/config-v1.1.xml?{ALICE}")
    assert "200 OK" in document.splitlines()[0]
    assert "<hostname>imap.example.com</hostname>" in document
    posted = curl(f"{mount}/autodiscover/autodiscover.xml", "--data-binary", POX)
    assert "<Server>imap.example.com</Server>" in posted
    head = curl(f"{mount}/mail/config-v1.1.xml?{ALICE}", "--head")
    assert "200 OK" in head.splitlines()[0]
    assert "<?xml" not in head
    assert "the site's own page" in curl(f"{url}/")
    page = curl(f"{mount}/?{ALICE}")
    assert 'href="/mail%20setup/mobileconfig?' in page


def test_long_body(url: str) -> None:
    """A body that is too long is refused."""
    mount = f"{url}/mail%20setup"
    posted = curl(f"{mount}/autodiscover/autodiscover.xml", "--data-binary", "x" * 100_000)
    assert " 413 " in posted.splitlines()[0] + " "


ODD = ["/%ff%fe", "/v1.1/%ff", "/mail/config-v1.1.xml?emailaddress=\xff", "/%00", "//", "/%2e%2e/x"]


@pytest.mark.parametrize("target", ODD)
def test_odd_requests(url: str, target: str) -> None:
    """A request that is not UTF-8 gets an answer of Waypost, and is no defect."""
    line = curl(f"{url}/mail%20setup{target}").splitlines()[0]
    assert int(line.split()[1]) in {200, 400, 404}


def test_initdb_is_missing(url: str) -> None:
    """`/initdb/` does not exist behind another server, even for its own machine."""
    for method in ("GET", "POST", "DELETE", "PUT"):
        line = curl(f"{url}/mail%20setup/initdb/", "-X", method).splitlines()[0]
        assert line.split()[1] == "404"


def _call(application: WsgiApp, **environ: Any) -> tuple[str, dict[str, str], bytes]:
    setup_testing_defaults(environ)
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Any:
        started.extend((status, dict(headers)))

    body = b"".join(application(environ, start_response))
    return started[0], started[1], body


def test_nothing_before_the_first_request() -> None:
    """The settings are read by the first request, and again after an error."""
    calls: list[int] = []

    def load() -> tuple[Settings, tuple[str, ...]]:
        calls.append(1)
        raise SettingsError(["port: must be a number"])

    application = WsgiApp(AsgiApp(load))
    assert calls == []
    for number in (1, 2):
        with pytest.raises(SettingsError, match="port"):
            _call(application)
        assert len(calls) == number
    application.close()
    application.close()


def test_starts_again(application: WsgiApp) -> None:
    """After `close`, the next request starts the application again."""
    path, query = "/mail/config-v1.1.xml", ALICE
    for _ in range(2):
        status, _, body = _call(application, PATH_INFO=path, QUERY_STRING=query)
        assert status == "200 OK"
        assert b"imap.example.com" in body
        application.close()


def test_proxy_headers(tmp_path: Path) -> None:
    """Headers of proxies count only if the settings say so."""
    sent = {
        "PATH_INFO": "/mail/config-v1.1.xml",
        "HTTP_HOST": "autoconfig.example.com",
        "HTTP_X_FORWARDED_HOST": "autoconfig.unserved.example",
        "REMOTE_ADDR": "127.0.0.1",
    }
    for proxies, status in ((0, "200 OK"), (1, "404 Not Found")):
        chosen = options(tmp_path, proxy_count=proxies)
        application = WsgiApp(AsgiApp(lambda chosen=chosen: (chosen, ())))  # type: ignore[misc]
        assert _call(application, **sent)[0] == status
        application.close()
