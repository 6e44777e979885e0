"""Waypost as an ASGI application, served by uvicorn, alone and below a path of another site."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.servers.nginx import listens
from tests.servers.patience import PATIENCE_SECONDS, wait_for_log
from tests.servers.process import Process
from tests.servers.waypost import SOURCE, free_port
from tests.test_wsgi import ALICE, POX, PROVIDERS, curl, options
from waypost.asgi import AsgiApp
from waypost.core.errors import SettingsError
from waypost.settings import Settings

SITE = """
from contextlib import asynccontextmanager

from fastapi import FastAPI

import waypost.asgi

site = FastAPI()


@site.get("/")
def page() -> str:
    return "the site's own page"


site.mount("/mail setup", waypost.asgi.app)
site.mount("/", waypost.asgi.app)
"""


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return an environment with a providers file, and without settings of this machine."""
    (folder / "mail.toml").write_text(PROVIDERS, encoding="utf-8")
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("WAYPOST_", "XDG_", "AUTOMX2_"))
    }
    own = {"HOME": f"{folder}", "PYTHONPATH": f"{SOURCE}", "WAYPOST_PROVIDERS": "mail.toml"}
    return kept | own | more


@contextmanager
def served(folder: Path, application: str, **more: str) -> Iterator[tuple[str, Process]]:
    """Run uvicorn with an application; yield its URL."""
    (folder / "panel.py").write_text(SITE, encoding="utf-8")
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", application, "--port", f"{port}"]
    process = Process(
        command, log=folder / "uvicorn.log", environment=environment(folder, **more), folder=folder
    )
    with process:
        process.wait_until(lambda: listens(port))
        yield f"http://127.0.0.1:{port}", process
        log = process.log.read_text(encoding="utf-8")
        assert "Traceback" not in log, log


def test_alone(tmp_path: Path) -> None:
    """Uvicorn serves the application with the settings of the process."""
    with served(tmp_path, "waypost.asgi:app") as (url, _):
        document = curl(f"{url}/mail/config-v1.1.xml?{ALICE}")
        assert "<hostname>imap.example.com</hostname>" in document
        posted = curl(f"{url}/autodiscover/autodiscover.xml", "--data-binary", POX)
        assert "<Server>imap.example.com</Server>" in posted


def test_warnings(tmp_path: Path) -> None:
    """The log has the warnings about the settings."""
    with served(tmp_path, "waypost.asgi:app", AUTOMX2_CONF="/no/file") as (_, process):
        wait_for_log(process.log, "there is no file /no/file")


def test_mounted(tmp_path: Path) -> None:
    """In another site, at `/` and below a path, Waypost answers, and the site keeps its pages."""
    with served(tmp_path, "panel:site", WAYPOST_PUBLIC_URL="https://a.example") as (url, process):
        assert "the site's own page" in curl(f"{url}/")
        assert "imap.example.com" in curl(f"{url}/mail/config-v1.1.xml?{ALICE}")
        mount = f"{url}/mail%20setup"
        assert "imap.example.com" in curl(f"{mount}/mail/config-v1.1.xml?{ALICE}")
        page = curl(f"{mount}/?{ALICE}")
        assert 'href="/mail%20setup/mobileconfig?' in page
        probe = curl(f"{mount}/autodiscover/autodiscover.xml", "-H", "Host: example.com")
        location = "location: https://a.example/mail%20setup/autodiscover/autodiscover.xml?"
        assert location in probe
        os.killpg(process.pid, signal.SIGTERM)
        end = time.monotonic() + PATIENCE_SECONDS
        while process.exit_code is None:
            assert time.monotonic() < end, "the site does not end while Waypost is in it"
            time.sleep(0.05)


