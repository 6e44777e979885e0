"""A running server with a file as its directory."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.waypost import RunningWaypost, waypost

MAIL = """
[[directory]]
name = "people"
kind = "file"
path = "users.csv"
ttl_seconds = 0

[[provider]]
name = "Example Inc."
directory = "people"
domains = [
  "example.com",
  { name = "strict.example", unknown_user = "decline" },
]
services = [
  { type = "imap", host = "imap.example.com" },
  { type = "smtp", host = "smtp.example.com" },
]
"""
HEAD = "address,login\n"
USERS = HEAD + "alice@example.com,u1001\nalice@strict.example,u1002\n"
AUTODISCOVER = """<Autodiscover
  xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>
<EMailAddress>{}</EMailAddress></Request></Autodiscover>"""


@contextmanager
def serving(folder: Path) -> Iterator[RunningWaypost]:
    """Run a server for the domains above."""
    (folder / "mail.toml").write_text(MAIL, encoding="utf-8")
    (folder / "users.csv").write_text(USERS, encoding="utf-8")
    with waypost(folder, folder / "mail.toml") as running:
        yield running


def ask(running: RunningWaypost, form: str, address: str) -> httpx.Response:
    """Ask in one of the three formats."""
    url = f"http://127.0.0.1:{running.port}"
    if form == "autodiscover":
        body = AUTODISCOVER.format(address)
        return httpx.post(f"{url}/autodiscover/autodiscover.xml", content=body)
    path = {"autoconfig": "mail/config-v1.1.xml", "mobileconfig": "mobileconfig/"}[form]
    return httpx.get(f"{url}/{path}", params={"emailaddress": address})


def until(running: RunningWaypost, address: str, login: str | None) -> None:
    """Wait until the answer for a user has a login name, or is declined."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = ask(running, "autoconfig", address)
        declined = answer.status_code == 404
        if declined if login is None else f"<username>{login}<" in answer.text:
            return
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.05)


@pytest.mark.parametrize("form", ["autoconfig", "autodiscover", "mobileconfig"])
def test_login_name_in_each_format(tmp_path: Path, form: str) -> None:
    """Each format has the login name from the file, and the address for unknown users."""
    with serving(tmp_path) as running:
        known = ask(running, form, "Alice@Example.com")
        unknown = ask(running, form, "zed@example.com")
    assert known.status_code == unknown.status_code == 200
    assert ">u1001<" in known.text
    assert ">zed@example.com<" in unknown.text
    assert sorted(known.headers) == sorted(unknown.headers)


def test_changed_file_is_reloaded(tmp_path: Path) -> None:
    """Changes of the file have an effect; mistakes and its removal are logged only."""
    file = tmp_path / "users.csv"
    with serving(tmp_path) as running:
        until(running, "alice@strict.example", "u1002")
        until(running, "bob@strict.example", None)
        file.write_text(USERS + "bob@strict.example,u1003\n", encoding="utf-8")
        until(running, "bob@strict.example", "u1003")
        file.write_text(HEAD + "broken\n", encoding="utf-8")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while "directory file rejected" not in running.log.read_text():
            until(running, "bob@strict.example", "u1003")
            assert time.monotonic() < deadline
            time.sleep(0.05)
        file.unlink()
        until(running, "bob@strict.example", "u1003")
        (tmp_path / "new").write_text(USERS, encoding="utf-8")
        (tmp_path / "new").rename(file)
        until(running, "bob@strict.example", None)
        log = running.log.read_text()
    assert f"{file}: line 2: has 1 cell, but the header has 2" in log
    assert log.count("line 2: has 1 cell") == 1
    assert "bob" not in log
