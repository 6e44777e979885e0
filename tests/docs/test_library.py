"""The page about the library: each example runs."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Block, blocks, commands
from tests.servers.nginx import listens
from tests.servers.process import Process
from tests.servers.waypost import free_port
from waypost import api

PAGE = ROOT / "docs/library.md"
# What is checked after each example, and a word that only this example has. The check may use the
# names of the example.
COMMON = """
from urllib.parse import quote

ALICE = "emailaddress=" + quote("alice@example.com")
HOST = "autoconfig.example.com"
POX = (
    b'<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/'
    b'requestschema/2006"><Request><EMailAddress>alice@example.com</EMailAddress></Request>'
    b"</Autodiscover>"
)


def check(get, post):
    status, body, headers = get("/mail/config-v1.1.xml?" + ALICE)
    assert status == 200 and b"<hostname>imap.example.com</hostname>" in body
    assert headers["content-type"].startswith("text/xml"), headers
    assert headers["access-control-allow-origin"] == "*"
    status, body, headers = post("/autodiscover/autodiscover.xml", POX)
    assert status == 200 and b"<Server>imap.example.com</Server>" in body
    assert post("/autodiscover/autodiscover.xml", b"x" * 100_000)[0] == 413
    assert get("/v1.1/unserved.example")[0] == 404
    assert get("/.well-known/caldav")[0] == 307
    status, body, headers = get("/")
    assert status == 200 and b"own page" in body
"""
DJANGO = """
import sys
import types

import django
from django.conf import settings
from django.http import HttpResponse as Page
from django.test import Client
from django.urls import path

sys.modules["panel"] = module = types.ModuleType("panel")
module.waypost_middleware = waypost_middleware
module.urlpatterns = [path("", lambda request: Page("the panel's own page"))]
settings.configure(
    ROOT_URLCONF="panel",
    ALLOWED_HOSTS=["*"],
    MIDDLEWARE=[
        "panel.waypost_middleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ],
)
django.setup()
client = Client(enforce_csrf_checks=True, headers={"host": HOST})


def answer(found):
    return found.status_code, found.content, {k.lower(): v for k, v in found.headers.items()}


check(
    lambda target: answer(client.get(target)),
    lambda target, body: answer(client.post(target, body, content_type="text/xml")),
)
"""
FLASK = """
client = app.test_client()
base = {"base_url": "http://" + HOST}


def answer(found):
    return found.status_code, found.data, {k.lower(): v for k, v in found.headers.items()}


check(
    lambda target: answer(client.get(target, **base)),
    lambda target, body: answer(client.post(target, data=body, **base)),
)
"""
FASTAPI = """
import asyncio

import httpx

client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://" + HOST)
with asyncio.Runner() as runner:

    def answer(asking):
        found = runner.run(asking)
        return found.status_code, found.content, dict(found.headers)

    check(
        lambda target: answer(client.get(target)),
        lambda target, body: answer(client.post(target, content=body)),
    )
    runner.run(client.aclose())
    if "waypost.asgi" in __import__("sys").modules:
        runner.run(waypost.asgi.app.stop())
"""
DOCUMENTS = """
assert b"PayloadContent" in open("alice.mobileconfig", "rb").read()
"""
USERS = """
assert answer.status == 200 and b"<username>asmith</username>" in answer.body
"""
CHECKS = {
    "alice.mobileconfig": DOCUMENTS,
    "django.http": DJANGO,
    "from flask": FLASK,
    '@app.middleware("http")': FASTAPI,
    "LOGINS": USERS,
    "waypost.asgi.app": FASTAPI,
}
OUTPUT = {"alice.mobileconfig": "not_served", "LOGINS": "200"}


def example(word: str) -> Block:
    """Return the example that has a word."""
    (found,) = (one for one in blocks(PAGE, "python") if word in one.text)
    return found


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a program that uses the library."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("WAYPOST_", "XDG_"))}
    own = {"HOME": f"{home}", "PYTHONPATH": f"{ROOT / 'src'}", "WAYPOST_PROVIDERS": "mail.toml"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    return {**kept, **own, "PATH": path, "WAYPOST_LOGLEVEL": "error"}


@pytest.fixture(name="home")
def _home(tmp_path: Path) -> Path:
    """A folder with the providers file of the README."""
    (providers,) = blocks(ROOT / "README.md", "toml")
    (tmp_path / "mail.toml").write_text(providers.text, encoding="utf-8")
    return tmp_path


def test_each_example_has_a_check() -> None:
    """No example of the page is left out."""
    assert [example(word) for word in CHECKS] == blocks(PAGE, "python")


@pytest.mark.slow
@pytest.mark.parametrize("word", CHECKS)
def test_example(home: Path, word: str) -> None:
    """The example runs without a warning, and does what the page says."""
    program = home / "program.py"
    program.write_text(f"{example(word).text}\n{COMMON}\n{CHECKS[word]}", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", f"{program}"],
        check=False,
        capture_output=True,
        text=True,
        cwd=home,
        env=environment(home),
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert OUTPUT.get(word, "") in done.stdout


def test_frameworks_are_not_loaded(home: Path) -> None:
    """The example without a framework loads none."""
    check = (
        "\nimport sys\nassert not {'django', 'flask', 'fastapi', 'starlette'} & {*sys.modules}\n"
    )
    program = home / "program.py"
    program.write_text(example("LOGINS").text + check, encoding="utf-8")
    subprocess.run(
        [sys.executable, f"{program}"],
        check=True,
        capture_output=True,
        cwd=home,
        env=environment(home),
    )


def test_server(home: Path) -> None:
    """The command for uvicorn serves the providers file."""
    ((command,),) = map(commands, blocks(PAGE, "console"))
    port = free_port()
    with Process(
        ["bash", "-c", f"exec env {command} --port {port}"],
        log=home / "log",
        environment=environment(home),
        folder=home,
    ) as process:
        process.wait_until(lambda: listens(port))


def test_every_function_is_on_the_page() -> None:
    """The page names each function of the library."""
    text = PAGE.read_text(encoding="utf-8")
    names = [name for name in api.__all__ if inspect.isfunction(getattr(api, name))]
    assert [name for name in names if name not in text] == []
