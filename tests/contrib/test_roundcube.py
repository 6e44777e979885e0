"""The plugin for Roundcube links to the setup page with the address of the person."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

import httpx
import pytest

from tests.app_passwords.dovecot import dovecot
from tests.contrib.files import CONTRIB
from tests.servers.accounts import folder_of
from tests.servers.nginx import listens
from tests.servers.patience import PATIENCE_SECONDS, wait_for_log
from tests.servers.process import Process
from tests.servers.requirements import program, require
from tests.servers.waypost import environment_of, free_port
from tests.web.public.page import LANGUAGES, elements

pytestmark = pytest.mark.servers

PLUGIN: Final = CONTRIB / "roundcube" / "waypost_setup"
ROUNDCUBE: Final = Path("/usr/share/roundcube")
TABLES: Final = ROUNDCUBE / "SQL" / "sqlite.initial.sql"
NAME, PASSWORD = "alice@example.com", "s3cret"
SETTINGS: Final = "/?_task=settings"
LINK: Final = "//a[contains(@href, '_action=plugin.waypost_setup')]"
SETUP_URL: Final = "https://setup.example.com/"
CONFIGURATION: Final = """\
<?php
$config['db_dsnw'] = 'sqlite:///{folder}/roundcube.sqlite?mode=0640';
$config['imap_host'] = '127.0.0.1:{imap_port}';
$config['des_key'] = 'a-key-of-24-characters!!';
$config['log_dir'] = $config['temp_dir'] = '{folder}';
$config['plugins'] = ['waypost_setup'];
$config['waypost_setup_url'] = file_get_contents('{folder}/setup-url');
"""


@dataclass(frozen=True)
class Roundcube:
    """A running Roundcube, and a client that is logged in."""

    client: httpx.Client
    folder: Path

    def set_url(self, url: str) -> None:
        """Set the URL of the setup page in the configuration."""
        (self.folder / "setup-url").write_text(url, encoding="utf-8")

    def location(self, path: str) -> SplitResult:
        """Return where a path of Roundcube sends the browser."""
        answer = self.client.get(path)
        assert answer.status_code == 303
        return urlsplit(answer.headers["location"])


@pytest.fixture(name="roundcube", scope="module")
def _roundcube(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roundcube]:
    """Log in at Debian's Roundcube with the plugin, which asks Dovecot."""
    require(programs=["dovecot", "php"], files=[TABLES])
    folder = tmp_path_factory.mktemp("roundcube")
    for name in ("index.php", "program", "skins", "SQL"):
        (folder / name).symlink_to(ROUNDCUBE / name)
    for name in ("plugins", "config"):
        (folder / name).mkdir()
    for plugin in (PLUGIN, *(ROUNDCUBE / "plugins").iterdir()):
        (folder / "plugins" / plugin.name).symlink_to(plugin)
    (folder / "config" / "defaults.inc.php").symlink_to("/etc/roundcube/defaults.inc.php")
    with sqlite3.connect(folder / "roundcube.sqlite") as tables:
        tables.executescript(TABLES.read_text(encoding="utf-8"))
    tables.close()
    # Debian's Roundcube has another folder for its configuration.
    place = folder / "place.php"
    place.write_text(f"<?php define('INSTALL_PATH', '{folder}/');\n", encoding="utf-8")
    port = free_port()
    server = Process(
        [
            *(program("php"), "-d", f"auto_prepend_file={place}"),
            *("-S", f"127.0.0.1:{port}", "-t", f"{folder}"),
        ],
        log=folder / "php.log",
        environment=environment_of(folder),
        folder=folder,
    )
    with ExitStack() as running:
        # Dovecot does not run as root.
        users = Path(running.enter_context(folder_of(None))) / "users"
        users.write_text(f"{NAME}:{{PLAIN}}{PASSWORD}:::::\n", encoding="utf-8")
        passdb = f"passdb {{\n  driver = passwd-file\n  args = {users}\n}}"
        imap_port = running.enter_context(dovecot(passdb)).port
        text = CONFIGURATION.format(folder=folder, imap_port=imap_port)
        (folder / "config" / "config.inc.php").write_text(text, encoding="utf-8")
        (folder / "setup-url").write_text(SETUP_URL, encoding="utf-8")
        running.enter_context(server)
        server.wait_until(lambda: listens(port))
        client = running.enter_context(
            httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_SECONDS)
        )
        form = client.get("/?_task=login").text
        (token,) = set(re.findall(r'name="_token" value="([^"]+)"', form))
        fields = {"_token": token, "_task": "login", "_action": "login"}
        fields |= {"_user": NAME, "_pass": PASSWORD}
        answer = client.post("/?_task=login", data=fields)
        assert answer.status_code == 302, server.log.read_text(encoding="utf-8")
        yield Roundcube(client, folder)


def test_link_in_the_settings(roundcube: Roundcube) -> None:
    """The settings have a link, which opens the page with the address, in the whole window."""
    roundcube.set_url(SETUP_URL)
    page = roundcube.client.get(SETTINGS).text
    (link,) = elements(page, LINK)
    assert link.text_content() == "Set up a device"
    url = roundcube.location(link.attrib["href"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == SETUP_URL
    assert parse_qs(url.query) == {"emailaddress": [NAME]}


def test_url_with_a_query(roundcube: Roundcube) -> None:
    """A query of the configured URL is kept."""
    roundcube.set_url(f"{SETUP_URL}?lang=de")
    url = roundcube.location(f"{SETTINGS}&_action=plugin.waypost_setup")
    assert parse_qs(url.query) == {"lang": ["de"], "emailaddress": [NAME]}


def test_no_url(roundcube: Roundcube) -> None:
    """Without a URL the settings have no link, and the log names the option."""
    roundcube.set_url("")
    log = roundcube.folder / "errors.log"
    log.touch()
    page = roundcube.client.get(SETTINGS).text
    assert elements(page, "//a[contains(@href, '_action=preferences')]")
    assert not elements(page, LINK)
    wait_for_log(log, "waypost_setup_url is not set")
    answer = roundcube.client.get(f"{SETTINGS}&_action=plugin.waypost_setup")
    assert "location" not in answer.headers


def test_languages() -> None:
    """The link has a text in each language of the setup page."""
    files = {path.stem.partition("_")[0] for path in (PLUGIN / "localization").iterdir()}
    assert files == set(LANGUAGES.tags)
