"""What a client would receive, from the command line, with a directory of users."""

import json
import plistlib
from pathlib import Path

import pytest

from tests.cli.conftest import Waypost

MAIL = """
[[directory]]
name = "people"
kind = "file"
path = "users.csv"

[[provider]]
name = "Example Inc."
domains = [
  "example.com",
  { name = "strict.example", unknown_user = "decline" },
  { name = "shown.example", show_display_name = true },
]
directory = "people"
services = [
  { type = "imap", host = "imap.example.com" },
  { type = "smtp", host = "smtp.example.com" },
]
"""
USERS = """address,login,display_name
alice@example.com,u1001,Alice Example
alice@strict.example,u1002,Alice Strict
alice@shown.example,u1003,Alice Shown
"""
FORMATS = ["autoconfig", "autodiscover", "mobileconfig"]


@pytest.fixture(name="mail", autouse=True)
def _mail(home: Path) -> None:
    (home / "users.csv").write_text(USERS, encoding="utf-8")
    (home / "mail.toml").write_text(MAIL, encoding="utf-8")


@pytest.mark.parametrize("form", FORMATS)
def test_login_name(waypost: Waypost, form: str) -> None:
    """Every format has the login name of the directory, and the display name if it is shown."""
    outcome = waypost("show", form, "alice@example.com", "--providers", "mail.toml")
    assert (outcome.code, outcome.err) == (0, "")
    assert "u1001" in outcome.out
    assert "Alice Example" not in outcome.out
    shown = waypost("show", form, "alice@shown.example", "--providers", "mail.toml")
    assert "u1003" in shown.out
    assert ("Alice Shown" in shown.out) == (form != "autoconfig")


@pytest.mark.parametrize("form", FORMATS)
def test_unknown_user(waypost: Waypost, form: str) -> None:
    """An unknown user gets the general answer, or none if the domain declines."""
    ordinary = waypost("show", form, "zed@example.com", "--providers", "mail.toml")
    assert (ordinary.code, ordinary.err) == (0, "")
    assert ">zed@example.com<" in ordinary.out
    declined = waypost("show", form, "zed@strict.example", "--providers", "mail.toml")
    assert (declined.code, "zed@" in declined.out) == (1, False)
    assert ("<ErrorCode>500</ErrorCode>" in declined.out) is (form == "autodiscover")
    assert declined.err == "error: there are no settings for this address\n"


@pytest.mark.parametrize("form", FORMATS)
def test_directory_is_left_out(waypost: Waypost, form: str) -> None:
    """With --no-directory, no directory is asked, and no user is declined."""
    flags = ["--providers", "mail.toml", "--no-directory"]
    outcome = waypost("show", form, "zed@strict.example", *flags)
    assert (outcome.code, outcome.err) == (0, "")
    general = waypost("show", form, "alice@example.com", *flags)
    assert "u1001" not in general.out


@pytest.mark.parametrize("address", ["alice@example.com", "zed@strict.example"])
def test_directory_is_unavailable(waypost: Waypost, home: Path, address: str) -> None:
    """A directory that cannot be asked is one warning, together with the general answer."""
    (home / "users.csv").unlink()
    outcome = waypost("show", "autoconfig", address, "--providers", "mail.toml")
    assert outcome.code == 0
    assert f">{address}<" in outcome.out
    assert outcome.err == (
        f"warning: directory people: {home / 'users.csv'}: cannot be read: No such file or "
        "directory; this is the general answer\n"
    )


def test_directory_with_mistakes(waypost: Waypost, home: Path) -> None:
    """Many mistakes in a directory are one warning, and not part of the answer."""
    (home / "users.csv").write_text("address,login\nx\ny\n", encoding="utf-8")
    outcome = waypost("show", "autoconfig", "alice@example.com", "--providers", "mail.toml")
    assert outcome.out.startswith("<?xml")
    assert outcome.err.count("\n") == 1
    assert "users.csv: line 2: has 1 cell" in outcome.err


def test_display_name_option(waypost: Waypost) -> None:
    """A name on the command line is preferred to that of the directory."""
    flags = ["--providers", "mail.toml", "--name", "Given"]
    out = waypost("show", "mobileconfig", "alice@shown.example", *flags).out
    mail = plistlib.loads(out.encode())["PayloadContent"][0]
    assert mail["EmailAccountName"] == "Given"
    assert mail["IncomingMailServerUsername"] == "u1003"


def test_domain_alone_asks_no_directory(waypost: Waypost, home: Path) -> None:
    """For a domain without an address, no directory is asked."""
    (home / "users.csv").unlink()
    outcome = waypost("show", "autoconfig", "strict.example", "--providers", "mail.toml")
    assert (outcome.code, outcome.err) == (0, "")
    assert "%EMAILADDRESS%" in outcome.out


def test_domain_show(waypost: Waypost) -> None:
    """A domain is shown with its directory and with what unknown users receive."""
    outcome = waypost("domain", "show", "strict.example", "--providers", "mail.toml")
    assert outcome.out.splitlines()[:3] == [
        "strict.example is served as strict.example by Example Inc.",
        "directory people",
        "unknown_user decline, show_display_name false",
    ]
    outcome = waypost("domain", "show", "shown.example", "--providers", "mail.toml", "--json")
    found = json.loads(outcome.out)
    assert (found["directory"], found["unknown_user"]) == ("people", "answer")
    assert found["show_display_name"] is True
