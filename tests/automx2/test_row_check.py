"""Rows that automx2 tolerated: reported with table and id, and served if possible."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.automx2.old_database import Tables, content, execute, make, restore
from tests.cli.conftest import Waypost
from tests.servers.database import ENGINES, fresh_database
from waypost.core.address import DomainName
from waypost.core.model import HostEndpoint, UrlEndpoint
from waypost.database.engine import Engine, open_engine, read_connection
from waypost.store.sql.migrate import upgrade
from waypost.store.sql.row_check import ROWS_AT_ONCE, check_rows, domain_names
from waypost.store.sql.store import SqlStore

SERVERS = [
    ("type = 'INVALID'", "type 'INVALID' is not known", "left out"),
    ("type = 'caldav'", "belongs in the table davserver", "left out"),
    ("name = 'imap example.com'", "'imap example.com' is not a host", "left out"),
    ("name = ''", "'' is not a host", "left out"),
    ("port = 0", "port 0 is not between 1 and 65535", "left out"),
    ("port = 70000", "port 70000", "left out"),
    ("port = -1", "port -1", "left out"),
    ("port = 993", "port 993 is for TLS from the start, but socket_type is 'STARTTLS'", "unchang"),
    ("socket_type = 'SSL'", "begins without TLS, but socket_type is 'SSL'", "served unchanged"),
    ("type = 'pop'", "port 143 is for imap, but type is 'pop'", "served unchanged"),
    ("socket_type = 'Auto'", "socket_type 'Auto' is not known", "read as starttls, because of"),
    ("formats = 'dns x PACC'", "formats 'x' is not known", "described in pacc, dns"),
    ("formats = 'x y'", "formats 'x y' is not known", "described in autoconfig, autodiscover,"),
    ("formats = 'dns,x,pacc'", "formats 'x' is not known", "described in pacc, dns"),
    ("authentication = 'cram'", "authentication 'cram' is not known", "read as password-cleart"),
]
DAVSERVERS = [
    ("type = 'INVALID'", "type 'INVALID' is not known", "left out"),
    ("url = ''", "url '' is not an absolute URL", "left out"),
    ("url = 'ftp://x'", "is not an absolute URL", "left out"),
    ("url = 'dav.example.com/x'", "has no scheme", "read as https://dav.example.com/x"),
    ("formats = 'x'", "formats 'x' is not known", "described in autoconfig, autodiscover, mobi"),
    ("use_ssl = FALSE", "use_ssl False contradict", "read as https://dav.example.com"),
    ("url = 'https://d.example:444'", "and port 443 contradict", "read as https://d.example:443"),
]
DOMAINS = [
    ("Example.COM", "has uppercase letters", "served in any case"),
    ("exa mple.com", "characters other than", "no client can ask"),
    ("exa_mple.com", "characters other than", "no client can ask"),
    (
        "example.com.",
        "is not in the form of a stored domain",
        "not served until it is renamed to 'example.com'",
    ),
    ("", "the domain is empty", "no client can ask"),
    ("a" * 70 + ".com", "longer than 63", "no client can ask"),
    ("192.0.2.1", "IP address", "no client can ask"),
    ("mail.*.com", "a * must be alone", "no client can ask"),
]


@pytest.fixture(name="adopted", scope="module", params=ENGINES)
def _adopted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Engine, Tables]]:
    """Yield an upgraded database, once for each engine, and its valid rows."""
    folder = tmp_path_factory.mktemp("adopted")
    engine = open_engine(fresh_database(request.param, request, folder).uri)
    make(engine, "2021.5")
    upgrade(engine)
    execute(
        engine,
        "DELETE FROM server_domain WHERE server_id = 4005;\n"
        "DELETE FROM server WHERE id = 4005;\n"
        "DELETE FROM server_domain WHERE domain_id IN (3002, 3003, 3004);\n"
        "DELETE FROM davserver_domain WHERE domain_id IN (3002, 3003, 3004);\n"
        "DELETE FROM domain WHERE id IN (3002, 3003, 3004);\n",
    )
    yield engine, content(engine)
    engine.dispose()


@pytest.fixture(name="clean")
def _clean(adopted: tuple[Engine, Tables]) -> Engine:
    """Return an upgraded database with valid rows only, restored after each test."""
    engine, rows = adopted
    restore(engine, rows)
    assert reported(engine) == []
    return engine


def reported(engine: Engine) -> list[str]:
    with read_connection(engine) as connection:
        return [str(finding) for finding in check_rows(connection)]


def test_separators(clean: Engine) -> None:
    """Invalid separators of sub-addresses are reported, and the others are used."""
    execute(clean, "UPDATE provider SET subaddress_separators = '+.x';\n")
    (line, *_) = reported(clean)

    assert "subaddress_separators '+.x' contains '.x', which is not allowed" in line
    found = SqlStore(clean).find(DomainName("example.com"))
    assert found is not None
    assert found.provider.subaddress_separators == "+"


@pytest.mark.rule("addresses-a-labels-as-they-are")
@pytest.mark.parametrize("name", ["xn--i-7iq.ws", "xn--abc.example"])
def test_a_labels_outside_idna(clean: Engine, name: str) -> None:
    """A domain whose A-label is invalid in IDNA 2008 is served, without a finding."""
    execute(clean, f"UPDATE domain SET name = '{name}' WHERE name = 'example.com';\n")  # noqa: S608

    assert reported(clean) == []
    assert SqlStore(clean).find(DomainName.parse(name.upper())) is not None


@pytest.mark.parametrize(("change", "problem", "effect"), SERVERS)
def test_servers(clean: Engine, change: str, problem: str, effect: str) -> None:
    """Each odd server is reported in one line with its id, and the domain is still served."""
    execute(clean, f"UPDATE server SET {change} WHERE id = 4001;\n")  # noqa: S608

    (line,) = reported(clean)
    assert line.startswith("server 4001: ")
    assert problem in line
    assert effect in line
    found = SqlStore(clean).find(DomainName("example.com"))
    assert found is not None
    hosts = [one.endpoint for one in found.services if isinstance(one.endpoint, HostEndpoint)]
    assert len(hosts) == (2 if "left out" in line else 3)


@pytest.mark.parametrize(("change", "problem", "effect"), DAVSERVERS)
def test_davservers(clean: Engine, change: str, problem: str, effect: str) -> None:
    """Each odd calendar is reported in one line with its id, and the domain is still served."""
    execute(clean, f"UPDATE davserver SET {change} WHERE id = 4100;\n")  # noqa: S608

    (line,) = reported(clean)
    assert line.startswith("davserver 4100: ")
    assert problem in line
    assert effect in line
    found = SqlStore(clean).find(DomainName("example.com"))
    assert found is not None
    urls = [one.endpoint.url for one in found.services if isinstance(one.endpoint, UrlEndpoint)]
    if "read as" in effect:
        assert urls[0].startswith(effect.removeprefix("read as "))
    assert len(urls) == (1 if "left out" in line else 2)


LACKS = [
    # the change of rows, and what example.com (3000) or example.net (3001) lacks then
    ("DELETE FROM server_domain WHERE server_id = 4000", 3000, "no outgoing mail service"),
    ("UPDATE server SET type = 'x' WHERE id = 4002", 3001, "no incoming mail service"),
    ("UPDATE server SET port = 0 WHERE id = 4000", 3001, "no outgoing mail service"),
    ("DELETE FROM server_domain", 3000, "no incoming and no outgoing mail service"),
]


@pytest.mark.parametrize(("change", "domain", "lack"), LACKS)
def test_domains_without_mail(clean: Engine, change: str, domain: int, lack: str) -> None:
    """A domain without a usable account is reported, unless its mail is elsewhere."""
    execute(clean, f"{change};\n")
    names = {3000: "example.com", 3001: "example.net"}
    line = f"domain {domain}: name {names[domain]!r} has {lack}; no client can set up an account"

    assert f"{line} (404)" in reported(clean)

    execute(clean, "UPDATE domain SET declined = TRUE;\n")
    assert not [one for one in reported(clean) if "mail service" in one]


def test_jmap_alone_is_an_account(clean: Engine) -> None:
    """A service that receives and sends mail needs no other service."""
    execute(
        clean,
        "DELETE FROM server_domain;\n"
        "INSERT INTO davserver (id, url, port, type, use_ssl, domain_required)"
        " VALUES (1, 'https://j.example', 443, 'jmap', TRUE, FALSE);\n"
        "INSERT INTO davserver_domain (davserver_id, domain_id) VALUES (1, 3000);\n",
    )

    assert [one[:12] for one in reported(clean)] == ["domain 3001:"]


@pytest.mark.parametrize(("name", "problem", "effect"), DOMAINS)
def test_domains(clean: Engine, name: str, problem: str, effect: str) -> None:
    """Each odd name is reported in one line with its id, and with what Waypost does."""
    execute(clean, f"UPDATE domain SET name = '{name}' WHERE id = 3000;\n")  # noqa: S608

    (line,) = reported(clean)
    assert line.startswith("domain 3000: ")
    assert problem in line
    assert effect in line
    served = SqlStore(clean).find(DomainName("example.com")) is not None
    assert served is ("served in any case" in line)


@pytest.mark.parametrize("adopted", ["sqlite"], indirect=True)
def test_port_that_is_a_text(clean: Engine) -> None:
    """SQLite stores a text in a column of numbers: the row is reported and left out."""
    execute(clean, "UPDATE server SET port = 'imaps' WHERE id = 4001;\n")

    assert reported(clean) == ["server 4001: port 'imaps' is not a number; left out of all answers"]
    assert SqlStore(clean).find(DomainName("example.com")) is not None


# MariaDB compares names without case, so there cannot be two.
@pytest.mark.parametrize("adopted", ["sqlite", "postgresql"], indirect=True)
def test_same_domain_twice(clean: Engine) -> None:
    """Of names that differ in case the lower-case one is served, as mostly in automx2."""
    execute(
        clean,
        "INSERT INTO domain (id, name, provider_id) VALUES (1, 'Example.com', 1001);\n",
    )
    lines = reported(clean)

    assert "domain 1: name 'Example.com' is the same domain as 'example.com'; " in lines[-1]
    assert lines[-1].endswith("domain 3000 is served instead")
    found = SqlStore(clean).find(DomainName("example.com"))
    assert found is not None
    assert found.provider.short_name == "Example"


def test_same_domain_in_u_labels(clean: Engine) -> None:
    """A name in U-labels is the same domain as the one in A-labels, which is served."""
    execute(
        clean,
        "INSERT INTO domain (id, name, provider_id) VALUES (1, 'bücher.example', 1001);\n"
        "INSERT INTO domain (id, name, provider_id) VALUES (2, 'xn--bcher-kva.example', 1000);\n",
    )
    line, lack = reported(clean)
    assert lack.startswith("domain 2: name 'xn--bcher-kva.example' has no incoming and no outgoing")
    assert "domain 1: name 'bücher.example' is the same domain as 'xn--bcher-kva.example'" in line
    assert line.endswith("domain 2 is served instead")
    found = SqlStore(clean).find(DomainName("xn--bcher-kva.example"))
    assert found is not None
    assert found.provider.short_name == "Example"


@pytest.fixture(name="dangling")
def _dangling(tmp_path: Path) -> str:
    """Return the URI of a SQLite file without foreign key checks, as automx2's."""
    uri = f"sqlite:///{tmp_path}/dangling.sqlite"
    engine = open_engine(uri)
    make(engine, "2021.5")
    engine.dispose()
    with closing(sqlite3.connect(tmp_path / "dangling.sqlite")) as connection, connection:
        connection.executescript(
            "DELETE FROM server WHERE id = 4005;"
            "DELETE FROM ldapserver;"
            "DELETE FROM davserver WHERE id = 4101;"
            "DELETE FROM provider WHERE id = 1000;"
            "INSERT INTO server_domain VALUES (77, 78);"
        )
    return uri


