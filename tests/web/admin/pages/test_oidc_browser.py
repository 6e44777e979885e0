"""Sign-in at a real OpenID provider, in a real browser, with real redirects between two sites."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.servers.chromium import PATIENCE_MILLISECONDS, chromium
from tests.servers.nginx import listens
from tests.servers.patience import wait_for_log
from tests.servers.process import Process
from tests.servers.requirements import require
from tests.servers.waypost import RunningWaypost, free_port, waypost

pytestmark = pytest.mark.servers

PROVIDERS = """\
[[provider]]
name = "Example Inc."
domains = ["example.com"]
services = [{ type = "imap", host = "imap.example.com" }]
"""
SETTINGS = """\
db_uri = "sqlite:///{folder}/waypost.sqlite"
oidc_issuer = "http://localhost:{port}"
oidc_client_id = "waypost"
oidc_client_secret = "secret-of-waypost"
oidc_roles = {{ mail-admins = "write", helpdesk = "read *.example.net" }}
"""
PEOPLE = [
    {"sub": "a1", "preferred_username": "ada", "groups": ["staff", "mail-admins"]},
    {"sub": "b2", "preferred_username": "bob", "groups": ["helpdesk"]},
    {"sub": "c3", "preferred_username": "cyd", "groups": ["staff"]},
]


@pytest.fixture(name="server", scope="module")
def _server(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWaypost]:
    """Run a provider at localhost, and Waypost at 127.0.0.1: two sites for a browser."""
    require(programs=["chromium-headless-shell"])
    folder, port = tmp_path_factory.mktemp("oidc"), free_port()
    shutil.copy(sample, folder / "waypost.sqlite")
    (folder / "providers.toml").write_text(PROVIDERS, encoding="utf-8")
    (folder / "waypost.toml").write_text(SETTINGS.format(folder=folder, port=port))
    people = [part for one in PEOPLE for part in ("--user-claims", json.dumps(one))]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", f"{port}", "--require-nonce"]
    provider = Process([*command, *people], log=folder / "provider.log", environment=os.environ)
    with provider:
        provider.wait_until(lambda: listens(port))
        with waypost(folder, folder / "providers.toml", admin_port=free_port()) as running:
            yield running


@pytest.fixture(name="browser", scope="module")
def _browser(server: RunningWaypost) -> Iterator[Browser]:  # noqa: ARG001 -- checks for Chromium
    with chromium() as running:
        yield running


@pytest.fixture(name="page")
def _page(browser: Browser, server: RunningWaypost) -> Iterator[Page]:
    """Yield a new window without scripts and cookies, at the sign-in page."""
    window = browser.new_context(
        base_url=f"http://127.0.0.1:{server.admin_port}", java_script_enabled=False
    )
    window.set_default_timeout(PATIENCE_MILLISECONDS)
    page = window.new_page()
    page.goto("/admin/")
    yield page
    window.close()


def choose(page: Page, person: str) -> None:
    """Go to the provider, and sign in there as a person."""
    page.get_by_role("link", name="Sign in with localhost").click()
    page.get_by_role("button", name=person, exact=True).click()


def test_sign_in_and_out(page: Page) -> None:
    """A person of a group with a role comes back signed in, and signs out."""
    choose(page, "a1")
    page.get_by_role("link", name="ada (a1)").wait_for()
    assert page.url.endswith("/admin/")
    assert page.get_by_role("link", name="Tokens").count() == 1
    cookies = {one["name"]: one for one in page.context.cookies()}
    assert set(cookies) == {"__Host-waypost-session"}
    page.reload()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_text("You are signed out.").wait_for()
    page.goto("/admin/domains")
    assert page.url.endswith("/admin/sign-in")


def test_group_with_a_smaller_role(page: Page) -> None:
    """A person of another group sees only what the role of that group allows."""
    choose(page, "b2")
    page.get_by_role("link", name="bob (b2)").wait_for()
    assert page.get_by_role("link", name="Tokens").count() == 0
    page.goto("/admin/domains")
    assert "example.com" not in page.get_by_role("main").inner_text()


def test_refused_person(page: Page, server: RunningWaypost) -> None:
    """A person without a role gets a page with the reason, and the log has no secret."""
    choose(page, "c3")
    page.get_by_text("none of your groups may use Waypost").wait_for()
    assert page.context.cookies() == []
    log = wait_for_log(server.log, "no_role")
    assert "none of 1 groups is in oidc_roles" in log
    for secret in ("secret-of-waypost", "cyd", "code=", "eyJ"):
        assert secret not in log
