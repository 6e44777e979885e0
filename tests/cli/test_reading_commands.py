"""Commands that only read: domains, database, settings, export."""

import json
import sqlite3
import tomllib
from pathlib import Path

import pytest

from tests.cli.conftest import Waypost
from waypost.settings import options
from waypost.settings import sample as settings_sample

DATABASE = Path(".local") / "state" / "waypost" / "waypost.sqlite"


def test_list_of_domains(waypost: Waypost) -> None:
    """Each domain is one line by name: the domain, its provider, its number of services."""
    outcome = waypost("domain", "list", "--demo")
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines == sorted(lines)
    (line,) = (one for one in lines if one.split("  ")[0] == "example.com")
    assert line.endswith("  Example Inc.          6 services")
    assert "xn--bcher-kva.example" in outcome.out


def test_list_of_domains_for_scripts(waypost: Waypost) -> None:
    """The list as JSON has an object for each domain."""
    found = json.loads(waypost("domain", "list", "--demo", "--json").out)
    (entry,) = (one for one in found if one["pattern"] == "example.com")
    assert entry == {
        "pattern": "example.com",
        "provider": "Example Inc.",
        "short_name": "Example",
        "directory": None,
        "redirect": None,
        "alias_of": None,
        "services": 6,
    }


EMPTY = [
    # the command, what standard error says
    (("domain", "list"), "no domains; see `waypost domain add --help`"),
    (
        ("domain", "list", "--host", "imap.example.com"),
        "no domains with these options; `waypost domain list` lists all",
    ),
    (("provider", "list"), "no providers; see `waypost provider add --help`"),
    (("directory", "list"), "no directories; see `waypost directory add --help`"),
    (("token", "list"), "no tokens; see `waypost token create --help`"),
    (("link", "list"), "no links; see `waypost link create --help`"),
]


@pytest.mark.usefixtures("upgraded_database")
@pytest.mark.parametrize(("command", "said"), EMPTY, ids=[said for _, said in EMPTY])
def test_empty_list(
    waypost: Waypost, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], said: str
) -> None:
    """A list of nothing is empty, and standard error says so with the next step."""
    monkeypatch.setenv("WAYPOST_LINK_KEY", "k" * 32)
    outcome = waypost(*command)
    assert (outcome.code, outcome.out, outcome.err) == (0, "", f"{said}\n")
    scripts = waypost(*command, "--json")
    assert (scripts.code, scripts.out, scripts.err) == (0, "[]\n", "")


EXTERNAL = """
[[directory]]
name = "mail"
kind = "sql"
uri = "sqlite:///mail.sqlite"
domains_query = "SELECT 1 FROM domain WHERE domain = :domain"

[[provider]]
name = "Example Inc."
domains_from = "mail"
services = [
  { type = "imap", host = "imap.example.com" },
  { type = "smtp", host = "smtp.example.com" },
]
"""


def test_only_external_domains(waypost: Waypost, home: Path) -> None:
    """If all domains are in a directory, the list is empty, and says where more are."""
    (home / "mail.toml").write_text(EXTERNAL, encoding="utf-8")
    outcome = waypost("domain", "list", "--providers", "mail.toml")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.splitlines() == [
        "more domains of Example Inc. come from directory mail",
        "no domains in the providers file",
    ]


@pytest.mark.parametrize(
    "command",
    [
        ("domain", "list"),
        ("domain", "show", "example.com"),
        ("show", "autoconfig", "alice@example.com"),
        ("show", "dns", "example.com"),
        ("export",),
        ("hostnames",),
        ("lint",),
        ("lint", "--domain", "example.com"),
        ("db", "check"),
        ("directory", "list"),
        ("pacc", "status"),
        ("pacc", "pin", "example.com"),
        ("pacc", "unpin", "example.com"),
    ],
    ids=" ".join,
)
def test_missing_database_file(waypost: Waypost, home: Path, command: tuple[str, ...]) -> None:
    """A mistyped path is an error with its option, and neither a file nor a folder is created."""
    outcome = waypost(*command, "--db-uri", "sqlite:///no/waypsot.sqlite")
    assert (outcome.code, outcome.out) == (2, "")
    path = home / "no" / "waypsot.sqlite"
    assert outcome.err.startswith(f"error: db_uri: there is no database file {path}; correct")
    assert not path.parent.exists()


def test_one_domain(waypost: Waypost) -> None:
    """A domain is shown with its entry and its services."""
    outcome = waypost("domain", "show", "CS.Example.edu", "--demo")
    assert outcome.out.splitlines() == [
        "cs.example.edu is served as *.example.edu by Example University",
        "imap imap.%EMAILDOMAIN%:993 tls",
        "smtp smtp.example.edu:465 tls",
        "caldav https://calendar.example.edu/%EMAILLOCALPART%/",
    ]