def test_dangling(dangling: str) -> None:
    """References to missing rows do not stop an upgrade, are reported, and the rest is served."""
    engine = open_engine(dangling)
    upgrade(engine)
    lines = reported(engine)

    assert [line.partition(":")[0] for line in lines[1:]] == [
        *("domain 3003", "domain 3004"),
        *("domain 3000", "domain 3001", "domain 3002", "domain 3001"),
        *("server_domain 77/78", "server_domain 4005/3003"),
        *("davserver_domain 4101/3000", "davserver_domain 4101/3001"),
    ]
    assert "server_domain 77/78: server 77 and domain 78 do not exist; the link is ignored" in lines
    found = SqlStore(engine).find(DomainName("example.com"))
    engine.dispose()
    assert found is not None
    assert found.provider.name == "example.com"
    assert len(found.services) == 4


def test_upgrade_tells(waypost: Waypost, dangling: str) -> None:
    """`db upgrade` reports each finding of automx2's database once, and succeeds."""
    first = waypost("db", "upgrade", "--db-uri", dangling)
    again = waypost("db", "upgrade", "--db-uri", dangling)

    assert first.code == again.code == 0
    assert "warning: server_domain 4005/3003: server 4005 does not exist" in first.err
    assert first.err.splitlines()[-1] == "11 findings"
    assert again.err.startswith("the database is up to date")
    assert "warning" not in again.err


