"""`waypost directory`, and what directories change in `show` and `domain show`."""

import json
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Outcome, Waypost
from waypost.cli.directory.location import location_of
from waypost.core.model import Directory, LdapDirectory, LdapServer, Secret, SqlDirectory

SECRET = "hunter2"
ORDINARY = "the general answer, without data of the directory"
USERS = """address;login;display_name;mailHost;office
alice@example.com;u1001;"Alice Example; Ltd";mx2.example.com;2.01
bob@example.com;u1002;Bob;mx9.example.org;
carol@shown.example;u1003;Carol;;
"""
MAIL = """
[[ldapserver]]
id = 3
name = "ldap.example.com"
search_base = "dc=example,dc=com"
bind_user = "cn=waypost"
bind_password = "hunter2"

[[directory]]
name = "people"
kind = "file"
path = "users.csv"
[directory.attributes]
mailHost = { allowed = ["mx1.example.com", "mx2.example.com"], default = "mx1.example.com" }

[[directory]]
name = "staff"
kind = "sql"
uri = "postgresql://mail:hunter2@127.0.0.1:1/mail?sslpassword=hunter2"
query = "SELECT username AS login FROM mailbox WHERE username = :address"

[[directory]]
name = "corporation"
kind = "ldap"
urls = ["ldaps://127.0.0.1:1"]
search_base = "dc=example,dc=com"
bind_user = "cn=waypost"
bind_password = "hunter2"

[[provider]]
name = "Example Inc."
domains = [
  "example.com", "*.sub.example.com",
  { name = "strict.example", unknown_user = "decline" },
  { name = "shown.example", show_display_name = true },
]
directory = "people"
services = [
  { type = "imap", host = "%{mailHost}" },
  { type = "smtp", host = "smtp.example.com" },
]

[[provider]]
name = "Other"
domains = ["other.example", { name = "old.example", ldapserver = 3 }]
services = [
  { type = "imap", host = "imap.other.example" },
  { type = "smtp", host = "smtp.other.example" },
]
"""


@pytest.fixture(name="mail", params=["file", "database"])
def _mail(
    request: pytest.FixtureRequest, waypost: Waypost, home: Path, upgraded: Path
) -> list[str]:
    """Return the flags for a providers file, and for a database, with the domains above."""
    (home / "users.csv").write_text(USERS, encoding="utf-8")
    (home / "mail.toml").write_text(MAIL, encoding="utf-8")
    if request.param == "file":
        return ["--providers", "mail.toml"]
    # The path of the file of users is that of this test.
    shutil.copy(upgraded, home / "mail.sqlite")
    uri = "sqlite:///mail.sqlite"
    assert waypost("apply", "mail.toml", "--db-uri", uri).code == 0
    return ["--db-uri", uri]


def steps(outcome: Outcome) -> list[tuple[str, str]]:
    """Return the result and the name of each step that a command printed."""
    lines = outcome.out.partition("\n\n")[0].splitlines()
    return [(line.split()[0], line.split()[1]) for line in lines]


def test_list(waypost: Waypost, mail: list[str], home: Path) -> None:
    """Each directory is a line: name, kind, location, number of domains; without secrets."""
    outcome = waypost("directory", "list", *mail)
    assert (outcome.code, outcome.err) == (0, "")
    assert [re.split("  +", line) for line in outcome.out.splitlines()] == [
        ["ldapserver-3", "ldap", "ldaps://ldap.example.com:636", "1 domain"],
        ["people", "file", f"{home / 'users.csv'}", "4 domains"],
        ["staff", "sql", "postgresql://mail:***@127.0.0.1:1/mail", "0 domains"],
        ["corporation", "ldap", "ldaps://127.0.0.1:1", "0 domains"],
    ]


def test_list_for_scripts(waypost: Waypost, mail: list[str]) -> None:
    """The list as JSON has an object for each directory."""
    found = json.loads(waypost("directory", "list", *mail, "--json").out)
    assert [one["directory"] for one in found] == [
        *("ldapserver-3", "people", "staff", "corporation")
    ]
    assert found[2] == {
        "directory": "staff",
        "kind": "sql",
        "location": "postgresql://mail:***@127.0.0.1:1/mail",
        "domains": 0,
    }


