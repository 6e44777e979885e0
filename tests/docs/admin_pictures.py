"""The pictures of docs/admin.md: `make docs` writes them with Debian's Chromium."""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx
from playwright.sync_api import Browser, Error

from tests.docs.page_pictures import FOLDER, Picture
from tests.servers.chromium import chromium
from tests.servers.patience import PATIENCE_SECONDS
from tests.web.admin.pages.running import RunningPages, running_pages
from waypost.web.admin.pages.traffic import SAMPLE_SECONDS

MAX_BYTES: Final = 80_000
PICTURES: Final = (
    Picture("admin-overview.png", "/admin/", 1100, 720, "light"),
    Picture("admin-domain.png", "/admin/domain?name=example.com", 900, 560, "light"),
    Picture("admin-edit.png", "/admin/domain/edit?name=example.com", 390, 720, "dark"),
    Picture("admin-dns.png", "/admin/domain/dns?name=example.com", 390, 720, "light"),
)
_REQUESTS: Final = (
    ("Thunderbird/140", "example.com", 12),
    ("k-9", "example.net", 5),
    ("FairEmail", "unserved.example", 3),
)


def main() -> None:
    """Write the pictures."""
    with TemporaryDirectory() as name, running_pages(Path(name)) as running:
        _send_requests(running)
        with chromium() as browser:
            for picture in PICTURES:
                _take(browser, running, picture)


def _send_requests(running: RunningPages) -> None:
    """Send requests as mail clients do, and wait until the overview counts them."""
    for agent, domain, count in _REQUESTS:
        url = f"http://127.0.0.1:{running.port}/mail/config-v1.1.xml?emailaddress=alice@{domain}"
        for _ in range(count):
            httpx.get(url, headers={"user-agent": agent}, timeout=PATIENCE_SECONDS)
    time.sleep(SAMPLE_SECONDS + 5)


def _take(browser: Browser, running: RunningPages, picture: Picture) -> None:
    window = browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme=picture.scheme,
        locale="en-US",
    )
    running.sign_in(window)
    page = window.new_page()
    page.goto(f"{running.url}{picture.url}")
    page.screenshot(path=FOLDER / picture.name)
    window.close()


if __name__ == "__main__":
    try:
        main()
    except (Error, FileNotFoundError) as error:
        sys.stderr.write(f"docs/pictures is unchanged: {error}\n")