def test_initdb_is_missing(tmp_path: Path) -> None:
    """`/initdb/` does not exist behind another server, even for a shell on the same machine."""
    more = {
        "WAYPOST_PROVIDERS": "",
        "WAYPOST_DB_URI": f"sqlite:///{tmp_path}/db",
        "WAYPOST_INITDB": "1",
    }
    with served(tmp_path, "panel:site", **more) as (url, _):
        for path in ("/initdb/", "/mail%20setup/initdb/", "/mail%20setup//initdb/", "//initdb"):
            for method in ("GET", "POST", "DELETE", "PUT"):
                assert curl(f"{url}{path}", "-X", method).split()[1] == "404"
        # The GET has not written the sample providers.
        assert curl(f"{url}/mail/config-v1.1.xml?{ALICE}").split()[1] == "404"


def test_proxy_headers(tmp_path: Path) -> None:
    """Headers of proxies do not count unless the settings say so."""
    forged = ["-H", "Host: autoconfig.example.com"]
    forged += ["-H", "X-Forwarded-Host: autoconfig.unserved.example"]
    for proxies, status in ((0, "200"), (1, "404")):
        with served(tmp_path, "waypost.asgi:app", WAYPOST_PROXY_COUNT=f"{proxies}") as (url, _):
            assert curl(f"{url}/mail/config-v1.1.xml", *forged).split()[1] == status


@pytest.mark.slow
def test_bad_settings(tmp_path: Path) -> None:
    """A server that starts the application prints each mistake of the settings, and ends."""
    command = [sys.executable, "-m", "uvicorn", "waypost.asgi:app", "--port", f"{free_port()}"]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env=environment(tmp_path, WAYPOST_WORKERS="many"),
    )
    assert done.returncode != 0
    assert "WAYPOST_WORKERS" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", ["asgi", "wsgi"])
def test_import_has_no_effect(tmp_path: Path, name: str) -> None:
    """An import reads no settings, creates no file, and starts no thread."""
    check = (
        f"import threading, logging, structlog, waypost.{name}; "
        "assert threading.active_count() == 1; assert not structlog.is_configured(); "
        "assert not logging.getLogger().handlers"
    )
    folder = tmp_path / "empty"
    folder.mkdir()
    variables = environment(tmp_path, WAYPOST_WORKERS="many") | {"HOME": f"{folder}"}
    subprocess.run(
        [sys.executable, "-W", "error", "-c", check], check=True, env=variables, cwd=folder
    )
    assert list(folder.iterdir()) == []


def _messages(application: AsgiApp, kind: str, *asked: str) -> list[Any]:
    """Send messages of a scope to an application, and return what it answers."""
    sent: list[Any] = []
    left = [*asked]

    async def receive() -> dict[str, Any]:
        return {"type": left.pop(0)}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(application({"type": kind}, receive, send))
    return sent


def test_lifespan(tmp_path: Path) -> None:
    """A server starts and stops the application; each time the settings are read again."""
    read: list[int] = []

    def load() -> tuple[Settings, tuple[str, ...]]:
        read.append(1)
        return options(tmp_path), ()

    application = AsgiApp(load)
    both = ("lifespan.startup", "lifespan.shutdown")
    for number in (1, 2):
        answers = _messages(application, "lifespan", *both)
        assert [one["type"] for one in answers] == [f"{one}.complete" for one in both]
        assert len(read) == number


def test_lifespan_fails() -> None:
    """If the settings have a mistake, the server learns the reason."""

    def load() -> tuple[Settings, tuple[str, ...]]:
        raise SettingsError(["port: must be a number"])

    (answer,) = _messages(AsgiApp(load), "lifespan", "lifespan.startup")
    assert answer == {"type": "lifespan.startup.failed", "message": "port: must be a number"}


def test_websocket() -> None:
    """A WebSocket is closed before the settings are read."""

    def load() -> tuple[Settings, tuple[str, ...]]:
        raise AssertionError

    (answer,) = _messages(AsgiApp(load), "websocket", "websocket.connect")
    assert answer["type"] == "websocket.close"
