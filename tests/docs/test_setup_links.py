"""The page about setup links is correct: its commands, its settings and its messages."""

import json
import re
import tomllib
from pathlib import Path
from typing import Final

import pytest

from tests.docs.pages import ROOT, Block, blocks, commands
from tests.docs.test_api import Site
from tests.servers.requirements import require
from tests.setup_links.stored import KEY
from tests.web.asgi import settings
from waypost.app_passwords.messages import write_request
from waypost.cli.main import main
from waypost.setup_links.app_password import AppPasswordRequest

PAGE: Final = ROOT / "docs" / "setup-links.md"
KEYS: Final = {"link_key", "app_password_hook_key"}
TEXT: Final = PAGE.read_text(encoding="utf-8")


@pytest.mark.servers
def test_commands(tmp_path: Path) -> None:
    """The command and the request of the page each create a link, which the list then has."""
    require(programs=["curl"])
    site = Site(tmp_path)
    site.environment["WAYPOST_LINK_KEY"] = KEY
    create, request = (one for block in blocks(PAGE, "console") for one in commands(block))
    token = site.run("waypost token create --name panel --role write").stdout.strip()
    with site.serve() as port:
        own = request.replace("https://waypost-admin.example.com", f"http://127.0.0.1:{port}")
        made = site.run(f"{create}\nexport WAYPOST_TOKEN={token}\n{own}\necho\nwaypost link list")
    url, answer, *listed = made.stdout.splitlines()
    assert url.startswith("https://autodiscover.example.com/setup/#"), made.stderr
    link = json.loads(answer)
    for key in link:
        assert f"`{key}`" in TEXT
    assert link["qr"].startswith("data:image/svg+xml;base64,")
    assert [line.split()[1:4] for line in listed] == [["alice@example.com", "phone", "valid"]] * 2


def test_options(capsys: pytest.CaptureFixture[str]) -> None:
    """Each option in the table is one of `waypost link create`, and none is missing."""
    assert main(["link", "create", "--help"]) == 0
    shown = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out))
    table = TEXT.partition("| option |")[2].partition("\n\n")[0]
    named = set(re.findall(r"--[a-z][a-z-]+", table))
    of_the_database = {"--providers", "--demo", "--db-uri", "--url", "--token-file"}
    assert named == shown - of_the_database - {"--help", "--no-qr"}


@pytest.mark.parametrize("block", blocks(PAGE, "toml"), ids=lambda block: f"line {block.line}")
def test_settings(block: Block) -> None:
    """Each setting of the page exists, and is accepted with another key."""
    found = tomllib.loads(block.text)
    chosen = settings(**{"link_key": KEY, **found, **dict.fromkeys(KEYS & set(found), KEY)})
    for name in set(found) - KEYS:
        assert getattr(chosen, name)


def test_message() -> None:
    """The request to the operator's system is the one that Waypost sends."""
    (block,) = blocks(PAGE, "json")
    message = json.loads(block.text)
    request = AppPasswordRequest(*(message[key] for key in ("id", "address", "device", "name")))
    assert json.loads(write_request(message["action"], request)) == message