def test_empty_list(waypost: Waypost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without directories, the list of a file is empty, and standard error says so."""
    monkeypatch.setenv("WAYPOST_DEMO", "1")
    outcome = waypost("directory", "list")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == "no directories in the providers file\n"


def test_pointers_of_a_database(waypost: Waypost, home: Path) -> None:
    """A domain with a directory of automx2 and one of Waypost counts only for that of Waypost."""
    (home / "users.csv").write_text(USERS, encoding="utf-8")
    (home / "mail.toml").write_text(MAIL, encoding="utf-8")
    assert waypost("apply", "mail.toml", "--db-uri", "sqlite:///mail.sqlite").code == 0
    connection = sqlite3.connect(home / "mail.sqlite")
    connection.execute("UPDATE domain SET ldapserver_id = 3")
    connection.commit()
    connection.close()
    outcome = waypost("directory", "list", "--db-uri", "sqlite:///mail.sqlite", "--json")
    counts = {one["directory"]: one["domains"] for one in json.loads(outcome.out)}
    assert counts == {"ldapserver-3": 2, "people": 4, "staff": 0, "corporation": 0}


def test_user_is_found(waypost: Waypost, mail: list[str]) -> None:
    """Each step is printed, and then what clients of the user receive."""
    outcome = waypost("directory", "test", "Alice@EXAMPLE.com", *mail)
    assert (outcome.code, outcome.err) == (0, "")
    names = ["domain", "file", "lines", "entry", "user", "answer"]
    assert steps(outcome) == [("ok", name) for name in names]
    assert (
        "example.com is served as example.com by Example Inc., with directory people"
        in (outcome.out.splitlines()[0])
    )
    assert outcome.out.partition("\n\n")[2].splitlines() == [
        "Clients of Alice@example.com receive:",
        "  login name    u1001",
        "  display name  Alice Example; Ltd (not shown: show_display_name is false)",
        "  %{mailHost}   mx2.example.com",
        f"  unknown_user  answer (unknown users receive {ORDINARY})",
    ]


def test_user_of_a_domain_that_shows_names(waypost: Waypost, mail: list[str]) -> None:
    """The output shows whether the name of a user is shown, and which values are defaults."""
    outcome = waypost("directory", "test", "carol@shown.example", *mail)
    assert "display name  Carol (shown: show_display_name is true)" in outcome.out
    assert "%{mailHost}   mx1.example.com (the default)" in outcome.out


UNKNOWN_USERS = [
    # address, what clients get
    ("zed@example.com", f"answer        {ORDINARY}"),
    ("zed@deep.sub.example.com", "unknown_user  answer"),
    ("zed@strict.example", "answer        no answer, as for a domain that is not served"),
    ("*@example.com", "unknown_user  answer"),
]


@pytest.mark.parametrize(("address", "said"), UNKNOWN_USERS)
def test_user_is_not_found(waypost: Waypost, mail: list[str], address: str, said: str) -> None:
    """An unknown user ends with exit code 1, and the output has what the user receives."""
    outcome = waypost("directory", "test", address, *mail)
    assert (outcome.code, outcome.err) == (1, "")
    assert steps(outcome)[-2:] == [("failed", "entry"), ("failed", "answer")]
    assert said in outcome.out


def test_sub_address(waypost: Waypost, mail: list[str], home: Path) -> None:
    """With subaddress_separators, the user of a sub-address is looked up and printed."""
    (home / "more.toml").write_text(
        MAIL.replace("[[provider]]", "[[provider]]\nsubaddress_separators = '+'", 1), "utf-8"
    )
    more = ["--providers", "more.toml"]
    if "--db-uri" in mail:
        assert "sub-address separators none become +" in waypost("apply", "more.toml", *mail).out
        more = mail
    outcome = waypost("directory", "test", "alice+shop@example.com", *more)
    assert outcome.code == 0
    assert "directory people; its user is alice@example.com" in outcome.out
    assert "Clients of alice+shop@example.com receive:\n  login name    u1001\n" in outcome.out
    shown = waypost("show", "autoconfig", "alice+shop@example.com", *more)
    assert "<username>u1001</username>" in shown.out
    assert "subaddress_separators +\n" in waypost("domain", "show", "example.com", *more).out
    assert 'subaddress_separators = "+"\n' in waypost("export", *more).out


def test_user_for_scripts(waypost: Waypost, mail: list[str]) -> None:
    """The lookup as JSON is one object with all steps and the user."""
    found = json.loads(waypost("directory", "test", "alice@example.com", *mail, "--json").out)
    assert list(found) == [*("address", "domain", "directory", "unknown_user", "steps", "user")]
    assert (found["domain"], found["directory"]) == ("example.com", "people")
    assert found["steps"][0]["details"] == {
        "pattern": "example.com",
        "provider": "Example Inc.",
        "directory": "people",
    }
    assert all(step["ok"] and step["milliseconds"] >= 0 for step in found["steps"])
    assert found["user"] == {
        "login_name": "u1001",
        "display_name": "Alice Example; Ltd",
        "display_name_shown": False,
        "attributes": {"mailHost": "mx2.example.com"},
    }


def test_unknown_user_for_scripts(waypost: Waypost, mail: list[str]) -> None:
    """In JSON, an unknown user is null, with the same exit code."""
    outcome = waypost("directory", "test", "zed@strict.example", *mail, "--json")
    found = json.loads(outcome.out)
    assert outcome.code == 1
    assert (found["user"], found["unknown_user"]) == (None, "decline")


ONE_LINE = [
    # address, what is said
    (
        "a@other.example",
        "other.example is served as other.example by Other, which has no directory",
    ),
    ("a@unserved.example", "unserved.example is not served here"),
]


@pytest.mark.parametrize(("address", "said"), ONE_LINE)
def test_domain_without_directory(
    waypost: Waypost, mail: list[str], address: str, said: str
) -> None:
    """A domain that is not served, or has no directory, is one line and exit code 1."""
    outcome = waypost("directory", "test", address, *mail)
    assert (outcome.code, outcome.err) == (1, "")
    assert outcome.out.count("\n") == 1
    assert outcome.out.startswith("failed")
    assert said in outcome.out
    found = json.loads(waypost("directory", "test", address, *mail, "--json").out)
    assert (found["directory"], found["user"], len(found["steps"])) == (None, None, 1)


def test_directory_by_name(waypost: Waypost, mail: list[str]) -> None:
    """The directory of --directory is asked, for any domain."""
    (home := Path("users.csv")).write_text(USERS + "dan@other.example;u4;;;\n", encoding="utf-8")
    assert home.exists()
    for address in ("alice@example.com", "dan@other.example"):
        outcome = waypost("directory", "test", address, "--directory", "people", *mail)
        assert (outcome.code, outcome.err) == (0, "")
    assert "asking people instead" in outcome.out
    heading = "With directory people, clients of dan@other.example would receive:"
    assert heading in outcome.out.splitlines()


WRONG = [
    # arguments, what is said
    (
        ["alice@example.com", "--directory", "peple"],
        "there is no directory 'peple'; did you mean people?",
    ),
    (["alice@example.com", "--directory", "x" * 200], "use one of ldapserver-3, people"),
    (["alice"], "the address has no @"),
    (["alice@a..b"], "the domain has an empty label"),
    (["@example.com"], "the part before the @ is empty"),
    ([], "Missing argument 'ADDRESS'"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG)
def test_wrong_use(waypost: Waypost, mail: list[str], arguments: list[str], said: str) -> None:
    """Wrong use ends with exit code 2, and the error has the known names."""
    outcome = waypost("directory", "test", *arguments, *mail)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert "Traceback" not in outcome.err


def test_no_directory_by_name(waypost: Waypost) -> None:
    """--directory without any directory is wrong use."""
    waypost("db", "upgrade")
    outcome = waypost("directory", "test", "a@x.example", "--directory", "people")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "error: --directory: no directory is configured\n"


def test_directory_with_mistakes(waypost: Waypost, mail: list[str], home: Path) -> None:
    """All mistakes of a file are printed, and clients receive the general answer."""
    (home / "users.csv").write_text("address,login\nx\ny\nz\n", encoding="utf-8")
    outcome = waypost("directory", "test", "alice@example.com", *mail)
    assert (outcome.code, outcome.err) == (1, "")
    assert "line 2: has 1 cell, but the header has 2 (and 2 more)" in outcome.out
    for line in (2, 3, 4):
        assert f"\n  {home / 'users.csv'}: line {line}: has 1 cell" in outcome.out
    assert "the general answer, without the directory, while it is unavailable" in outcome.out


@pytest.mark.parametrize("name", ["staff", "corporation", "ldapserver-3"])
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_secrets_stay_hidden(waypost: Waypost, mail: list[str], name: str, more: list[str]) -> None:
    """Neither the list nor a failed lookup shows a password."""
    listed = waypost("directory", "list", *mail, *more)
    asked = waypost("directory", "test", "a@example.com", "--directory", name, *mail, *more)
    assert (listed.code, asked.code) == (0, 1)
    assert SECRET not in listed.out + listed.err + asked.out + asked.err


def test_no_escape_sequences_on_a_terminal(waypost: Waypost, mail: list[str], home: Path) -> None:
    """Text of a directory has no effect on a terminal."""
    text = "address,login,display_name,a\u009b31m\nalice@example.com,u1,\u202eecilA,x\n"
    (home / "users.csv").write_text(text, encoding="utf-8")
    out = waypost("directory", "test", "alice@example.com", *mail).out
    assert "ecilA" in out
    assert all(char.isprintable() or char == "\n" for char in out)


PLACES: list[tuple[Directory, str]] = [
    (LdapServer(1, "h.example", 389, False, "", "(mail={0})", "uid"), "ldap://h.example:389"),
    (LdapServer(1, "2001:db8::1", 636, True, "", "(mail={0})", "uid"), "ldaps://[2001:db8::1]:636"),
    (LdapDirectory("a", ("ldaps://a", "ldapi://%2Frun"), ""), "ldaps://a, ldapi://%2Frun"),
    (LdapDirectory("a", (f"ldap://u:{SECRET}@a",), ""), "ldap://***@a"),
    (
        SqlDirectory("a", Secret(f"mysql://dom/mail:{SECRET}@db.example/mail")),
        "mysql://***@db.example/mail",
    ),
    (SqlDirectory("a", Secret(file="/etc/uri")), "URI in file /etc/uri"),
    (SqlDirectory("a", Secret(variable="MAIL_URI")), "URI in variable MAIL_URI"),
    (SqlDirectory("a", Secret()), "(no uri)"),
]


@pytest.mark.parametrize(("directory", "place"), PLACES)
def test_location(directory: Directory, place: str) -> None:
    """The location of a directory is printed in its usual form."""
    assert location_of(directory) == place
