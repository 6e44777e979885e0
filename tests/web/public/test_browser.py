"""The setup page in a real browser."""

import json
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
from tests.web.public.page import LANGUAGES, texts
from waypost.web.public.page.devices import Device

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
webmail = "https://webmail.example.com/"
enable = [{ url = "https://www.example.com/imap", descriptions = { en = "Switch IMAP on" } }]
documentation = [{ url = "https://www.example.com/mail" }]
contacts = ["mailto:help@example.com", "tel:+49-30-123456"]
[provider.page]
color = "#ffd400"
logo = "data:image/gif;base64,R0lGODlhAQABAIAAAP8AAP///yH5BAAAAAAALAAAAAABAAEAAAICRAEAOw=="
welcome = { "" = "Welcome.", de = "Willkommen." }
help = { "" = "We are glad to help." }
"""
SETTINGS = """\
public_url = "https://setup.example.com"
permit_cleartext_passwords = "I_understand_the_risks"
proxy_count = 1
"""
ADDRESS = "alice.with.quite.a.long.name@example.com"
SHOWN = f"emailaddress={ADDRESS}"
BY_HTTPS = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
OWN_PROFILE = texts("en")["own_profile"]
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
    require(programs=["chromium-headless-shell", "zbarimg"], private_network=True)
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


def opened_details(page: Page, name: str) -> None:
    """Open a part of the page that is closed."""
    page.locator("summary", has_text=name).click()


def sent(page: Page) -> Callable[[], None]:
    """Return what sends the form for a profile."""
    return page.get_by_role("button", name="Get the profile").click


def test_from_the_form_to_the_profile(opened: Opened) -> None:
    """A user who types an address gets a profile that a device accepts, without any script."""
    page = opened("device=iphone")
    page.get_by_label("Your mail address").fill(ADDRESS)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("heading", name="iPhone and iPad").wait_for()
    link = page.get_by_role("link", name="Get the profile")
    answer, download, account = fetched(page, link.click)

    assert answer.headers["content-type"] == PROFILE_TYPE
    assert download.suggested_filename == "example.com.mobileconfig"
    assert account["EmailAddress"] == ADDRESS


def test_link_of_web_mail(opened: Opened, server: RunningWaypost) -> None:
    """A link of another site opens the page of the address; only the person gets the profile."""
    page = opened()
    page.goto("about:blank")
    url = f"http://127.0.0.1:{server.port}/?emailaddress=alice%2Bnews%40example.com"
    page.set_content(f'<a href="{url}">Set up your mail</a>')
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("link").click()
    page.locator(".for bdi", has_text="alice+news@example.com").wait_for()
    opened_details(page, OWN_PROFILE)
    assert page.locator("input[type=hidden][name=emailaddress]").input_value() == (
        "alice+news@example.com"
    )
    assert [one for one in asked if not one.startswith("data:")] == [url]


def test_other_device(opened: Opened) -> None:
    """A user chooses another device by a link, which stays in the next page."""
    page = opened(SHOWN, user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)")
    assert page.locator("main h2").first.inner_text() == "iPhone and iPad"
    page.get_by_role("link", name="Windows").click()
    page.get_by_role("link", name="Deutsch").click()
    page.locator(":lang(de) h1").wait_for()
    assert page.locator(".first h2").inner_text() == "Windows"


def test_copy(opened: Opened) -> None:
    """A button copies a value, and says so; without scripts, there is no such button."""
    page = opened(
        SHOWN, java_script_enabled=True, permissions=["clipboard-read", "clipboard-write"]
    )
    button = page.get_by_role("button", name="Copy: SMTP, Port")
    button.click()
    page.locator("#said", has_text="Copied").wait_for(state="attached")

    assert page.evaluate("navigator.clipboard.readText()") == "587"
    assert opened(SHOWN).get_by_role("button", name="Copy").count() == 0


def test_profile_with_a_name(opened: Opened) -> None:
    """The second form sends a profile with name and further addresses, without any script."""
    page = opened(SHOWN)
    opened_details(page, OWN_PROFILE)
    page.get_by_label("Your name").fill("Älice")
    page.get_by_label("Other addresses").fill("a@example.com\nb@example.com")
    answer, download, account = fetched(
        page, page.get_by_role("button", name="Get the profile").click
    )

    assert (answer.request.method, answer.headers["content-type"]) == ("GET", PROFILE_TYPE)
    assert download.suggested_filename == "example.com.mobileconfig"
    assert account["EmailAddress"] == f"{ADDRESS}, a@example.com, b@example.com"
    assert account["EmailAccountName"] == "Älice"


def test_profile_with_a_password(opened: Opened) -> None:
    """A password goes into the profile, in no URL, and is not in the code for phones."""
    page = opened(SHOWN, extra_http_headers=BY_HTTPS)
    opened_details(page, OWN_PROFILE)
    page.get_by_label("Your password").fill("s3cret")
    answer, download, account = fetched(
        page, page.get_by_role("button", name="Get the profile").click
    )

    assert (answer.request.method, answer.headers["content-type"]) == ("POST", PROFILE_TYPE)
    assert download.suggested_filename == "example.com.mobileconfig"
    assert account["IncomingPassword"] == "s3cret"
    assert "s3cret" not in answer.url


@pytest.mark.parametrize("tag", ["de", "ar"])
def test_language_of_the_browser(opened: Opened, tag: str) -> None:
    """A browser gets its own language, and the next page stays in it, chosen or not."""
    page = opened(locale=f"{tag}-CH")
    assert page.locator("h1").inner_text() == texts(tag)["title"]

    page = opened()
    page.get_by_role("link", name=texts(tag)["name"]).click()
    page.locator("#emailaddress").fill(ADDRESS)
    page.get_by_role("button", name=texts(tag)["continue"]).click()
    page.locator(".for").wait_for()
    assert page.locator("#by-hand-title").inner_text() == texts(tag)["by_hand"]


@pytest.mark.parametrize("tag", LANGUAGES.tags)
def test_narrow_screen(opened: Opened, tag: str) -> None:
    """On the narrowest phone no part of the page is beyond the edge (WCAG 2.2 s1.4.10)."""
    page = opened(
        java_script_enabled=True,
        viewport={"width": 320, "height": 600},
        extra_http_headers=BY_HTTPS,
    )
    for query in STATES.values():
        page.goto(f"/?lang={tag}&{query}")
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, query


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("tag", ["en", "ar"])
def test_nothing_is_cut_off(opened: Opened, tag: str, width: int) -> None:
    """Each value to type in by hand is completely visible, at every width."""
    page = opened(f"lang={tag}&{SHOWN}", viewport={"width": width, "height": 600})
    values = page.locator("dt, dd > span")
    # The user name; server, port and encryption of two services; the URL of two.
    assert values.count() == 2 * (1 + 2 * 3 + 2)
    texts_shown = page.locator("main").inner_text()
    for value in values.all():
        box = value.bounding_box()
        assert box is not None
        assert 0 <= box["x"] < box["x"] + box["width"] <= width
        assert value.inner_text() in texts_shown
    boxes = [card.bounding_box() for card in page.locator(".card").all()]
    assert max(box["width"] for box in boxes if box is not None) <= 44 * 16


def test_keyboard(opened: Opened) -> None:
    """The Tab key moves through the page from the top to its end, and Enter sends the form."""
    page = opened("device=mac", java_script_enabled=True)
    page.locator("#emailaddress").fill(ADDRESS)
    page.keyboard.press("Enter")
    page.locator(".for").wait_for()
    page.keyboard.press("Tab")
    passed = []
    for _ in range(100):
        passed.append(
            page.evaluate(
                "(({tagName, className, hreflang}) => hreflang || className || tagName)"
                "(document.activeElement)"
            )
        )
        page.keyboard.press("Tab")
        if passed[-1] == LANGUAGES.tags[-1]:
            break

    assert passed == [
        *["A"] * (2 + len(Device)),
        "button",
        *["SUMMARY"] * (len(Device) + 1),
        *["BUTTON"] * 7,  # the values to copy
        *["A"] * 4,  # the help
        *LANGUAGES.tags,
    ]


def test_focus_is_visible(opened: Opened) -> None:
    """What has the keyboard's focus has an outline (WCAG 2.2 s2.4.7)."""
    page = opened(f"device=mac&{SHOWN}")
    for place in (".button", "summary >> nth=0", ".devices a >> nth=0"):
        page.locator(place).focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert style == "solid", place


