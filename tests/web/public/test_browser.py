"""The setup page in a real browser."""

import plistlib
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Download, Page, Response

from tests.servers.chromium import PATIENCE_MILLISECONDS, chromium
from tests.servers.private_network import private_network
from tests.servers.requirements import program, require
from tests.servers.waypost import RunningWaypost, waypost
from waypost.web.public.page.languages import available_tags, texts

pytestmark = pytest.mark.servers

PROVIDERS = """\
[[provider]]
name = "Example Inc."
short_name = "Example"
domains = ["example.com"]
services = [
  { type = "imap", host = "imap.mail-servers-of-a-long-name.example.com" },
  { type = "smtp", host = "smtp.example.com", port = 587 },
  { type = "caldav", url = "https://dav.example.com/%EMAILADDRESS%/" },
  { type = "carddav", url = "https://dav.example.com/without-any-blank/%EMAILADDRESS%/" },
]
"""
SETTINGS = """\
public_url = "https://setup.example.com"
permit_cleartext_passwords = "I_understand_the_risks"
proxy_count = 1
"""
ADDRESS = "alice.with.quite.a.long.name@example.com"
SHOWN = f"emailaddress={ADDRESS}"
BY_HTTPS = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
PROFILE_TYPE = "application/x-apple-aspen-config"
STATES = {
    "empty": "",
    "no address": "emailaddress=alice",
    "not served": "emailaddress=alice@example.org",
    "settings": SHOWN,
}

Opened = Callable[..., Page]


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWaypost]:
    """Run a Waypost that accepts passwords, in its own network."""
    require(programs=["chromium", "zbarimg"], private_network=True)
    folder = tmp_path_factory.mktemp("page")
    (folder / "providers.toml").write_text(PROVIDERS, encoding="utf-8")
    (folder / "waypost.toml").write_text(SETTINGS, encoding="utf-8")
    with private_network(), waypost(folder, folder / "providers.toml", proxies=1) as running:
        yield running


@pytest.fixture(name="browser", scope="module")
def _browser(server: RunningWaypost) -> Iterator[Browser]:  # noqa: ARG001 -- in whose network
    with chromium() as running:
        yield running


@pytest.fixture(name="opened")
def _opened(browser: Browser, server: RunningWaypost) -> Iterator[Opened]:
    """Yield a function that opens the page in its own browser window, without scripts."""
    with ExitStack() as windows:

        def opened(query: str = "", **options: Any) -> Page:
            asked: dict[str, Any] = {"java_script_enabled": False, "locale": "en-US"} | options
            window = browser.new_context(base_url=f"http://127.0.0.1:{server.port}", **asked)
            windows.callback(window.close)
            window.set_default_timeout(PATIENCE_MILLISECONDS)
            page = window.new_page()
            page.goto(f"/?{query}")
            return page

        yield opened


def fetched(page: Page, click: Callable[[], None]) -> tuple[Response, Download, dict[str, Any]]:
    """Run what downloads a profile; return the answer, the download and the mail account in it."""
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 -- it wants a function
    with page.expect_download() as downloading:
        click()
    (answer,) = answers
    profile = plistlib.loads(Path(downloading.value.path()).read_bytes())
    account: dict[str, Any] = profile["PayloadContent"][0]
    return answer, downloading.value, account


def test_from_the_form_to_the_profile(opened: Opened) -> None:
    """A user who types an address gets a profile that a device accepts, without any script."""
    page = opened()
    page.get_by_label("Your mail address").fill(ADDRESS)
    page.get_by_role("button", name="Show the settings").click()
    page.get_by_role("heading", name=f"Settings for {ADDRESS}").wait_for()
    link = page.get_by_role("link", name="Profile for iPhone, iPad and Mac")
    answer, download, account = fetched(page, link.click)

    assert answer.headers["content-type"] == PROFILE_TYPE
    assert download.suggested_filename == "example.com.mobileconfig"
    assert account["EmailAddress"] == ADDRESS


def test_profile_with_a_name(opened: Opened) -> None:
    """The second form sends a profile with name and further addresses, without any script."""
    page = opened(SHOWN)
    page.get_by_label("Your name").fill("Älice")
    page.get_by_label("Other addresses").fill("a@example.com\nb@example.com")
    answer, download, account = fetched(page, page.get_by_role("button", name="profile").click)

    assert (answer.request.method, answer.headers["content-type"]) == ("GET", PROFILE_TYPE)
    assert download.suggested_filename == "example.com.mobileconfig"
    assert account["EmailAddress"] == f"{ADDRESS}, a@example.com, b@example.com"
    assert account["EmailAccountName"] == "Älice"


def test_profile_with_a_password(opened: Opened) -> None:
    """A password goes into the profile, in no URL, and is not in the code for phones."""
    page = opened(SHOWN, extra_http_headers=BY_HTTPS)
    page.get_by_label("Your password").fill("s3cret")
    answer, download, account = fetched(page, page.get_by_role("button", name="profile").click)

    assert (answer.request.method, answer.headers["content-type"]) == ("POST", PROFILE_TYPE)
    assert download.suggested_filename == "example.com.mobileconfig"
    assert account["IncomingPassword"] == "s3cret"
    assert "s3cret" not in answer.url


