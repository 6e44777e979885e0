"""Chromium without a window, from Debian's package `chromium-headless-shell`.

It is the same engine: tests/web/public/test_browser.py needs 24 s of CPU, and 65 s with `chromium`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, sync_playwright

from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.requirements import program

PATIENCE_MILLISECONDS: Final = 1000 * PATIENCE_SECONDS
# As root, the sandbox does not work; and a container's /dev/shm is small.
_FLAGS: Final = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser. Until it ends, no other event loop can run in this thread.

    Raises playwright.sync_api.TimeoutError if it does not start.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program("chromium-headless-shell"),
            args=list(_FLAGS),
            timeout=PATIENCE_MILLISECONDS,
        )
        try:
            yield browser
        finally:
            browser.close()
