"""`waypost token` and `waypost admin link`: secrets are printed once, and stored as digests."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import DATABASE, Waypost
from waypost.admin.access.secret_text import LINK_PREFIX, TOKEN_PREFIX

CREATE = ("token", "create", "--name", "panel")
ID = "[a-z0-9]{12}"
PROVIDERS = """[[provider]]
name = "Example Inc."
domains = ["own.example"]
services = [{ type = "imap", host = "a.example" }, { type = "smtp", host = "b.example" }]
"""


@pytest.fixture(autouse=True)
def _database(upgraded_database: None) -> None:
    """Upgrade the default database."""
    assert upgraded_database is None


def test_create_list_revoke(waypost: Waypost, home: Path) -> None:
    """The secret goes to standard output, its id to standard error, and only a digest is stored."""
    created = waypost(*CREATE, "--role", "write", "--domains", "*.Example.com", "--expires", "90d")
    assert created.code == 0
    secret = created.out.removesuffix("\n")
    assert re.fullmatch(f"{TOKEN_PREFIX}[A-Za-z0-9]+", secret)
    found = re.fullmatch(f"token ({ID}) for panel: write \\*.example.com\n", created.err)
    assert found is not None
    listed = waypost("token", "list")
    row = f"{found[1]}  panel  write \\*.example.com  expires {{}}  never used\n"
    assert re.fullmatch(row.format(r"[0-9TZ:-]{20}"), listed.out)
    (data,) = json.loads(waypost("token", "list", "--json").out)
    assert (data["id"], data["name"], data["role"]) == (found[1], "panel", "write")
    assert secret not in (home / DATABASE).read_bytes().decode("latin-1")
    assert secret not in listed.out + json.dumps(data)
    assert waypost("token", "revoke", found[1]).out == f"revoked {found[1]}\n"
    again = waypost("token", "revoke", found[1])
    assert (again.code, again.out) == (1, "")
    assert again.err == f"error: no valid token has the id {found[1]}; see `waypost token list`\n"
    assert "  revoked " in waypost("token", "list").out


def test_json(waypost: Waypost) -> None:
    """The result for scripts has the secret and what the list has."""
    assert waypost("provider", "add", "Example Inc.", "short_name=Example").code == 0
    created = waypost(*CREATE, "--provider", "Example Inc.", "--json")
    assert (created.code, created.err) == (0, "")
    data = json.loads(created.out)
    assert data.pop("token").startswith(TOKEN_PREFIX)
    assert json.loads(waypost("token", "list", "--json").out) == [data]


def test_expired(waypost: Waypost, home: Path) -> None:
    """The list says which tokens have expired."""
    waypost(*CREATE, "--expires", "12h")
    with closing(sqlite3.connect(home / DATABASE)) as connection, connection:
        connection.execute("UPDATE admin_token SET expires_at = 1000000000")
    assert "  expired 2001-09-09T01:46:40Z  " in waypost("token", "list").out


REFUSED = [
    (("token", "create"), "Missing option '--name'"),
    (("token", "create", "--name", ""), "--name: must be a text of 1 to"),
    (("token", "create", "--name", "x" * 1000), "--name: must be a text of 1 to"),
    (("token", "create", "--name", "a\x1bb"), "--name: must be a text of 1 to"),
    ((*CREATE, "--role", "admin"), "'admin' is not one of 'read', 'write'"),
    ((*CREATE, "--domains", "a*.example"), "--domains: a*.example: a * must be alone"),
    ((*CREATE, "--domains", ""), "--domains: : "),
    ((*CREATE, "--expires", "soon"), "--expires: "),
    ((*CREATE, "--expires", "0d"), "--expires: "),
    ((*CREATE, "--expires", "9999999999999d"), "--expires: "),
    (("admin", "link", "--name", "\n"), "--name: must be a text of 1 to"),
    (("admin", "link", "--domains", "a b"), "--domains: a b: "),
    (("token", "revoke"), "Missing argument 'ID'"),
]


@pytest.mark.parametrize(("arguments", "rule"), REFUSED, ids=[rule for _, rule in REFUSED])
def test_refused(waypost: Waypost, arguments: tuple[str, ...], rule: str) -> None:
    """Wrong use ends with exit code 2 and names the option; no token is created."""
    outcome = waypost(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert rule in outcome.err
    assert "\x1b" not in outcome.err
    assert waypost("token", "list").out == ""


@pytest.mark.parametrize("token_id", ["aaaaaaaaaaaa", "", "x" * 100_000, "\udcff"])
def test_unknown_id(waypost: Waypost, token_id: str) -> None:
    """An unknown id is exit code 1."""
    assert waypost("token", "revoke", token_id).code == 1


def test_link(waypost: Waypost, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The link has the URL of the settings, and its secret is not stored."""
    monkeypatch.setenv("WAYPOST_ADMIN_PORT", "4999")
    local = waypost("admin", "link", "--name", "alice", "--role", "read")
    assert local.code == 0
    assert local.out.startswith(f"http://127.0.0.1:4999/admin/sign-in?link={LINK_PREFIX}")
    assert local.err == "The link is valid once, for 10 minutes.\n"
    # `waypost admin serve` has the pages then, at the usual port.
    monkeypatch.setenv("WAYPOST_ADMIN_PORT", "0")
    assert waypost("admin", "link").out.startswith("http://127.0.0.1:4244/admin/sign-in?link=")
    monkeypatch.setenv("WAYPOST_ADMIN_URL", "https://admin.example.com")
    assert waypost("admin", "link").out.startswith("https://admin.example.com/admin/sign-in?link=")
    secret = local.out.strip().partition("=")[2]
    assert secret not in (home / DATABASE).read_bytes().decode("latin-1")


