"""`waypost link`."""

import io
import json
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Waypost
from waypost.setup_links.keys import LinkKeys
from waypost.setup_links.links import SetupLinks
from waypost.setup_links.token import token_of

KEY = "k" * 40
PASSWORD = "correct horse battery"
PROVIDERS = """\
[[provider]]
name = "Example Inc."
domains = ["example.com"]
services = [{ type = "imap", host = "imap.example.com" }]
"""
WRONG = [
    # arguments, what the error says
    (["create", "alice@example.com", "--expires", "soon"], "--expires: soon: must be a number"),
    (["create", "alice@example.com", "--expires", "91d"], "expires: must be from 1 second"),
    (["create", "alice@example.com", "--uses", "0"], "uses: must be from 1 to 100"),
    (["create", "alice@example.com", "--alias", "bob"], "alias: "),
    (["create", "alice@example.com", "--name", "a\tb"], "name: contains a control character"),
    (
        ["create", "example.com"],
        "example.com: a setup link needs an address",
    ),
    (["revoke", "zz"], "ID: 'zz' is not a number; use one of `waypost link list`"),
    (["revoke", "9" * 4400], "' is not a number; use one of `waypost link list`"),
    (["create", "alice@example.com", "--app-password-file", "/none"], "--app-password-file: /none"),
    (["create", "alice@example.com", "--qr-file", "link.jpg"], "must end in .svg or .png"),
]


@pytest.fixture(name="key", autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    assert home.is_dir()
    monkeypatch.setenv("WAYPOST_LINK_KEY", KEY)


@pytest.fixture(name="filled")
def _filled(upgraded_database: None, waypost: Waypost, home: Path) -> None:  # noqa: ARG001 -- its order
    (home / "mail.toml").write_text(PROVIDERS, encoding="utf-8")
    assert waypost("apply", "mail.toml").code == 0


@pytest.mark.usefixtures("filled")
def test_one_link(waypost: Waypost, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link is created with a password from standard input, listed without it, and revoked."""
    standard_input = io.TextIOWrapper(io.BytesIO(f"{PASSWORD}\n".encode()))
    monkeypatch.setattr(sys, "stdin", standard_input)
    options = ["--name", "Alice", "--device", "phone", "--alias", "a@example.com"]
    options += ["--app-password-file", "-", "--qr-file", "code.svg"]
    done = waypost("link", "create", "alice@example.com", *options)
    assert (done.code, done.out.count("\n")) == (0, 1)
    assert done.out.startswith("https://autodiscover.example.com/setup/#")
    assert done.err.startswith("link 1: for one device, until ")
    image = home / "code.svg"
    assert (image.stat().st_mode & 0o777, image.read_bytes()[:5]) == (0o600, b"<?xml")
    again = waypost("link", "create", "alice@example.com", "--qr-file", "code.svg")
    assert "code.svg: exists; use another name" in again.err

    shown = waypost("link", "list")
    assert "alice@example.com  phone  valid (1 use)" in shown.out
    (link, *_) = reversed(json.loads(waypost("link", "list", "--json").out))
    assert (link["name"], link["aliases"], link["has_password"]) == (
        "Alice",
        ["a@example.com"],
        True,
    )
    token = token_of(done.out)
    stored = home.joinpath(".local/state/waypost/waypost.sqlite").read_bytes()
    for output in (shown.out, json.dumps(link), stored.decode("latin-1")):
        assert token not in output
        assert PASSWORD not in output

    assert waypost("link", "revoke", "1").out == "link 1 is revoked\n"
    missing = waypost("link", "revoke", "1")
    assert (missing.code, missing.err) == (1, "error: there is no setup link 1\n")


@pytest.mark.usefixtures("filled")
def test_json(waypost: Waypost) -> None:
    """A script gets the link, its number and its end."""
    options = ["--uses", "3", "--expires", "30m", "--json"]
    done = waypost("link", "create", "alice@example.com", *options)
    link = json.loads(done.out)
    assert list(link) == ["url", "id", "address", "expires", "uses"]
    assert (link["id"], link["uses"]) == (1, 3)
    assert waypost("link", "list").out.split()[3:6] == ["valid", "(3", "uses)"]


def test_without_a_database(waypost: Waypost, home: Path) -> None:
    """Without a database the link is a signed token, and the command says what that means."""
    (home / "mail.toml").write_text(PROVIDERS, encoding="utf-8")
    done = waypost("link", "create", "alice@example.com", "--providers", "mail.toml", "--qr")
    url, code = done.out.split("\n", 1)
    assert "█" in code
    assert "any number of devices can use it until" in done.err
    opened = SetupLinks(None, LinkKeys([KEY])).open(token_of(url))
    assert str(opened.target.address) == "alice@example.com"
    for more in (["--uses", "2"], ["--app-password-file", "mail.toml"]):
        refused = waypost("link", "create", "alice@example.com", "--providers", "mail.toml", *more)
        assert refused.code == 2


def test_public_url(waypost: Waypost, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `public_url`, all links begin with it."""
    monkeypatch.setenv("WAYPOST_PUBLIC_URL", "https://setup.example.net")
    done = waypost("link", "create", "alice@example.com", "--demo")
    assert done.out.startswith("https://setup.example.net/setup/#")


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(("arguments", "problem"), WRONG)
def test_wrong_use(waypost: Waypost, arguments: list[str], problem: str) -> None:
    """A mistake names the option, and no link is created."""
    done = waypost("link", *arguments)
    assert (done.code, done.out) == (2, "")
    assert problem in done.err
    assert json.loads(waypost("link", "list", "--json").out) == []


@pytest.mark.usefixtures("filled")
def test_domain_that_is_not_served(waypost: Waypost) -> None:
    """A link for a domain that is not served would show nothing, so it is not created."""
    done = waypost("link", "create", "alice@example.org")
    assert (done.code, done.err) == (1, "error: example.org is not served here\n")


def test_disabled(waypost: Waypost, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Without a key the error says how to get one; a bad key file is named, and not shown."""
    monkeypatch.delenv("WAYPOST_LINK_KEY")
    done = waypost("link", "create", "alice@example.com", "--demo")
    assert (done.code, "link_key: is not set" in done.err) == (2, True)
    path = home / "link.key"
    monkeypatch.setenv("WAYPOST_LINK_KEY_FILE", f"{path}")
    for content, mode, problem in [
        (None, 0, "cannot be read: No such file or directory"),
        (b"", 0o600, "must contain one key on each line"),
        (b"short-key\n", 0o600, "each key must have at least 32 characters"),
        (KEY.encode(), 0o640, "others may read or write it; run chmod 600"),
        (b"\xff" * 40, 0o600, "byte 0 is not ASCII"),
    ]:
        if content is not None:
            path.write_bytes(content)
            path.chmod(mode)
        done = waypost("link", "create", "alice@example.com", "--demo")
        assert (done.code, problem in done.err, "short-key" in done.err) == (2, True, False)
    path.write_text(f"{'n' * 40}\n{KEY}\n", encoding="utf-8")
    path.chmod(0o600)
    assert waypost("link", "create", "alice@example.com", "--demo").code == 0