def test_print(opened: Opened) -> None:
    """A printed page has what users type in, and no buttons and other devices."""
    page = opened(f"device=mac&{SHOWN}")
    page.emulate_media(media="print")

    assert page.get_by_text("smtp.example.com").is_visible()
    assert page.locator(".code").first.is_visible()
    for hidden in (".devices", ".others", "footer", ".button"):
        assert not page.locator(hidden).is_visible(), hidden


@pytest.mark.parametrize(
    ("tag", "state", "scheme", "width"),
    [
        *(("en", state, "light", 1280) for state in STATES),
        *(("ar", state, "dark", 390) for state in STATES),
    ],
)
def test_accessible(opened: Opened, tag: str, state: str, scheme: str, width: int) -> None:
    """Axe finds no barrier in the page, in any state of the page, with all parts open."""
    page = opened(
        f"lang={tag}&device=windows&{STATES[state]}",
        java_script_enabled=True,
        color_scheme=scheme,
        viewport={"width": width, "height": 800},
        extra_http_headers=BY_HTTPS,
    )
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found = Axe().run(page)

    assert found.response["passes"]
    assert [one["id"] for one in found.response["violations"]] == [], found.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_camera_reads_the_code(opened: Opened, tmp_path: Path, scheme: str) -> None:
    """The codes are read from the screen: the URL of the profile, and the settings."""
    page = opened(SHOWN, color_scheme=scheme)
    picture = tmp_path / "code.png"
    read = []
    for name in ("code_apple", "code_android"):
        code = page.get_by_role("img", name=texts("en")[name].format(address=ADDRESS))
        code.screenshot(path=picture)
        command = [program("zbarimg"), "--quiet", "--raw", "--nodbus", f"{picture}"]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60, text=True)
        read.append(done.stdout.strip())

    profile, thunderbird = read
    assert profile == f"https://setup.example.com/mobileconfig?{SHOWN.replace('@', '%40')}"
    assert json.loads(thunderbird)[2][:3] == [
        0,
        "imap.mail-servers-of-a-long-name.example.com",
        993,
    ]


def test_page_loads_nothing_else(opened: Opened) -> None:
    """The browser loads nothing but the page, and the policy blocks nothing of the page."""
    page = opened(java_script_enabled=True)
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"/?{SHOWN}")
    page.wait_for_load_state("networkidle")

    assert [url for url in asked if not url.startswith("data:")] == [page.url]
    assert said == []
