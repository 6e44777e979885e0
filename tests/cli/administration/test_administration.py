"""Commands that change one thing, on a database and by the API of another Waypost."""

import json
import re
import shlex
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.administration.cases import FILES, TOPICS, Command
from tests.cli.administration.test_admin_listener import ADMIN, environment
from tests.cli.conftest import DATABASE, Outcome, Waypost
from tests.cli.golden_text import check
from tests.servers.nginx import listens
from tests.servers.process import Process
from tests.servers.waypost import free_port
from waypost.admin.access.scope import AccessScope
from waypost.admin.access.tokens import Tokens
from waypost.admin.principal import Role
from waypost.cli.main import main
from waypost.cli.principal import command_principal
from waypost.database.engine import Connection, open_engine
from waypost.store.sql import listing
from waypost.store.sql.sync.reader import domains_with_ids

GOLDEN = Path(__file__).parent / "golden"


@dataclass(frozen=True, slots=True)
class Sample:
    """A database with the sample providers and a token."""

    path: Path
    token: str


@dataclass(frozen=True, slots=True)
class Served:
    """An admin listener with a database."""

    url: str
    path: Path
    sample: Sample

    def reset(self) -> None:
        """Put the sample providers into the database again."""
        with (
            closing(sqlite3.connect(self.sample.path)) as source,
            closing(sqlite3.connect(self.path, timeout=60)) as target,
        ):
            source.backup(target)


@pytest.fixture(name="sample", scope="module")
def _sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    path = tmp_path_factory.mktemp("sample") / "waypost.sqlite"
    uri = f"sqlite:///{path}"
    assert main(["apply", "--demo", "--db-uri", uri]) == 0
    engine = open_engine(uri)
    token, _ = Tokens(engine).create("panel", AccessScope(Role.WRITE), by=command_principal())
    engine.dispose()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Sample(path, token)


