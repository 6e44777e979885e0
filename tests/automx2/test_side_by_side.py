"""Real automx2 and Waypost on the same database at the same time."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.automx2.old_database import content, execute, make
from tests.automx2.releases import Release, install, running
from tests.cli.conftest import Waypost
from tests.servers.nginx import listens
from tests.servers.process import Process
from tests.servers.waypost import SOURCE, free_port
from waypost.core.address import EmailAddress
from waypost.database.engine import Engine
from waypost.diagnostics.comparison.answers import Answer
from waypost.diagnostics.comparison.server import FORMATS, CheckedServer, fetch_answer
from waypost.store.sql.migrate import upgrade

pytestmark = [pytest.mark.servers, pytest.mark.slow]

DOMAINS = ("example.com", "Mixed-Case.example")
NEWEST = "2026.2"
# The tables of each release.
OLD = {"2020.2": "2020.2", "2021.4": "2021.3.1", NEWEST: "2021.5"}


@pytest.fixture(name="release", scope="module", params=OLD)
def _release(request: pytest.FixtureRequest) -> Release:
    """Return an installed automx2."""
    return install(request.param)


@pytest.fixture(name="newest", scope="module")
def _newest() -> Release:
    """Return the newest automx2."""
    return install(NEWEST)


def answers(port: int) -> dict[tuple[str, str], Answer]:
    server = CheckedServer.parse(f"http://127.0.0.1:{port}")
    return {
        (domain, form): fetch_answer(server, form, "alice", domain, 10)
        for domain in DOMAINS
        for form in FORMATS
    }


def automx2_uri(engine: Engine) -> str:
    """Return the URI for automx2's own drivers."""
    uri = engine.url.render_as_string(hide_password=False)
    return uri.replace("postgresql+psycopg:", "postgresql+psycopg2:")


@contextmanager
def waypost_on(uri: str, folder: Path) -> Iterator[int]:
    """Run Waypost on a database; yield its port."""
    port = free_port()
    environment = {name: v for name, v in os.environ.items() if not name.startswith("WAYPOST_")}
    environment |= {"HOME": f"{folder}", "PYTHONPATH": f"{SOURCE}"}
    process = Process(
        [
            *(sys.executable, "-m", "waypost", "serve", "--host", "127.0.0.1"),
            *("--port", f"{port}", "--admin-port", "0", "--db-uri", uri),
        ],
        log=folder / "waypost-beside.log",
        environment=environment,
        folder=folder,
    )
    with process:
        process.wait_until(lambda: listens(port))
        yield port


def test_automx2_still_runs(release: Release, bare: Engine, tmp_path: Path) -> None:
    """automx2's answers are the same before and after the upgrade, and it rewrites no row."""
    make(bare, OLD[release.version])
    execute(bare, "UPDATE domain SET ldapserver_id = NULL;\n")
    with running(release, automx2_uri(bare), tmp_path) as port:
        before = answers(port)
    upgrade(bare)
    rows = content(bare)
    with running(release, automx2_uri(bare), tmp_path) as port:
        after = answers(port)

    assert after == before
    assert {answer.outcome for answer in before.values()} == {"served"}
    assert content(bare) == rows
    (imap, *_) = [o for o in after["example.com", "autoconfig"].services if o.kind == "imap"]
    assert (imap.host_or_url, imap.login) == (
        "imap.example.com",
        str(EmailAddress.parse("alice@example.com")),
    )


def test_only_expected_differences(
    waypost: Waypost, newest: Release, bare: Engine, tmp_path: Path
) -> None:
    """For every domain and format both answers mean the same, except documented differences."""
    make(bare, "2021.5")
    execute(bare, "UPDATE domain SET ldapserver_id = NULL;\n")
    upgrade(bare)
    uri = bare.url.render_as_string(hide_password=False)
    with running(newest, automx2_uri(bare), tmp_path) as old, waypost_on(uri, tmp_path) as new:
        servers = f"--old=http://127.0.0.1:{old}", f"--new=http://127.0.0.1:{new}"
        outcome = waypost("compare", *servers, "--db-uri", uri, "--json")
        execute(bare, "UPDATE server SET port = 1143 WHERE id = 4001;\n")
        listed = tmp_path / "domains"
        listed.write_text("without-servers.example\nunknown.example # not served by any\n")
        few = waypost("compare", *servers, "--domains", listed, "--json")

    answer = json.loads(outcome.out)
    assert answer["differences"] == []
    assert (outcome.code, answer["domains"], answer["unexpected"]) == (0, 5, 0)
    assert answer["expected"]["autodiscover: SPA is `off` instead of missing"] == 3
    assert answer["expected"]["autoconfig: nothing is served: status 400, now status 404"] == 1
    assert json.loads(few.out)["expected"] == {
        "autoconfig: nothing is served: status 200 without services, now status 404": 1,
        "autoconfig: nothing is served: status 204, now status 404": 1,
        "autodiscover: nothing is served: status 200 without services, now ErrorCode 501": 1,
        "autodiscover: nothing is served: status 204, now ErrorCode 500": 1,
        "mobileconfig: nothing is served: status 204, now status 404": 1,
        "mobileconfig: nothing is served: status 400, now status 404": 1,
    }


def test_a_difference_is_seen(
    waypost: Waypost, newest: Release, bare: Engine, tmp_path: Path
) -> None:
    """If the new server has another port than the old one, compare exits with code 1."""
    make(bare, "2021.5")
    execute(bare, "UPDATE domain SET ldapserver_id = NULL;\n")
    upgrade(bare)
    uri = bare.url.render_as_string(hide_password=False)
    copied = f"sqlite:///{tmp_path}/copy.sqlite"
    # A domain of the sample data has no mail service, so the exit code is 1.
    assert waypost("import", "automx2", "--from-uri", uri, "--db-uri", copied).code == 1
    execute(bare, "UPDATE server SET port = 1143 WHERE id = 4001;\n")
    with running(newest, automx2_uri(bare), tmp_path) as old, waypost_on(copied, tmp_path) as new:
        servers = f"--old=http://127.0.0.1:{old}", f"--new=http://127.0.0.1:{new}"
        outcome = waypost("compare", *servers, "--db-uri", copied)

    assert outcome.code == 1
    assert (
        "example.com autoconfig: only in the old answer: imap imap.example.com:1143" in outcome.out
    )
    assert (
        "example.com autoconfig: only in the new answer: imap imap.example.com:143" in outcome.out
    )
    assert "mobileconfig: only in the new answer: imap imap.example.com:143" in outcome.out
    assert "5 domains: 12 differences" in outcome.err