@pytest.mark.parametrize("tag", available_tags())
def test_language_of_the_browser(opened: Opened, tag: str) -> None:
    """A browser gets its own language, and the next page stays in it, chosen or not."""
    page = opened(locale=f"{tag}-CH")
    assert page.locator("h1").inner_text() == texts(tag)["title"]

    page = opened()
    page.get_by_role("link", name=str(texts(tag)["name"])).click()
    page.locator("#emailaddress").fill(ADDRESS)
    page.get_by_role("button", name=str(texts(tag)["show"])).click()
    page.locator("h2").first.wait_for()
    assert page.locator("h2").first.inner_text() == texts(tag)["settings_for"].format(
        address=ADDRESS
    )


@pytest.mark.parametrize("tag", available_tags())
def test_narrow_screen(opened: Opened, tag: str) -> None:
    """On the narrowest phone no part of the page is beyond the edge (WCAG 2.2 s1.4.10)."""
    page = opened(
        java_script_enabled=True,
        viewport={"width": 320, "height": 600},
        extra_http_headers=BY_HTTPS,
    )
    for query in STATES.values():
        page.goto(f"/?lang={tag}&{query}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, query


@pytest.mark.parametrize("width", [320, 640, 800, 1280])
@pytest.mark.parametrize("tag", available_tags())
def test_nothing_is_cut_off(opened: Opened, tag: str, width: int) -> None:
    """Each value to type in by hand is completely visible, at every width."""
    page = opened(f"lang={tag}&{SHOWN}", viewport={"width": width, "height": 600})
    values = page.locator("dt, dd")
    # Server, port, protection and user name of two services; URL and user name of two.
    assert values.count() == 2 * (2 * 4 + 2 * 2)
    texts_shown = page.locator("main").inner_text()
    for value in values.all():
        box = value.bounding_box()
        assert box is not None
        assert 0 <= box["x"] < box["x"] + box["width"] <= width
        assert value.evaluate("one => one.scrollWidth <= one.clientWidth")
        assert value.inner_text() in texts_shown


def test_urls_have_lines_of_their_own(opened: Opened) -> None:
    """A URL begins below its label, and has the whole width of the text."""
    page = opened(SHOWN, viewport={"width": 1280, "height": 600})
    for url in page.locator("dd.url").all():
        box, whole = url.bounding_box(), url.locator("xpath=ancestor::main").bounding_box()
        label = url.locator("xpath=preceding-sibling::dt").bounding_box()
        assert box is not None
        assert whole is not None
        assert label is not None
        assert box["y"] >= label["y"] + label["height"]
        assert box["width"] == whole["width"]
    assert page.locator("dd.url").count() == 2


def test_keyboard(opened: Opened) -> None:
    """The Tab key moves through the page from the top to its end, and Enter sends the form."""
    page = opened(java_script_enabled=True, extra_http_headers=BY_HTTPS)
    page.locator("#emailaddress").fill(ADDRESS)
    page.keyboard.press("Enter")
    page.locator("h2").first.wait_for()
    passed = []
    for _ in range(len(available_tags()) + 10):
        page.keyboard.press("Tab")
        passed.append(
            page.evaluate(
                "(({hreflang, id, tagName, pathname}) => hreflang || id || pathname || tagName)"
                "(document.activeElement)"
            )
        )

    links = ["/mobileconfig", "/mail/config-v1.1.xml"]
    typed = ["name", "alias", "password"]
    expected = [*available_tags(), "emailaddress", "BUTTON", *links, *typed, "BUTTON"]
    assert passed[: len(expected)] == expected


@pytest.mark.parametrize(
    ("tag", "state", "scheme"),
    [
        *(("en", state, "light") for state in STATES),
        ("de", "no address", "dark"),
        ("de", "settings", "dark"),
    ],
)
def test_accessible(opened: Opened, tag: str, state: str, scheme: str) -> None:
    """Axe finds no barrier in the page, in any state of the page."""
    page = opened(
        f"lang={tag}&{STATES[state]}",
        java_script_enabled=True,
        color_scheme=scheme,
        extra_http_headers=BY_HTTPS,
    )
    found = Axe().run(page)

    assert found.response["passes"]
    assert [one["id"] for one in found.response["violations"]] == [], found.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_camera_reads_the_code(opened: Opened, tmp_path: Path, scheme: str) -> None:
    """The code is read from the screen as the URL of the profile, below the configured URL."""
    page = opened(SHOWN, color_scheme=scheme)
    picture = tmp_path / "code.png"
    page.get_by_role("img", name=f"QR code for the profile of {ADDRESS}").screenshot(path=picture)
    command = [program("zbarimg"), "--quiet", "--raw", "--nodbus", f"{picture}"]
    read = subprocess.run(command, capture_output=True, check=False, timeout=60, text=True)

    expected = f"https://setup.example.com/mobileconfig?{SHOWN.replace('@', '%40')}"
    assert read.stdout.strip() == expected, read.stderr


def test_page_loads_nothing_else(opened: Opened) -> None:
    """The browser loads nothing but the page, and the policy blocks nothing of the page."""
    page = opened(java_script_enabled=True)
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"/?{SHOWN}")
    page.wait_for_load_state("networkidle")

    assert len(asked) == 1
    assert said == []
