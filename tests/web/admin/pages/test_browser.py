"""The admin pages in Debian's Chromium: in light and dark, narrow and wide, without scripts too."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.servers.chromium import PATIENCE_MILLISECONDS, chromium
from tests.servers.requirements import require
from tests.web.admin.pages.running import RunningPages, running_pages

pytestmark = pytest.mark.servers

PAGES = (
    "/admin/",
    "/admin/?period=week",
    "/admin/domains",
    "/admin/domains?q=nothing",
    "/admin/domain?name=example.com",
    "/admin/domain?name=*.example.edu",
    "/admin/domain/answer?name=example.com&address=alice@example.com&format=autoconfig",
    "/admin/domain/dns?name=example.com",
    "/admin/domain/checks?name=modern.example",
    "/admin/domain/history?name=example.com",
    "/admin/domain/edit?name=example.com",
    "/admin/domain/edit",
    "/admin/domain/delete?name=example.com",
    "/admin/wizard",
    "/admin/providers",
    "/admin/provider?name=Modern+Mail",
    "/admin/provider",
    "/admin/directories",
    "/admin/directory?kind=ldap",
    "/admin/tokens",
    "/admin/audit",
    "/admin/sessions",
    "/admin/nothing",
)
Look = tuple[Literal["light", "dark"], int]
"""A color scheme and a width."""
# What a page is opened with, what it changes to, whether scripts run; all four looks.
WINDOWS: tuple[tuple[Look, Look, bool], ...] = (
    (("light", 1280), ("dark", 1280), True),
    (("dark", 390), ("light", 390), False),
)


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPages]:
    require(programs=["chromium-headless-shell"])
    with running_pages(tmp_path_factory.mktemp("pages")) as running:
        yield running


@pytest.fixture(name="browser", scope="module")
def _browser(server: RunningPages) -> Iterator[Browser]:  # noqa: ARG001 -- it starts first
    with chromium() as running:
        yield running


@pytest.fixture(name="signed_in", scope="module")
def _signed_in(browser: Browser, server: RunningPages) -> Any:
    window = browser.new_context(java_script_enabled=False)
    server.sign_in(window)
    state = window.storage_state()
    window.close()
    return state


def _window(browser: Browser, state: Any, **options: Any) -> BrowserContext:
    window = browser.new_context(storage_state=state, locale="en-US", **options)
    window.set_default_timeout(PATIENCE_MILLISECONDS)
    return window


def _problems(page: Page, path: str, look: Look, *, is_complete: bool) -> list[tuple[str, ...]]:
    """Return what is wrong with an open page in a look.

    Args:
        page: with the script of axe; is changed to the look.
        path: of the page.
        look: the look.
        is_complete: whether axe checks everything, and not only colors.
    """
    scheme, width = look
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    problems: list[tuple[str, ...]] = []
    shown = f"{path} {scheme} {width}"
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        problems.append((shown, "wider than the window"))
    options = {} if is_complete else {"runOnly": ["color-contrast"]}
    found = page.evaluate("options => axe.run(options)", {"resultTypes": ["violations"]} | options)
    violations = found["violations"]
    return problems + [(shown, one["id"], one["nodes"][0]["html"][:200]) for one in violations]


@pytest.mark.parametrize(("first", "second", "has_scripts"), WINDOWS)
def test_every_page(
    browser: Browser,
    server: RunningPages,
    signed_in: Any,
    first: Look,
    second: Look,
    has_scripts: bool,
) -> None:
    """Every page is accessible by axe, fits each window, and breaks no rule of its policy."""
    window = _window(browser, signed_in)
    if not has_scripts:  # axe itself is a script, so that only the page's own is missing.
        window.route("**/script.*.js", lambda route: route.abort())
    page = window.new_page()
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(f"{error}"))
    problems: list[tuple[str, ...]] = []
    for path in PAGES:
        page.goto(f"{server.url}{path}")
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        page.evaluate(Axe().axe_script)
        # Only colors differ by the scheme.
        problems += _problems(page, path, first, is_complete=has_scripts)
        problems += _problems(page, path, second, is_complete=False)
    window.close()
    assert problems == []
    assert [text for text in messages if not text.startswith("Failed to load resource")] == []


def test_search_as_you_type(browser: Browser, server: RunningPages, signed_in: Any) -> None:
    """Results follow the typed letters; the URL keeps the search, and the keyboard stays there."""
    window = _window(browser, signed_in)
    page = window.new_page()
    page.goto(f"{server.url}/admin/domains")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.get_by_label("Name begins with").press_sequentially("mod")
    page.wait_for_url("**/admin/domains?q=mod&**")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_role("link", name="modern.example")).to_be_visible()
    expect(page.get_by_label("Name begins with")).to_be_focused()
    window.close()


def test_times_have_a_zone(browser: Browser, server: RunningPages, signed_in: Any) -> None:
    """Times are in the zone of the browser with its name, and without scripts in UTC."""
    for zone, has_scripts, shown in (("Asia/Kolkata", True, "GMT+5:30"), ("UTC", False, "UTC")):
        window = _window(browser, signed_in, timezone_id=zone, java_script_enabled=has_scripts)
        page = window.new_page()
        page.goto(f"{server.url}/admin/")
        times = page.locator("time").all_text_contents()
        assert times
        assert [text for text in times if not text.endswith(shown)] == []
        expect(page.locator("[data-zone]")).to_have_text(shown)
        labels = page.locator("svg [data-time]").all_text_contents()
        assert {text[2:5] for text in labels} == {":30" if has_scripts else ":00"}
        window.close()


def test_conflict_without_scripts(browser: Browser, server: RunningPages, signed_in: Any) -> None:
    """Of two people who edit a domain, the second one sees both versions, and keeps one."""
    window = _window(browser, signed_in, java_script_enabled=False)
    first, second = window.new_page(), window.new_page()
    for page in (first, second):
        page.goto(f"{server.url}/admin/domain/edit?name=example.net")
    for page, host in ((first, "one.example.net"), (second, "two.example.net")):
        page.get_by_label("Host", exact=True).first.fill(host)
        page.get_by_role("button", name="Save").click()
    expect(first.get_by_text("Saved.")).to_be_visible()
    expect(second.get_by_role("alert")).to_contain_text("one.example.net")
    second.get_by_role("button", name="Replace with my version").click()
    expect(second.get_by_role("cell", name="two.example.net")).to_be_visible()
    second.get_by_role("button", name="Undo").click()
    second.goto(f"{server.url}/admin/domain?name=example.net")
    expect(second.get_by_role("cell", name="one.example.net")).to_be_visible()
    window.close()


def test_provider_without_scripts(
    browser: Browser, server: RunningPages, signed_in: Any, tmp_path: Path
) -> None:
    """A provider gets its color, logo and texts by plain forms, and its users see them."""
    (tmp_path / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', "utf-8")
    window = _window(browser, signed_in, java_script_enabled=False)
    page = window.new_page()
    page.goto(f"{server.url}/admin/provider?name=Example+Inc.")
    page.get_by_label("Color of buttons and links").fill("#7a1fa2")
    page.get_by_label("Logo", exact=True).set_input_files(tmp_path / "logo.svg")
    welcome = page.get_by_role("group", name="Welcome text")
    welcome.get_by_label("Text").fill("Two minutes.")
    welcome.get_by_role("button", name="Add a language").click()
    welcome.get_by_label("Language").nth(1).fill("de")
    welcome.get_by_label("Text").nth(1).fill("Zwei Minuten.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="This also changes other entries")).to_be_visible()
    page.get_by_role("button", name="Change all of them").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_role("img", name="The present logo")).to_be_visible()
    window.close()


def test_color_chooser(browser: Browser, server: RunningPages, signed_in: Any) -> None:
    """With scripts, a color can be chosen, and the chooser follows what is typed."""
    window = _window(browser, signed_in)
    page = window.new_page()
    page.goto(f"{server.url}/admin/provider")
    text, chooser = page.get_by_label("Color of buttons"), page.get_by_label("Choose the color")
    text.fill("#0aF")
    expect(chooser).to_have_value("#00aaff")
    chooser.fill("#123456")
    expect(text).to_have_value("#123456")
    window.close()


def test_wizard_without_scripts(browser: Browser, server: RunningPages, signed_in: Any) -> None:
    """From the name of a domain to its DNS records, with a new provider, and at once served."""
    window = _window(browser, signed_in, java_script_enabled=False)
    page = window.new_page()
    page.goto(f"{server.url}/admin/wizard")
    page.get_by_role("textbox", name="Domain").fill("new.test")
    page.get_by_label("public database").uncheck()
    page.get_by_role("button", name="Search for mail servers").click()
    page.get_by_label("Provider: the name").fill("New Mail")
    hosts = page.get_by_label("Host", exact=True)
    hosts.nth(0).fill("imap.new.test")
    hosts.nth(1).fill("smtp.new.test")
    page.get_by_role("button", name="Create the domain").click()
    expect(page.get_by_text("Created.")).to_be_visible()
    expect(page.get_by_text("_imaps._tcp.new.test").first).to_be_visible()
    page.get_by_role("link", name="Clients").click()
    expect(page.get_by_role("heading", name="Thunderbird works")).to_be_visible()
    window.close()


def test_signed_out_everywhere(browser: Browser, server: RunningPages) -> None:
    """After a sign-out everywhere, another window of the same person must sign in again."""
    windows = [browser.new_context(java_script_enabled=False) for _ in range(2)]
    for window in windows:
        server.sign_in(window)
    page, stolen = (window.new_page() for window in windows)
    page.goto(f"{server.url}/admin/sessions")
    page.get_by_role("button", name="Sign out everywhere").click()
    stolen.goto(f"{server.url}/admin/domains")
    expect(stolen.get_by_role("heading", name="Sign in")).to_be_visible()
    for window in windows:
        window.close()


def test_no_request_leaves_this_machine(
    browser: Browser, server: RunningPages, signed_in: Any
) -> None:
    """The pages load nothing from other servers, and scripts in a name do not run."""
    window = _window(browser, signed_in)
    page = window.new_page()
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    for path in ("/admin/", "/admin/domain?name=example.com"):
        page.goto(f"{server.url}{path}")
    assert urls
    assert all(url.startswith(f"{server.url}/admin/") for url in urls)
    window.close()