def test_check(waypost: Waypost, dangling: str) -> None:
    """`db check` reports the findings again, as lines or as JSON, with exit code 1."""
    waypost("db", "upgrade", "--db-uri", dangling)
    lines = waypost("db", "check", "--db-uri", dangling)
    parsed = waypost("db", "check", "--db-uri", dangling, "--json", "--limit", "2")

    assert (lines.code, parsed.code) == (1, 1)
    assert len(lines.out.splitlines()) == 11
    answer = json.loads(parsed.out)
    assert (answer["count"], len(answer["findings"])) == (11, 2)
    assert answer["findings"][0]["table"] == "domain"
    assert answer["findings"][0]["key"] == "3002"


def test_check_finds_nothing(waypost: Waypost, clean: Engine) -> None:
    """Where no findings: all rows can be served, `db check` says so, with exit code 0."""
    uri = clean.url.render_as_string(hide_password=False)
    outcome = waypost("db", "check", "--db-uri", uri)

    assert (outcome.code, outcome.out, outcome.err) == (
        0,
        "",
        "no findings: all rows can be served\n",
    )


def test_check_before_upgrade(waypost: Waypost, bare: Engine, uri: str) -> None:
    """For a database without an upgrade the check fails with one line and exit code 2."""
    make(bare, "2020.0")
    outcome = waypost("db", "check", "--db-uri", uri)

    assert outcome.code == 2
    assert "waypost db upgrade" in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_many_findings_are_bounded(waypost: Waypost, bare: Engine, uri: str) -> None:
    """All findings are counted, and only some of many are printed."""
    make(bare, "2021.5")
    count = 2 * ROWS_AT_ONCE + 7
    rows = [
        f"({number}, 'imap {number}', 143, 'imap', 'SSL', 'x', 'plain')"
        for number in range(10000, 10000 + count)
    ]
    columns = "id, name, port, type, socket_type, user_name, authentication"
    execute(bare, f"INSERT INTO server ({columns}) VALUES {', '.join(rows)};\n")  # noqa: S608
    upgraded = waypost("db", "upgrade", "--db-uri", uri)
    checked = waypost("db", "check", "--db-uri", uri)
    everything = waypost("db", "check", "--db-uri", uri, "--all")

    assert upgraded.err.count("warning: ") == 20
    assert f"{count + 4:,} findings, 20 shown" in upgraded.err
    assert len(checked.out.splitlines()) == 100
    assert len(everything.out.splitlines()) == count + 4


@pytest.mark.parametrize("adopted", ["sqlite"], indirect=True)
def test_hostile_texts_stay_in_their_line(clean: Engine) -> None:
    """A row's text cannot break a line or control a terminal, and is shortened."""
    name = "evil\n\x1b[31m; DROP" + "x" * 100_000
    with read_connection(clean) as connection:
        connection.exec_driver_sql("UPDATE server SET name = ? WHERE id = 4001", (name,))

    (line,) = reported(clean)
    assert line.isprintable()
    assert len(line) < 500


def test_names(clean: Engine) -> None:
    """The names are returned as stored, in the order of their ids."""
    with read_connection(clean) as connection:
        assert list(domain_names(connection)) == ["example.com", "example.net"]
