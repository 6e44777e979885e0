"""Sign-in at a real OpenID provider in a real browser, behind a web server with TLS."""

import json
import os
import plistlib
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.servers.authority import Authority
from tests.servers.chromium import PATIENCE_MILLISECONDS, chromium
from tests.servers.nginx import AccessLog, Site, listens, nginx
from tests.servers.patience import wait_for_log
from tests.servers.private_network import private_network
from tests.servers.process import Process
from tests.servers.requirements import require
from tests.servers.waypost import free_port, waypost
from tests.setup_links.stored import KEY
from tests.web.public.page import LANGUAGES, texts

pytestmark = pytest.mark.servers

# Chromium resolves it to a loopback address (RFC 6761 s6.3). The provider is at `localhost`, which
# is another site.
HOST = "setup.localhost"
PROVIDERS = """\
[[provider]]
name = "Example Inc."
domains = ["example.com"]
services = [
  { type = "imap", host = "imap.example.com" },
  { type = "smtp", host = "smtp.example.com" },
]
"""
SETTINGS = """\
public_url = "https://{host}"
workers = 2
sign_in = "imap"
sign_in_oidc_issuer = "http://localhost:{port}"
sign_in_oidc_client_id = "waypost"
sign_in_oidc_client_secret = "secret-of-waypost"
link_key = "{key}"
app_password_command = ["{python}", "{script}"]
"""
SCRIPT = 'import json, sys\njson.load(sys.stdin)\nprint(json.dumps({"password": "made & <b>"}))\n'
PEOPLE = [
    {"sub": "a1", "email": "ada@example.com", "email_verified": True, "name": "Ada"},
    {"sub": "b2", "email": "bob@example.com", "email_verified": False},
]


@dataclass
class Running:
    """A Waypost behind nginx: the logs of both."""

    log: Path
    access_log: AccessLog


@pytest.fixture(name="running", scope="module")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run a provider, and two workers of Waypost behind nginx, in their own network."""
    require(programs=["chromium-headless-shell", "nginx"], private_network=True)
    folder = tmp_path_factory.mktemp("openid")
    people = [part for one in PEOPLE for part in ("--user-claims", json.dumps(one))]
    with private_network():
        port = free_port()
        files = {
            "providers.toml": PROVIDERS,
            "password.py": SCRIPT,
            "waypost.toml": SETTINGS.format(
                host=HOST,
                port=port,
                key=KEY,
                python=sys.executable,
                script=folder / "password.py",
            ),
        }
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "oidc_provider_mock", "--port", f"{port}"]
        provider = Process(
            [*command, "--require-nonce", *people],
            log=folder / "provider.log",
            environment=os.environ,
        )
        authority = Authority.create(folder)
        with provider, waypost(folder, folder / "providers.toml", proxies=1) as server:
            provider.wait_until(lambda: listens(port))
            sites = [Site("https", HOST)]
            pair = authority.issue("nginx", [HOST])
            with nginx(folder, authority, sites, waypost_port=server.port, pair=pair) as log:
                yield Running(server.log, log)


@pytest.fixture(name="browser", scope="module")
def _browser(running: Running) -> Iterator[Browser]:  # noqa: ARG001 -- in whose network
    with chromium() as started:
        yield started


Opened = Callable[..., Page]


@pytest.fixture(name="opened")
def _opened(browser: Browser) -> Iterator[Opened]:
    """Yield a function that opens the page in its own window."""
    with ExitStack() as windows:

        def opened(query: str = "", **options: Any) -> Page:
            asked: dict[str, Any] = {"locale": "en-US", "ignore_https_errors": True} | options
            window = browser.new_context(base_url=f"https://{HOST}", **asked)
            windows.callback(window.close)
            window.set_default_timeout(PATIENCE_MILLISECONDS)
            page = window.new_page()
            page.goto(f"/sign-in{query}")
            return page

        yield opened


def choose(page: Page, person: str) -> None:
    """Go to the provider, and sign in there as a person."""
    page.locator("main a.button").click()
    page.get_by_role("button", name=person, exact=True).click()


def barriers(page: Page) -> list[str]:
    """Return what axe finds, in both color schemes."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found += [one["id"] for one in Axe().run(page).response["violations"]]
    return found


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_profile(running: Running, opened: Opened, scripts: bool) -> None:
    """A person signs in at the provider, and gets a profile with an app password, once."""
    page = opened(java_script_enabled=scripts)
    assert page.get_by_label("Your password").count() == 1
    choose(page, "a1")
    page.get_by_text("Ada (ada@example.com)").wait_for()
    assert page.url == f"https://{HOST}/sign-in/oidc/settings"
    cookies = {one["name"]: one for one in page.context.cookies(f"https://{HOST}")}
    assert set(cookies) == {"__Host-waypost-person"}
    page.reload()
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Get the profile").click()
    profile = plistlib.loads(Path(downloading.value.path()).read_bytes())
    account = profile["PayloadContent"][0]
    assert account["EmailAddress"] == "ada@example.com"
    assert account["IncomingPassword"] == "made & <b>"
    assert page.context.cookies(f"https://{HOST}") == []
    page.get_by_role("button", name="Get the profile").click()
    page.get_by_text(texts("en")["sign_in_ended"]).wait_for()
    page.get_by_role("link", name="Sign in again").click()
    page.wait_for_url(f"https://{HOST}/sign-in")
    for text in (running.log.read_text(encoding="utf-8"), f"{running.access_log.requests()}"):
        for secret in (
            "secret-of-waypost",
            "ada@",
            "made",
            "eyJ",
            *cookies["__Host-waypost-person"]["value"].split(),
        ):
            assert secret not in text


