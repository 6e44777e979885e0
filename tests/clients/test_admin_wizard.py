"""From the wizard of the admin pages to an account in Thunderbird."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.clients.thunderbird import Thunderbird, found, thunderbird, with_password
from tests.servers.authority import Authority
from tests.servers.chromium import PATIENCE_MILLISECONDS, chromium
from tests.servers.private_network import private_network
from tests.servers.requirements import require
from tests.web.admin.pages.running import RunningPages, running_pages

pytestmark = pytest.mark.clients


@pytest.fixture(name="pages", scope="module")
def _pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPages]:
    """Yield a Waypost on port 80 of a private network, where each name is this machine."""
    require(programs=["chromium-headless-shell", "thunderbird", "certutil"], private_network=True)
    with private_network(), running_pages(tmp_path_factory.mktemp("pages"), port=80) as running:
        yield running


@pytest.fixture(name="thunderbird_here", scope="module")
def _thunderbird_here(
    pages: RunningPages,  # noqa: ARG001 -- in whose network it is started
    authority: Authority,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Thunderbird]:
    folder = tmp_path_factory.mktemp("thunderbird")
    database = "http://127.0.0.1:1/v1.1/"
    with thunderbird(folder, authority=authority.certificate, database=database) as running:
        yield running


def _add_domain(page: Page, pages: RunningPages, domain: str) -> None:
    page.goto(pages.link())
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Add a domain").click()
    page.get_by_role("textbox", name="Domain").fill(domain)
    page.get_by_role("button", name="Search for mail servers").click()
    page.get_by_label("Provider: the name").fill("New Mail")
    for number, kind in enumerate(("imap", "smtp")):
        page.get_by_label("Host", exact=True).nth(number).fill(f"{kind}.{domain}")
    page.get_by_role("button", name="Create the domain").click()
    expect(page.get_by_text("Created.")).to_be_visible()


def test_wizard_brings_up_a_domain(pages: RunningPages, thunderbird_here: Thunderbird) -> None:
    """A domain that the wizard has created is set up by Thunderbird, a moment later."""
    address = "alice@wizard.example"
    with chromium() as browser:
        page = browser.new_page(locale="en-US")
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        _add_domain(page, pages, "wizard.example")
    account = found(thunderbird_here.set_up(address))
    assert account.source == "xml-from-isp-http"
    assert account.incoming == with_password("imap", "imap.wizard.example:993", "SSL", address)
    assert account.outgoing == with_password("smtp", "smtp.wizard.example:465", "SSL", address)
