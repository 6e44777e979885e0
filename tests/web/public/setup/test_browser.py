"""The page of one-time links in a real browser."""

import os
import plistlib
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from tests.servers.chromium import PATIENCE_MILLISECONDS, chromium
from tests.servers.nginx import listens
from tests.servers.private_network import private_network
from tests.servers.process import Process
from tests.servers.requirements import program, require
from tests.servers.waypost import SOURCE, free_port
from tests.setup_links.stored import KEY, TARGET
from tests.web.public.page import LANGUAGES, texts
from waypost.cli.link.qr_code import write_file
from waypost.database.engine import Engine, open_engine
from waypost.setup_links.keys import LinkKeys
from waypost.setup_links.link import LinkTerms
from waypost.setup_links.links import SetupLinks
from waypost.setup_links.qr_code import for_terminal
from waypost.store.initdb import InitDb
from waypost.store.sql.migrate import upgrade
from waypost.store.sql.setup_link_rows import SetupLinkRows

pytestmark = pytest.mark.servers

PASSWORD = "s3cret <p&ss> wörd"
BY_HTTPS = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}


@dataclass
class Running:
    """A Waypost with links in a database.

    Attributes:
        url: of the page.
        log: the file with its output.
    """

    url: str
    log: Path
    links: SetupLinks

    def create(self, uses: int = 1) -> str:
        return self.links.create(TARGET, LinkTerms(600, uses, PASSWORD)).token


def filled(path: Path) -> Engine:
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    InitDb(engine, lambda: None).write_sample()
    return engine