def test_one_domain_for_scripts(waypost: Waypost) -> None:
    """A domain as JSON has every value of every service."""
    found = json.loads(waypost("domain", "show", "example.net", "--demo", "--json").out)
    assert (found["domain"], found["pattern"]) == ("example.net", "example.net")
    assert found["services"][0] == {
        "type": "imap",
        "host": "mail.example.net",
        "port": 143,
        "security": "starttls",
        "authentication": ["password-cleartext"],
        "login_name": "%EMAILLOCALPART%",
        "priority": None,
        "domain_required": False,
        "pop3": None,
        "formats": ["autoconfig", "autodiscover", "mobileconfig", "pacc", "dns"],
    }


def test_pop3_options_for_scripts(waypost: Waypost, home: Path) -> None:
    """The options of a POP3 service are part of its JSON; missing options are null."""
    service = '{ type = "pop3", host = "pop.example", pop3 = { download_on_biff = true } }'
    (home / "mail.toml").write_text(
        f'[[provider]]\nname = "X"\nservices = [{service}]\ndomains = ["own.example"]\n',
        encoding="utf-8",
    )
    waypost("apply", "mail.toml")
    (found,) = json.loads(waypost("domain", "show", "own.example", "--json").out)["services"]
    assert found["pop3"] == {
        "leave_messages_on_server": None,
        "days_to_leave_messages_on_server": None,
        "download_on_biff": True,
    }


def test_one_domain_with_a_directory(waypost: Waypost) -> None:
    """A domain with a directory server is shown with the server."""
    waypost("apply", Path(__file__).parents[1] / "importers" / "seeds" / "version-2.json")
    assert "directory ldapserver-7\n" in waypost("domain", "show", "example.org").out


@pytest.mark.parametrize(
    ("key", "line", "redirect"),
    [
        (
            'redirect_address = "new.example"',
            "moved to addresses at new.example",
            {"address_domain": "new.example", "url": None},
        ),
        (
            'redirect_url = "https://a.example/"',
            "moved to https://a.example/",
            {"address_domain": None, "url": "https://a.example/"},
        ),
        ("declined = true", "declined", {"address_domain": None, "url": None}),
    ],
)
def test_domain_whose_mail_is_elsewhere(
    waypost: Waypost, home: Path, key: str, line: str, redirect: dict[str, str | None]
) -> None:
    """A domain that moved is shown with its redirect; a client's answer ends with exit code 1."""
    text = f'[[provider]]\nname = "X"\n{key}\ndomains = ["old.example"]\n'
    (home / "mail.toml").write_text(text, encoding="utf-8")
    assert waypost("apply", "mail.toml").code == 0

    shown = waypost("domain", "show", "old.example")
    assert shown.out == f"old.example is {line}, as old.example of X\n"
    assert (
        json.loads(waypost("domain", "show", "old.example", "--json").out)["redirect"] == redirect
    )
    assert key in waypost("export").out
    assert waypost("show", "autodiscover", "alice@old.example").code == 1


def test_domain_that_is_not_served(waypost: Waypost) -> None:
    """A domain that is not served ends with exit code 1."""
    outcome = waypost("domain", "show", "unserved.example", "--demo")
    expected = "error: unserved.example is not served here\n"
    assert (outcome.code, outcome.out, outcome.err) == (1, "", expected)


@pytest.mark.parametrize("domain", ["", "a..b", "alice@example.com", "192.0.2.1"])
def test_invalid_domain(waypost: Waypost, domain: str) -> None:
    """A text that is not a domain ends with exit code 2 and the rule that it breaks."""
    outcome = waypost("domain", "show", domain, "--demo")
    assert (outcome.code, outcome.out) == (2, "")
    assert "domain" in outcome.err


def test_database_step_by_step(waypost: Waypost, home: Path) -> None:
    """A new database is empty, then upgraded, then up to date."""
    empty = waypost("db", "status")
    assert (empty.code, empty.err) == (1, "")
    assert empty.out.startswith(f"db_uri: there is no file {Path.cwd() / DATABASE}; this version ")
    assert empty.out.endswith(": run `waypost db upgrade`\n")
    upgraded = waypost("db", "upgrade")
    assert (upgraded.code, upgraded.out) == (0, "")
    assert upgraded.err.startswith("the database was empty; it is up to date now")
    again = waypost("db", "upgrade")
    assert again.err.startswith("the database is up to date (revision ")
    assert waypost("db", "status").code == 0
    assert (home / DATABASE).is_file()


def test_database_status_for_scripts(waypost: Waypost) -> None:
    """The status as JSON has the kind and the revisions, with the same exit code."""
    empty = waypost("db", "status", "--json")
    found = json.loads(empty.out)
    assert empty.code == 1
    assert (found["kind"], found["current"], found["is_current"]) == ("empty", None, False)
    waypost("db", "upgrade")
    found = json.loads(waypost("db", "status", "--json").out)
    assert (found["kind"], found["is_current"]) == ("waypost", True)
    assert found["current"] == found["head"]


