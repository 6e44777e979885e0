"""The pictures of the setup page and the sign-in: `make docs` writes them with Debian's Chromium.

The same browser on another machine has other fonts, so that no test compares the pictures.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from playwright.sync_api import Browser, Error

from tests.docs.pages import ROOT, blocks
from tests.servers.chromium import chromium
from tests.servers.waypost import waypost
from tests.web.public.test_devices import IPHONE

PAGE: Final = ROOT / "docs" / "page.md"
SIGN_IN: Final = ROOT / "docs" / "setup-links.md"
FOLDER: Final = ROOT / "docs" / "pictures"
MAX_BYTES: Final = 60_000
LOGO: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><rect width="40" height="40" rx="10" \
fill="#7a1fa2"/><path d="M9 29V12l11 10 11-10v17" fill="none" stroke="#fff" stroke-width="4" \
stroke-linejoin="round" stroke-linecap="round"/></svg>
"""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: of a URL, in a window; `page` shows it.

    Attributes:
        user_agent: of the browser; None for Chromium's own.
    """

    name: str
    url: str
    width: int
    height: int
    scheme: Literal["light", "dark"]
    page: Path = PAGE
    user_agent: str | None = None


_ALICE: Final = "emailaddress=alice@modern.example"
PICTURES: Final = (
    Picture("page-iphone.png", f"/?device=iphone&{_ALICE}", 390, 720, "light"),
    Picture("page-windows.png", f"/?device=windows&{_ALICE}", 680, 640, "dark"),
    Picture("page-arabic.png", f"/?device=android&lang=ar&{_ALICE}", 390, 720, "dark"),
    Picture("sign-in.png", "/sign-in", 390, 960, "light", SIGN_IN, IPHONE),
)
_SETTINGS: Final = """\
public_url = "https://setup.modern.example"
sign_in = "imap"
sign_in_oidc_issuer = "https://login.modern.example"
sign_in_oidc_client_id = "waypost"
link_key = "the-key-of-the-pictures-with-32-characters"
"""
# As through a web server: the host name gives the brand.
_HEADERS: Final = {
    "X-Forwarded-For": "192.0.2.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "setup.modern.example",
}


def main() -> None:
    """Write the pictures; without Chromium, say so and leave them."""
    (example,) = (block for block in blocks(PAGE, "toml") if "[provider.page]" in block.text)
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "logo.svg").write_text(LOGO, encoding="utf-8")
        (folder / "providers.toml").write_text(example.text, encoding="utf-8")
        (folder / "waypost.toml").write_text(_SETTINGS, encoding="utf-8")
        providers = folder / "providers.toml"
        with waypost(folder, providers, proxies=1) as running, chromium() as browser:
            for picture in PICTURES:
                _take(browser, running.port, picture)


def _take(browser: Browser, port: int, picture: Picture) -> None:
    page = browser.new_page(
        base_url=f"http://127.0.0.1:{port}",
        viewport={"width": picture.width, "height": picture.height},
        color_scheme=picture.scheme,
        user_agent=picture.user_agent,
        extra_http_headers=_HEADERS,
    )
    page.goto(picture.url)
    page.screenshot(path=FOLDER / picture.name)
    page.close()


if __name__ == "__main__":
    try:
        main()
    except (Error, FileNotFoundError) as error:
        sys.stderr.write(f"docs/pictures is unchanged: {error}\n")