@pytest.mark.parametrize(
    "command", [CREATE, ("token", "list"), ("token", "revoke", "x"), ("admin", "link")]
)
def test_no_database(waypost: Waypost, home: Path, command: tuple[str, ...]) -> None:
    """No file is created if there is none."""
    (home / DATABASE).unlink()
    outcome = waypost(*command)
    assert (outcome.code, outcome.out) == (2, "")
    assert not (home / DATABASE).exists()


UNKNOWN = [
    # arguments, the name of the provider, the end of the first sentence
    (CREATE, "Nope", ""),
    (CREATE, "Exampel Inc.", "; did you mean 'Example Inc.'?"),  # codespell:ignore exampel
    (("admin", "link"), "Nope", ""),
]


@pytest.mark.parametrize(("arguments", "name", "hint"), UNKNOWN)
@pytest.mark.parametrize("source", ["database", "file"])
def test_unknown_provider(
    waypost: Waypost, home: Path, source: str, arguments: tuple[str, ...], name: str, hint: str
) -> None:
    """A limit to a provider that does not exist is possible, with a warning on standard error."""
    (home / "mail.toml").write_text(PROVIDERS, encoding="utf-8")
    if source == "database":
        assert waypost("apply", "mail.toml").code == 0
    else:
        (home / "waypost.toml").write_text('providers = "mail.toml"\n', encoding="utf-8")
    outcome = waypost(*arguments, "--provider", name)
    warning = (
        f"warning: --provider: there is no provider {name!r}{hint}; this gives access to no domain "
        "until a provider has this name\n"
    )
    assert (outcome.code, outcome.out.count("\n")) == (0, 1)
    assert warning in outcome.err
    known = waypost(*arguments, "--provider", "Example Inc.")
    assert (known.code, "warning" in known.err) == (0, False)


@pytest.mark.parametrize("arguments", [CREATE, ("admin", "link")])
def test_database_that_fails_at_the_check(
    waypost: Waypost, home: Path, arguments: tuple[str, ...]
) -> None:
    """If the provider cannot be looked up, neither a token nor a link is stored."""
    with closing(sqlite3.connect(home / DATABASE)) as connection, connection:
        connection.execute("ALTER TABLE provider RENAME TO another")
    outcome = waypost(*arguments, "--provider", "Nope")
    assert (outcome.code, outcome.out) == (2, "")
    with closing(sqlite3.connect(home / DATABASE)) as connection:
        stored = connection.execute(
            "SELECT name FROM admin_token UNION SELECT name FROM admin_link"
        )
        assert stored.fetchall() == []


def test_unknown_provider_of_a_file_with_mistakes(waypost: Waypost, home: Path) -> None:
    """A providers file with mistakes does not stop an operator from signing in."""
    (home / "mail.toml").write_text("provider = 1\n", encoding="utf-8")
    (home / "waypost.toml").write_text('providers = "mail.toml"\n', encoding="utf-8")
    outcome = waypost("admin", "link", "--provider", "Nope")
    assert (outcome.code, outcome.out.count("\n")) == (0, 1)