@pytest.fixture(name="served", scope="module")
def _served(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    path = folder / "waypost.sqlite"
    shutil.copy(sample.path, path)
    port = free_port()
    command = [*ADMIN, "--port", f"{port}", "--db-uri", f"sqlite:///{path}"]
    process = Process(
        command, log=folder / "admin.log", environment=environment(folder), folder=folder
    )
    with process:
        process.wait_until(lambda: listens(port))
        yield Served(f"http://127.0.0.1:{port}", path, sample)


@pytest.fixture(name="filled")
def _filled(sample: Sample, home: Path) -> None:
    """Put the sample providers into the default database, and write the files of the commands."""
    path = home / DATABASE
    path.parent.mkdir(parents=True)
    shutil.copy(sample.path, path)
    for name, text in FILES.items():
        (home / name).write_text(text, encoding="utf-8")


def transcript(waypost: Waypost, commands: list[Command], options: Command = ()) -> str:
    """Return commands with their output and exit codes."""
    return "".join(_entry(one, waypost(*one, *options)) for one in commands)


def _entry(command: Command, outcome: Outcome) -> str:
    shown = shlex.join(command).encode("utf-8", "backslashreplace").decode()
    errors = "".join(f"! {line}\n" for line in outcome.err.splitlines())
    code = f"exit code {outcome.code}\n" if outcome.code else ""
    return f"$ waypost {shown}\n{_masked(outcome.out)}{errors}{code}\n"


def _masked(text: str) -> str:
    """Return a text without times and without who made a change."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)
    text = re.sub(r'"(principal|principal_kind|remote)": .*', r'"\1": "WHO",', text)
    names = f"{re.escape(command_principal().name)}|panel \\(127.0.0.1\\)"
    return re.sub(f"TIME  (?:{names}) +", "TIME  WHO  ", text)


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.usefixtures("filled")
def test_on_a_database(waypost: Waypost, topic: str) -> None:
    """Each command prints what it does, and nothing secret."""
    text = transcript(waypost, TOPICS[topic])
    check(GOLDEN / f"{topic}.txt", text)
    assert "Traceback" not in text
    printed = [line for line in text.splitlines() if not line.startswith("$")]
    for name in ("secret.txt", "other.txt"):
        assert FILES[name].strip() not in "".join(printed)


@pytest.mark.servers
@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.usefixtures("filled")
def test_by_the_api(
    waypost: Waypost, served: Served, monkeypatch: pytest.MonkeyPatch, topic: str
) -> None:
    """With --url, each command prints the same."""
    served.reset()
    monkeypatch.setenv("WAYPOST_TOKEN", served.sample.token)
    text = transcript(waypost, TOPICS[topic], ("--url", served.url))
    assert text == (GOLDEN / f"{topic}.txt").read_text(encoding="utf-8")


@pytest.mark.usefixtures("filled")
def test_a_limited_list_reads_no_more(waypost: Waypost, monkeypatch: pytest.MonkeyPatch) -> None:
    """`domain list --limit` reads as many domains as it prints, of any number."""
    read: list[int] = []

    def count(connection: Connection, ids: Sequence[int]) -> Any:
        read.append(len(ids))
        return domains_with_ids(connection, ids)

    monkeypatch.setattr(listing, "domains_with_ids", count)
    assert len(waypost("domain", "list", "--limit", "2").out.splitlines()) == 2
    assert read == [2]
    assert waypost("domain", "list", "--finding", "pop3-only", "--limit", "1").code == 0
    assert sum(read) < 20


@pytest.mark.usefixtures("filled")
def test_access_in_the_audit_log(waypost: Waypost) -> None:
    """Creating and revoking a token, and a sign-in link, are in the audit log, without secrets."""
    token = waypost("token", "create", "--name", "shop", "--json").out
    link = waypost("admin", "link", "--name", "ada").out
    assert waypost("token", "revoke", json.loads(token)["id"]).code == 0
    listed = waypost("audit", "list", "--json").out
    entries = json.loads(listed)[:3]
    assert [(one["action"], one["object_kind"], one["object_name"]) for one in entries] == [
        ("revoke", "token", "shop"),
        ("create", "sign_in_link", "ada"),
        ("create", "token", "shop"),
    ]
    who = {(one["principal"], one["principal_kind"]) for one in entries}
    assert who == {(command_principal().name, "command")}
    assert json.loads(token)["token"] not in listed
    assert link.strip().partition("=")[2] not in listed
    refused = waypost("audit", "undo", f"{entries[1]['id']}")
    assert (refused.code, refused.out) == (1, "")
    assert "is about a sign-in link, which ends within ten minutes" in refused.err


@pytest.mark.servers
@pytest.mark.usefixtures("filled")
def test_all_domains_by_the_api(
    waypost: Waypost, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list has the domains of the database, sorted by name; each is shown in the same way."""
    served.reset()
    monkeypatch.setenv("WAYPOST_TOKEN", served.sample.token)
    url = ("--url", f"{served.url}/")
    setup: list[Command] = [
        ("domain", "add", "alias.example", "--alias-of", "a.example.edu"),
        ("directory", "add", "people", "kind=ldap", 'urls=["ldaps://l.test"]', "search_base=dc=x"),
    ]
    for command in setup:
        assert (waypost(*command).code, waypost(*command, *url).code) == (0, 0)
    for options in ((), ("--json",), ("--limit", "3"), ("--finding", "pop3-only")):
        local = waypost("domain", "list", *options)
        assert waypost("domain", "list", *options, *url) == replace(local, databases=())
    assert waypost("directory", "list").out.split() == [
        "people",
        "ldap",
        "ldaps://l.test",
        "0",
        "domains",
    ]
    assert waypost("directory", "list", *url).out.split() == ["people", "ldap", "ldaps://l.test"]
    (found,) = json.loads(waypost("directory", "list", "--json", *url).out)
    assert found == {"directory": "people", "kind": "ldap", "location": "ldaps://l.test"}
    names = [one["pattern"] for one in json.loads(waypost("domain", "list", "--json").out)]
    assert names == sorted(names)
    assert len(waypost("domain", "list", "--limit", "2", *url).out.splitlines()) == 2
    for name in ("alias.example", "example.com", "x.example.edu", "bücher.example"):
        for more in ((), ("--json",)):
            shown = waypost("domain", "show", name, *more)
            assert waypost("domain", "show", name, *more, *url) == replace(shown, databases=())


@pytest.mark.servers
@pytest.mark.usefixtures("filled")
def test_tokens(waypost: Waypost, served: Served, home: Path) -> None:
    """A wrong token and one that may only read are refused; the token can be in a file."""
    served.reset()
    file = home / "token.txt"
    command = ("domain", "remove", "example.com", "--url", served.url, "--token-file", file)
    file.write_text("waypost_wrong", encoding="utf-8")
    wrong = waypost(*command)
    assert (wrong.code, wrong.out) == (1, "")
    assert wrong.err == f"error: {served.url}: the token is not valid\n"
    uri = f"sqlite:///{served.path}"
    reader = waypost("token", "create", "--name", "reader", "--db-uri", uri)
    file.write_text(reader.out, encoding="utf-8")
    refused = waypost(*command)
    assert (refused.code, refused.out, refused.err) == (1, "", "error: reader may only read\n")
    file.write_text(f"{served.sample.token}\n", encoding="utf-8")
    assert waypost(*command).code == 0