def test_password_without_scripts(opened: Opened) -> None:
    """For another program, the page shows the app password as a text."""
    page = opened(java_script_enabled=False)
    choose(page, "a1")
    page.get_by_role("button", name="Show the password").click()
    page.get_by_text("made & <b>", exact=True).wait_for()
    assert page.context.cookies(f"https://{HOST}") == []


def test_refused(running: Running, opened: Opened) -> None:
    """Who has no verified address gets a page with the reason, and no proof."""
    page = opened()
    choose(page, "b2")
    page.get_by_text(texts("en")["sign_in_no_address"]).wait_for()
    assert page.context.cookies(f"https://{HOST}") == []
    log = wait_for_log(running.log, "email_verified is not true")
    assert "bob@" not in log


def test_languages(opened: Opened) -> None:
    """The menu at the end of the page changes the language, before and after the sign-in."""
    page = opened()
    for tag in LANGUAGES.tags:
        page.locator(f"footer a[hreflang={tag}]").click()
        label = texts(tag)["sign_in_at"].replace("{provider}", "localhost")
        page.get_by_role("link", name=label, exact=True).wait_for()
    last = LANGUAGES.tags[-1]
    choose(page, "a1")
    page.get_by_role("button", name=texts(last)["link_profile"]).wait_for()
    for tag in LANGUAGES.tags:
        page.locator(f"footer a[hreflang={tag}]").click()
        page.get_by_role("button", name=texts(tag)["link_profile"]).wait_for()
        assert page.locator("html").get_attribute("lang") == tag


def test_accessible(opened: Opened) -> None:
    """Axe finds no barrier in any state of the page, and the policy blocks nothing of it."""
    said: list[str] = []
    page = opened("?lang=ar", viewport={"width": 390, "height": 720})
    page.on("console", lambda message: said.append(message.text))
    assert barriers(page) == []
    choose(page, "a1")
    page.get_by_text("Ada (ada@example.com)").wait_for()
    assert barriers(page) == []
    page.goto("/sign-in/oidc/callback?lang=ar")
    page.get_by_role("link", name=texts("ar")["sign_in_retry"]).wait_for()
    assert barriers(page) == []
    # The page of the provider wants a style sheet of another server.
    assert [one for one in said if "Failed to load resource" not in one] == []
