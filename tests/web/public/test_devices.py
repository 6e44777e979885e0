"""The setup page begins with the user's device."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.asgi import Client
from tests.web.public.page import elements, texts
from waypost.providers_file.load import read_providers
from waypost.web.public.page.devices import GUIDES, Device, chosen_device, device_of

SHOWN = "emailaddress=alice@example.com"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit Chrome Edg"
ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit Chrome Mobile"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit Safari"
# As the browsers send it; the numbers of versions are left out.
USER_AGENTS = [
    (IPHONE, "iphone"),
    ("Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit", "iphone"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit Safari", "mac"),
    (ANDROID, "android"),
    ("Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko Firefox", "android"),
    (WINDOWS, "windows"),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko Firefox", "linux"),
    ("Mozilla/5.0 (X11; FreeBSD amd64) Gecko Firefox", "linux"),
    ("curl/8", None),
    ("", None),
    ("x" * 2000 + "iPhone", None),
]


@pytest.mark.parametrize(("user_agent", "device"), USER_AGENTS)
def test_user_agent(client: Client, user_agent: str, device: str | None) -> None:
    """The device of the browser is first, and all others are closed below."""
    assert device_of(user_agent) == device
    text = client.get("/", query=SHOWN, headers={"User-Agent": user_agent}).text
    current = elements(text, "//main/nav//a[@aria-current]")

    assert [one.attrib["href"].partition("device=")[2].partition("&")[0] for one in current] == (
        [] if device is None else [device]
    )
    assert len(elements(text, "//section[contains(@class, 'first')]")) == (device is not None)
    assert not elements(text, "//details[@open]")
    # All guides, except the first one, and the form for a profile.
    closed = elements(text, "//details[@class='card']")
    assert len(closed) == len(GUIDES) + 1 - (device is not None)


@pytest.mark.parametrize("device", list(Device))
def test_choice(client: Client, device: Device) -> None:
    """A link of the page chooses another device, for any browser and without a script."""
    text = client.get("/", query=SHOWN, headers={"User-Agent": "iPhone"}).text
    links = {one.attrib["href"] for one in elements(text, "//main/nav//a")}
    link = f"/?device={device}&emailaddress=alice%40example.com"
    assert link in links

    chosen = client.get(link, headers={"User-Agent": "iPhone"}).text
    (current,) = elements(chosen, "//main/nav//a[@aria-current]")
    assert current.attrib["href"] == link


@pytest.mark.parametrize("device", list(Device))
def test_one_highlighted_button(client: Client, device: Device) -> None:
    """The page highlights one button: what this device should do."""
    text = client.get("/", query=f"{SHOWN}&device={device}").text
    (button,) = elements(text, "//*[@class='button']")

    is_apple = device in {Device.IPHONE, Device.MAC}
    assert button.text == texts("en")["get_profile" if is_apple else "get_thunderbird"]
    assert button.attrib["href"].startswith(
        "/mobileconfig?emailaddress=" if is_apple else "https://www.thunderbird.net/"
    )


def test_new_outlook(client: Client) -> None:
    """Users of Windows read what the new Outlook does with their password."""
    text = client.get("/", query=f"{SHOWN}&device=windows").text
    first = elements(text, "//section[contains(@class, 'first')]")[0].text_content()

    assert texts("en")["new_outlook_1"] in first


PROVIDERS = """\
[[provider]]
name = "X"
domains = ["example.com"]
services = [
  {{ type = "imap", host = "imap.example.com" }},
  {{ type = "smtp", host = "smtp.example.com" }},
{0}]
"""
DAV = '  { type = "caldav", url = "https://dav.example.com/" },\n'


@pytest.mark.parametrize(
    ("device", "text"), [("android", "dav_android"), ("linux", "dav_thunderbird")]
)
def test_calendars(device: str, text: str) -> None:
    """How to add calendars and address books is shown if the provider has some."""
    for services in ("", DAV):
        file = PROVIDERS.format(services)
        client = Client(read_providers(file, name="x", format="toml").catalog)
        page = client.get("/", query=f"{SHOWN}&device={device}").text
        client.close()
        assert (texts("en")[text] in page) == bool(services)


@pytest.mark.parametrize("chosen", ["", "nokia", "MAC/../", "x" * 100])
def test_unknown_choice(client: Client, chosen: str) -> None:
    """An unknown device is ignored."""
    assert chosen_device(chosen) is None
    text = client.get("/", query=f"{SHOWN}&device={chosen}", headers={"User-Agent": "iPad"}).text
    (current,) = elements(text, "//main/nav//a[@aria-current]")
    assert "device=iphone" in current.attrib["href"]


@pytest.mark.parametrize("user_agent", ["iPhone", "Windows NT 10.0"])
def test_caches(client: Client, user_agent: str) -> None:
    """No cache gives the page of one device to another one."""
    answer = client.get("/", query=SHOWN, headers={"User-Agent": user_agent})
    assert "user-agent" in answer.headers["vary"]
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "etag" not in answer.headers


def test_each_step_has_a_text() -> None:
    """Every text of a guide exists."""
    keys = {
        key
        for guide in GUIDES
        for key in (guide.title, guide.action, *(one.title for one in guide.programs))
        if key is not None
    }
    keys |= {step.text for guide in GUIDES for one in guide.programs for step in one.steps}
    assert keys <= texts("en").keys()
    assert all((guide.name is None) != (guide.title is None) for guide in GUIDES)


@given(st.text())
def test_any_text(text: str) -> None:
    """Any User-Agent and any choice is a device or none."""
    assert device_of(text) in {*Device, None}
    assert chosen_device(text) in {*Device, None}
