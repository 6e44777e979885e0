"""`make serve`, the first command of the README, and the next steps of an automx2 operator."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.servers.nginx import listens
from tests.servers.patience import PATIENCE_SECONDS, wait_for_log
from tests.servers.process import Process
from tests.servers.requirements import require, skip
from tests.servers.waypost import free_port

ROOT = Path(__file__).parents[1]
AUTOCONFIG = "/mail/config-v1.1.xml?emailaddress=alice@"
CACHE_TTL_SECONDS = 10
LDAP = """
INSERT INTO ldapserver (id, name, port, use_ssl, search_base, search_filter, attr_uid, attr_cn,
  bind_password, bind_user)
VALUES (100, 'ldap.example.com', 636, 1, 'dc=example,dc=com', '(mail={0})', 'uid', 'cn',
  'PASSWORD', 'cn=automx2,dc=example,dc=com');
UPDATE domain SET ldapserver_id=100 WHERE name='example.com';
"""
RENAME = "UPDATE server SET name='new.example.com' WHERE name='imap.example.com';"


@dataclass(frozen=True, slots=True)
class Made:
    """The service that `make serve` runs.

    Attributes:
        place: the beginning of its URLs.
        database: its SQLite file.
        log: the file with the output of `make`.
    """

    place: str
    database: Path
    log: Path

    def get(self, path: str) -> httpx.Response:
        """Send a request to the service."""
        return httpx.get(f"{self.place}{path}", timeout=PATIENCE_SECONDS)

    def sql(self, statements: str) -> None:
        """Run SQL statements with `sqlite3`, as an operator does."""
        command = ["sqlite3", "-bail", f"{self.database}"]
        subprocess.run(command, input=statements, text=True, check=True)


@pytest.fixture(name="made")
def _made(tmp_path: Path) -> Iterator[Made]:
    """Run `make serve` of this checkout, with the test's own `var` and port."""
    require(programs=["make", "sqlite3"])
    if not (ROOT / ".venv/.test").exists():
        skip("needs the virtual environment of `make test`")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("WAYPOST_", "MAKE", "MFLAGS"))}
    port, database = free_port(), tmp_path / "var/waypost.sqlite"
    arguments = [f"WAYPOST_DB_URI=sqlite:///{database}", f"ARGS=--port {port} --admin-port 0"]
    process = Process(
        ["make", "serve", *arguments],
        log=tmp_path / "log",
        environment={**kept, "HOME": f"{tmp_path}"},
        folder=ROOT,
    )
    with process:
        process.wait_until(lambda: listens(port))
        yield Made(f"http://127.0.0.1:{port}", database, process.log)


def test_samples_are_served_and_urls_printed(made: Made) -> None:
    """A new checkout serves the samples, and each of the three URLs that it prints answers."""
    # Without a terminal, the URLs are in a line of the log, which is JSON then.
    printed = wait_for_log(made.log, '"event": "listening"').splitlines()
    (listening,) = (json.loads(line) for line in printed if '"event": "listening"' in line)
    urls = listening["urls"]
    assert len(urls) == 3
    assert all(url.startswith(f"{made.place}/") for url in urls)
    assert [httpx.get(url, timeout=PATIENCE_SECONDS).status_code for url in urls] == [200] * 3
    assert "imap.example.com" in made.get(f"{AUTOCONFIG}example.com").text


def test_statements_of_automx2s_manual_are_seen(made: Made) -> None:
    """automx2's SQL changes the served database, and the answers follow within `cache_ttl`."""
    before = made.get(f"{AUTOCONFIG}example.com")
    made.sql(LDAP)
    made.sql(RENAME)
    end = time.monotonic() + CACHE_TTL_SECONDS + 1
    while "new.example.com" not in (answer := made.get(f"{AUTOCONFIG}example.com")).text:
        assert time.monotonic() < end
        time.sleep(0.2)
    assert answer.text == before.text.replace("imap.example.com", "new.example.com")


@pytest.mark.parametrize("version", [1, 2])
def test_initdb_by_curl(made: Made, version: int) -> None:
    """An operator purges, seeds with either version and fills with samples as with automx2."""
    seed = ROOT / f"tests/importers/seeds/version-{version}.json"
    as_json = ["-H", "Content-Type: application/json", "--data-binary", f"@{seed}"]
    steps = [
        (["-X", "DELETE"], "the database is now empty\n"),
        (as_json, "the database is now filled\n"),
        ([], "the database holds providers already; nothing was changed\n"),
        (["-X", "DELETE"], "the database is now empty\n"),
        ([], "the database is now filled\n"),
    ]
    curl = shutil.which("curl") or "curl"
    for flags, expected in steps:
        command = [curl, "--silent", "--show-error", *flags, f"{made.place}/initdb/"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
        assert done.stdout == expected
    assert made.get(f"{AUTOCONFIG}example.org").status_code == 200


def test_sign_in_link_is_printed() -> None:
    """`make serve` prints a link to the admin pages, unless their port is another one."""
    require(programs=["make"])

    def planned(*arguments: str) -> str:
        command = ["make", "--dry-run", "serve", *arguments]
        return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout

    assert "waypost admin link" in planned()
    assert "waypost admin link" not in planned("ARGS=--admin-port 0")


def test_only_test_deps_installs_packages(tmp_path: Path) -> None:
    """`make test-deps` lists all packages before it installs them, and `make check` needs none."""
    require(programs=["make"])
    listed = (ROOT / "tests/debian-packages.txt").read_text(encoding="utf-8")
    names = [line.split()[0] for line in listed.splitlines() if not line.startswith("#")]
    # A program in its place installs nothing.
    (tmp_path / "tools").mkdir()
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    installer = tmp_path / "tools/debian-packages"
    installer.write_text("#!/bin/sh\necho installs $1\n", encoding="utf-8")
    installer.chmod(0o755)
    command = ["make", "-f", f"{ROOT / 'Makefile'}", "-C", f"{tmp_path}", "test-deps"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    before, _, _ = printed.partition("installs @tests/debian-packages.txt")
    assert before != printed
    assert set(names) <= set(before.split())
    planned = {
        target: subprocess.run(
            ["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout
        for target in ("check", "test")
    }
    assert "@tests/debian-packages.txt" in planned["test"]
    assert "@tests/debian-packages.txt" not in planned["check"]
