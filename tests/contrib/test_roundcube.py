"""The plugin for Roundcube links to the setup page with the address of the person."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.app_passwords.dovecot import dovecot
from tests.contrib.files import CONTRIB
from tests.servers.accounts import folder_of
from tests.servers.nginx import listens
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.process import Process
from tests.servers.requirements import program, require
from tests.servers.waypost import environment_of, free_port
from tests.web.public.page import LANGUAGES, elements

pytestmark = pytest.mark.servers

PLUGIN: Final = CONTRIB / "roundcube" / "waypost_setup"
ROUNDCUBE: Final = Path("/usr/share/roundcube")
TABLES: Final = ROUNDCUBE / "SQL" / "sqlite.initial.sql"
NAME, PASSWORD = "alice@example.com", "s3cret"
SETUP_URL: Final = "https://setup.example.com/"
CONFIGURATION: Final = """\
<?php
$config['db_dsnw'] = 'sqlite:///{folder}/roundcube.sqlite?mode=0640';
$config['imap_host'] = '127.0.0.1:{imap_port}';
$config['des_key'] = 'a-key-of-24-characters!!';
$config['log_dir'] = $config['temp_dir'] = '{folder}';
$config['plugins'] = ['waypost_setup'];
$config['waypost_setup_url'] = '{url}';
"""


@pytest.fixture(name="client", scope="module")
def _client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
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
        text = CONFIGURATION.format(folder=folder, imap_port=imap_port, url=SETUP_URL)
        (folder / "config" / "config.inc.php").write_text(text, encoding="utf-8")
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
        yield client


def test_link_in_the_settings(client: httpx.Client) -> None:
    """The settings have a link, which opens the page with the address, in the whole window."""
    page = client.get("/?_task=settings").text
    (link,) = elements(page, "//a[contains(@href, '_action=plugin.waypost_setup')]")
    assert link.text_content() == "Set up a device"
    answer = client.get(link.attrib["href"])
    assert answer.status_code == 303
    url = urlsplit(answer.headers["location"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == SETUP_URL
    assert parse_qs(url.query) == {"emailaddress": [NAME]}


def test_languages() -> None:
    """The link has a text in each language of the setup page."""
    files = {path.stem.partition("_")[0] for path in (PLUGIN / "localization").iterdir()}
    assert files == set(LANGUAGES.tags)
