"""A directory whose library is not installed: all commands that can detect this report it."""

import sys
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Waypost
from tests.servers.waypost import waypost as running_waypost

LDAP = """
[[directory]]
name = "staff"
kind = "ldap"
urls = ["ldap://127.0.0.1:1"]
search_base = "dc=example,dc=com"
"""
SQL = """
[[directory]]
name = "staff"
kind = "sql"
uri = "postgresql+psycopg://alice:s3cret@127.0.0.1:1/mail"
query = "SELECT login FROM users WHERE address = :address"
"""
PROVIDER = """
[[provider]]
name = "Example Inc."
domains = ["example.com"]
directory = "staff"
services = [
  { type = "imap", host = "imap.example.com" },
  { type = "smtp", host = "smtp.example.com" },
]
"""
KINDS = {"ldap": (LDAP, "ldap", "the LDAP library"), "sql": (SQL, "psycopg", "the driver")}


@pytest.fixture(params=KINDS)
def said(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    home: Path,
    upgraded_database: None,  # noqa: ARG001 -- saves the time of an upgrade
) -> str:
    """Hide a library, and write a file that needs it; return the expected message."""
    text, module, said = KINDS[request.param]
    for name in [*sys.modules]:
        if name.partition(".")[0] in {module, "_ldap"} or name.startswith("waypost.directory.ldap"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    (home / "mail.toml").write_text(text + PROVIDER, encoding="utf-8")
    return said


@pytest.mark.parametrize("place", ["file", "database"])
def test_lint(waypost: Waypost, said: str, place: str) -> None:
    """`lint` prints the directory and the command that installs its library; exit code 1."""
    waypost("apply", "mail.toml")
    outcome = waypost("lint", *(["--providers", "mail.toml"] if place == "file" else []))

    assert outcome.code == 1
    assert "directory staff: " in outcome.err
    assert said in outcome.err
    assert "install" in outcome.err
    assert "s3cret" not in outcome.err


def test_commands_on_a_database(waypost: Waypost, said: str) -> None:
    """`apply`, `db upgrade` and `db check` print it; `db check` ends with exit code 1."""
    applied = waypost("apply", "mail.toml")
    upgraded = waypost("db", "upgrade")
    checked = waypost("db", "check")

    assert (applied.code, upgraded.code, checked.code) == (0, 0, 1)
    for outcome in (applied, upgraded, checked):
        assert said in outcome.err
        assert "no login name is looked up for its users" in outcome.err


def test_unused_directory(waypost: Waypost, home: Path, said: str) -> None:
    """A directory that no domain of a database uses has no effect."""
    assert said
    text = (home / "mail.toml").read_text(encoding="utf-8").replace('directory = "staff"\n', "")
    (home / "mail.toml").write_text(text, encoding="utf-8")
    waypost("apply", "mail.toml")

    assert waypost("db", "check").code == 0
    assert said not in waypost("db", "upgrade").err


@pytest.mark.parametrize("place", ["file", "database"])
def test_serve_refuses(waypost: Waypost, said: str, place: str) -> None:
    """`serve` does not start, and prints the library and the option to start without it."""
    waypost("apply", "mail.toml")
    source = ["--providers", "mail.toml"] if place == "file" else []
    outcome = waypost("serve", "--port", "0", "--admin-port", "0", *source)

    assert outcome.code == 2
    assert said in outcome.err
    assert "permit_missing_libraries = true" in outcome.err


def test_serve_starts_if_it_is_permitted(home: Path) -> None:
    """With permit_missing_libraries, `serve` starts, warns, and answers without the directory."""
    (home / "mail.toml").write_text(LDAP + PROVIDER, encoding="utf-8")
    # It comes before the installed library: `python -m` looks into its folder first.
    missing = "raise ModuleNotFoundError(\"No module named 'ldap'\", name='ldap')\n"
    (home / "ldap.py").write_text(missing, encoding="utf-8")
    (home / "waypost.toml").write_text("permit_missing_libraries = true\n", encoding="utf-8")
    with running_waypost(home, home / "mail.toml") as running:
        url = f"http://127.0.0.1:{running.port}/mail/config-v1.1.xml"
        answer = httpx.get(url, params={"emailaddress": "alice@example.com"})
        log = running.log.read_text(encoding="utf-8")

    assert answer.status_code == 200
    assert "<username>alice@example.com</username>" in answer.text
    assert "check the setup" in log
    assert "the LDAP library is not installed" in log