def test_foreign_database(waypost: Waypost, home: Path) -> None:
    """A database of another program is an error, and is not changed."""
    connection = sqlite3.connect(home / "other.sqlite")
    connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
    connection.commit()
    connection.close()
    flag = ["--db-uri", "sqlite:///other.sqlite"]
    assert "set db_uri to an empty database" in waypost("db", "status", *flag).out
    outcome = waypost("db", "upgrade", *flag)
    assert outcome.code == 2
    assert "neither Waypost's nor automx2's" in outcome.err


def test_broken_database(waypost: Waypost, home: Path) -> None:
    """A file that is not a database ends with exit code 2 and its name."""
    (home / "broken.sqlite").write_bytes(b"this is not a database" * 100)
    for command in (["db", "status"], ["db", "upgrade"], ["domain", "list"], ["export"]):
        outcome = waypost(*command, "--db-uri", "sqlite:///broken.sqlite")
        assert (outcome.code, outcome.out) == (2, "")
        assert "broken.sqlite" in outcome.err
        assert "Traceback" not in outcome.err


@pytest.mark.parametrize("command", [["export"], ["domain", "list"], ["apply", "--demo"]])
def test_password_of_the_database_stays_hidden(waypost: Waypost, command: list[str]) -> None:
    """An error about the database never shows its password."""
    outcome = waypost(*command, "--db-uri", "nosuch://user:hunter2@db.example/mail")
    assert outcome.code == 2
    assert "hunter2" not in outcome.out + outcome.err


def test_sample_of_settings(waypost: Waypost, home: Path) -> None:
    """The sample file is generated from the settings, and reading it changes nothing."""
    outcome = waypost("config", "sample")
    assert outcome.out == settings_sample()
    (home / "waypost.toml").write_text(outcome.out, encoding="utf-8")
    assert tomllib.loads(outcome.out) == {}
    assert waypost("config", "show").code == 0


def test_current_settings(waypost: Waypost, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each option is one line: name, value and source."""
    (home / "waypost.toml").write_text("port = 8080\n", encoding="utf-8")
    monkeypatch.setenv("WAYPOST_WORKERS", "3")
    lines = waypost("config", "show").out.splitlines()
    assert [line.split()[0] for line in lines] == [option.name for option in options()]
    assert lines[1].split() == ["port", "8080", f"{home / 'waypost.toml'}:1"]
    found = json.loads(waypost("config", "show", "--json").out)
    assert found["file"] == str(home / "waypost.toml")
    assert found["options"]["workers"] == {"value": "3", "source": "WAYPOST_WORKERS"}
    assert found["options"]["host"]["source"] == "default"


def test_settings_hide_secrets(waypost: Waypost, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret among the settings is masked."""
    monkeypatch.setenv("WAYPOST_LOG_KEY", "hunter2hunter2hunter2")
    monkeypatch.setenv("WAYPOST_DB_URI", "mysql+pymysql://user:hunter2@db.example/mail")
    for outcome in (waypost("config", "show"), waypost("config", "show", "--json")):
        assert outcome.code == 0
        assert "hunter2" not in outcome.out + outcome.err


def test_settings_file(waypost: Waypost, home: Path) -> None:
    """The path of the file is printed; if there is no file, the exit code is 1."""
    assert (waypost("config", "path").code, waypost("config", "path").out) == (1, "")
    (home / "waypost.toml").write_text("port = 8080\n", encoding="utf-8")
    assert waypost("config", "path").out == f"{home / 'waypost.toml'}\n"


def test_wrong_settings(waypost: Waypost, home: Path) -> None:
    """Every mistake in the settings is a line on standard error, for all commands."""
    (home / "waypost.toml").write_text("prot = 1\nworkers = 0\n", encoding="utf-8")
    for command in (["config", "show"], ["export"], ["serve"], ["db", "status"]):
        outcome = waypost(*command)
        assert (outcome.code, outcome.out) == (2, "")
        assert "waypost.toml:1: prot is not an option; did you mean port?" in outcome.err
        assert "waypost.toml:2: workers is 0" in outcome.err
        assert outcome.err.count("error: ") == 2


def test_export_of_a_file(waypost: Waypost, home: Path) -> None:
    """A providers file is exported in canonical form, or in the other format."""
    (home / "mail.toml").write_text(
        '[[provider]]\nname = "X"\nservices = []\ndomains = ["Example.COM"]\n', encoding="utf-8"
    )
    outcome = waypost("export", "--providers", "mail.toml", "--format", "json")
    assert json.loads(outcome.out) == {"provider": [{"name": "X", "domains": ["example.com"]}]}
    assert outcome.err.startswith("warning: ")
    assert "mail.toml: provider[0]: no incoming and no outgoing mail service" in outcome.err


def test_export_of_an_empty_database(waypost: Waypost, home: Path) -> None:
    """An empty database is exported as a file that can be applied."""
    waypost("db", "upgrade")
    exported = waypost("export").out
    (home / "mail.toml").write_text(exported, encoding="utf-8")
    outcome = waypost("apply", "mail.toml")
    assert (outcome.code, outcome.err) == (0, "nothing to do\n")