@pytest.fixture(name="running", scope="module")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run a Waypost with a database, in its own network."""
    require(programs=["chromium-headless-shell", "zbarimg"], private_network=True)
    folder = tmp_path_factory.mktemp("setup")
    engine = filled(folder / "waypost.sqlite")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WAYPOST_")}
    environment = kept | {
        "HOME": f"{folder}",
        "PYTHONPATH": f"{SOURCE}",
        "WAYPOST_DB_URI": f"{engine.url}",
        "WAYPOST_LINK_KEY": KEY,
        "WAYPOST_SIGN_IN": "imap",
        "WAYPOST_PROXY_COUNT": "1",
        "WAYPOST_ADMIN_PORT": "0",
    }
    with private_network():
        port = free_port()
        process = Process(
            [
                *(sys.executable, "-m", "waypost", "serve", "--host", "127.0.0.1"),
                *("--port", f"{port}"),
            ],
            log=folder / "waypost.log",
            environment=environment,
            folder=folder,
        )
        with process:
            process.wait_until(lambda: listens(port))
            links = SetupLinks(SetupLinkRows(engine), LinkKeys([KEY]))
            yield Running(f"http://127.0.0.1:{port}/setup/", process.log, links)
    engine.dispose()


@pytest.fixture(name="browser", scope="module")
def _browser(running: Running) -> Iterator[Browser]:  # noqa: ARG001 -- in whose network
    with chromium() as started:
        yield started


Opened = Callable[..., Page]


@pytest.fixture(name="opened")
def _opened(browser: Browser, running: Running) -> Iterator[Opened]:
    """Yield a function that opens a link in its own window, as through a web server with TLS."""
    with ExitStack() as windows:

        def opened(token: str, **options: Any) -> Page:
            asked: dict[str, Any] = {"extra_http_headers": BY_HTTPS, "locale": "en-US"} | options
            window: BrowserContext = browser.new_context(**asked)
            windows.callback(window.close)
            window.set_default_timeout(PATIENCE_MILLISECONDS)
            page = window.new_page()
            page.goto(f"{running.url}#{token}")
            return page

        yield opened


def downloaded(page: Page) -> dict[str, Any]:
    """Press the button for the profile; return the mail account in it."""
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Get the profile").click()
    profile = plistlib.loads(Path(downloading.value.path()).read_bytes())
    account: dict[str, Any] = profile["PayloadContent"][0]
    return account


def barriers(page: Page) -> list[str]:
    """Return what axe finds."""
    return [one["id"] for one in Axe().run(page).response["violations"]]


def overflow(page: Page) -> list[str]:
    """Return the elements that are beyond the edge of the window."""
    found: list[str] = page.evaluate(
        "[...document.body.querySelectorAll('*')].filter(one => {"
        "const box = one.getBoundingClientRect();"
        "return box.left < 0 || box.right > innerWidth;}).map(one => one.outerHTML)"
    )
    return found


def test_link_gives_a_profile_once(running: Running, opened: Opened) -> None:
    """A link opens by itself; the button gives the profile with the password, and then no more."""
    token = running.create()
    page = opened(token)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.url} {request.headers}"))
    page.get_by_text("Alice (alice@example.com)").wait_for()
    page.get_by_text("device: phone").wait_for()
    account = downloaded(page)
    assert (account["EmailAddress"], account["IncomingPassword"]) == ("alice@example.com", PASSWORD)
    page.get_by_role("button", name="Get the profile").click()
    page.get_by_text("This link is not valid.").wait_for()
    assert asked
    assert token not in "".join(asked)
    assert token not in running.log.read_text(encoding="utf-8")


def test_the_password_is_copied(running: Running, opened: Opened) -> None:
    """The password is shown once, and a button copies it."""
    page = opened(running.create(), permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Show the password").click()
    page.get_by_text(PASSWORD, exact=True).wait_for()
    page.get_by_role("button", name="Copy: Password for this device").click()
    page.get_by_text("Copied").first.wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == PASSWORD


def test_without_scripts(running: Running, opened: Opened) -> None:
    """Without scripts, a person pastes the link; no program that opens it uses it up."""
    token = running.create()
    page = opened(token, java_script_enabled=False)
    page.get_by_label("Your setup link").fill(f"{running.url}#{token}")
    page.get_by_role("button", name="Open").click()
    assert downloaded(page)["IncomingPassword"] == PASSWORD


def test_reload_and_another_window(running: Running, opened: Opened) -> None:
    """The address bar keeps the link, for "open in Safari"; opening it uses nothing up."""
    token = running.create()
    page = opened(token)
    page.get_by_role("button", name="Get the profile").wait_for()
    assert page.url == f"{running.url}#{token}"
    for _ in range(2):
        page = opened(token)
        page.get_by_role("button", name="Get the profile").wait_for()
    assert downloaded(page)["IncomingPassword"] == PASSWORD


@pytest.mark.parametrize(
    ("tag", "scheme", "width"),
    [("en", "light", 1280), ("en", "dark", 390), ("ar", "light", 390), ("ar", "dark", 1280)],
)
def test_accessible(running: Running, opened: Opened, tag: str, scheme: str, width: int) -> None:
    """Axe finds no barrier in any state of the page, and the policy blocks nothing of it."""
    said: list[str] = []
    token, words = running.create(), texts(tag)
    window = {"locale": tag, "color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    for begin, key in [("", "link_label"), (token, "link_password"), ("x", "link_invalid")]:
        page = opened(begin, **window)
        page.on("console", lambda message: said.append(message.text))
        page.get_by_text(words[key]).first.wait_for()
        assert barriers(page) == []
        if begin == token:
            page.get_by_role("button", name=words[key]).click()
            page.get_by_text(PASSWORD, exact=True).wait_for()
            assert barriers(page) == []
    assert said == []


@pytest.mark.parametrize("tag", LANGUAGES.tags)
def test_narrow_screen(running: Running, opened: Opened, tag: str) -> None:
    """On the narrowest phone no part of a page is beyond the edge (WCAG 2.2 s1.4.10)."""
    page = opened("", locale=tag, viewport={"width": 320, "height": 600})
    assert overflow(page) == []
    page.goto(running.url.replace("/setup/", "/sign-in"))
    page.get_by_label(texts(tag)["sign_in_password"]).wait_for()
    assert overflow(page) == []
    page.goto(f"{running.url}#{running.create()}")
    button = page.get_by_role("button", name=texts(tag)["link_password"])
    button.wait_for()
    assert overflow(page) == []
    button.click()
    page.get_by_text(PASSWORD, exact=True).wait_for()
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert overflow(page) == []


LIGHT: dict[str, tuple[bool, bool]] = {
    # a character of a code for terminals, and whether its upper and its lower half is light
    "█": (True, True),
    "▀": (True, False),
    "▄": (False, True),
    " ": (False, False),
}


def photo_of_terminal(text: str) -> bytes:
    """Return what a camera sees of a code in a dark terminal, as an image in the format PBM."""
    rows = []
    for line in text.splitlines():
        for half in (0, 1):
            dark = "".join("0" if LIGHT[one][half] else "1" for one in line)
            rows += ["".join(one * 4 for one in dark)] * 4
    return f"P1\n{len(rows[0])} {len(rows)}\n{chr(10).join(rows)}\n".encode("ascii")


def photo_of_page(browser: Browser, svg: bytes) -> bytes:
    """Return a screenshot of an image in a dark page."""
    page = browser.new_page()
    source = b64encode(svg).decode("ascii")
    page.set_content(f'<body bgcolor=black><img src="data:image/svg+xml;base64,{source}">')
    photo = page.screenshot(full_page=True)
    page.close()
    return photo


def test_camera_reads_the_code(running: Running, browser: Browser, tmp_path: Path) -> None:
    """A camera reads the link from each form of its code."""
    url = f"{running.url}#{running.create()}"
    write_file(url, tmp_path / "image.png")
    write_file(url, tmp_path / "image.svg")
    svg = (tmp_path / "image.svg").read_bytes()
    (tmp_path / "page.png").write_bytes(photo_of_page(browser, svg))
    (tmp_path / "terminal.pbm").write_bytes(photo_of_terminal(for_terminal(url)))
    for name in ("image.png", "page.png", "terminal.pbm"):
        command = [program("zbarimg"), "--quiet", "--raw", "--nodbus", f"{tmp_path / name}"]
        read = subprocess.run(command, capture_output=True, check=False, timeout=60, text=True)
        assert read.stdout.strip() == url, (name, read.stderr)
