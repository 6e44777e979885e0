"""`waypost conformance` on the command line; tests/automx2 runs it on a real automx2."""

import json
import re
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from tests.architecture.source import PACKAGE, ROOT
from tests.cli.conftest import Waypost
from tests.cli.golden_text import REPORTS, check
from tests.diagnostics.resolvers import Script, resolver
from tests.diagnostics.scripted import fixed, scripted
from tests.diagnostics.test_conformance import DOCUMENT
from tests.servers.named import Named, named
from tests.servers.waypost import RunningWaypost, free_port
from tests.servers.waypost import waypost as run_waypost
from waypost.core.address import DomainName
from waypost.diagnostics.conformance.schema_probes import PROBES
from waypost.diagnostics.simulated_clients import CLIENTS

DEMO = PACKAGE / "demo" / "providers.toml"


@pytest.fixture(name="served", scope="module")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWaypost]:
    """A running Waypost with the sample providers."""
    with run_waypost(tmp_path_factory.mktemp("served"), DEMO) as running:
        yield running


@pytest.fixture(name="dns", scope="module")
def _dns() -> Iterator[Named]:
    """A running name server."""
    with named(["example.com", "invalid"]) as server:
        yield server


# The login name is not the address there, with which Geary logs in.
WARNED = {"example.net": {"geary"}}


@pytest.mark.servers
@pytest.mark.parametrize(
    "domain", ["example.com", "example.net", "b\u00fccher.example", "a.example.edu"]
)
def test_nothing_is_found_in_waypost(waypost: Waypost, served: RunningWaypost, domain: str) -> None:
    """In Waypost itself, the only finding is one that no server can fix, with an exit code."""
    outcome = waypost("conformance", f"http://127.0.0.1:{served.port}", domain, "--json")

    assert outcome.code == int(domain in WARNED), outcome.out
    answer = json.loads(outcome.out)
    assert answer["complete"] is True
    assert [row["key"] for row in answer["clients"]] == [client.key for client in CLIENTS]
    assert answer["unanswered"] is None
    rules = [probe.key for probe in PROBES if not probe.needs_dns]
    assert [row["key"] for row in answer["rules"]] == rules
    # These search for Exchange, for calendars, or only in DNS.
    without_account = {"outlook-new-and-mobile", "activesync-devices", "davx5", "claws-mail"}
    setting_up = [row for row in answer["clients"] if row["key"] not in without_account]
    warned = {row["key"] for row in setting_up if row["verdict"] == "works with warnings"}
    assert warned == WARNED.get(domain, set())
    assert {row["verdict"] for row in setting_up if row["key"] not in warned} == {"works"}
    assert {row["verdict"] for row in answer["rules"]} <= {"works", "not offered"}
    working = sum(1 for client in CLIENTS if client.expects_account and not client.needs_dns)
    ascii_domain = DomainName.parse(domain).ascii
    place = f"{ascii_domain} at http://127.0.0.1:{served.port}"
    if domain not in WARNED:
        assert outcome.err == f"{place}: all {working} clients work\n"


REPORTS_OF = ["example.com", "example.org", "fails.example"]


@pytest.mark.servers
@pytest.mark.parametrize("domain", REPORTS_OF)
def test_report_as_text(waypost: Waypost, served: RunningWaypost, domain: str) -> None:
    """The verdict comes first, then the problems by code, then a line for each client."""
    url = f"http://127.0.0.1:{served.port}"
    outcome = waypost("conformance", url, domain, "--local-part", "alice")

    shown = outcome.out.replace(f":{served.port}", ":4243")
    check(REPORTS / "conformance" / f"{domain}.txt", shown)
    assert outcome.err == ""


@pytest.mark.servers
@pytest.mark.parametrize("flag", ["-v", "--verbose"])
def test_details(waypost: Waypost, served: RunningWaypost, flag: str) -> None:
    """With --verbose, each client has its account below its name, and each rule has a line."""
    url = f"http://127.0.0.1:{served.port}"
    short = waypost("conformance", url, "example.com", "--local-part", "alice")
    outcome = waypost("conformance", url, "example.com", "--local-part", "alice", flag)

    assert outcome.code == 0
    assert outcome.out.startswith(short.out)
    account = (
        "  - imap imap.example.com:993 tls password-cleartext alice@example.com, "
        "smtp smtp.example.com:465 tls password-cleartext alice@example.com\n"
    )
    assert f"\nThunderbird: works\n{account}  see: waypost explain thunderbird\n" in outcome.out
    assert f"\neM Client: works\n{account}  - caldav https://dav.example.com/" in outcome.out
    assert "\nrule no-address: the Host header is enough without an address: works\n" in outcome.out


@pytest.mark.servers
def test_pop3_alone(waypost: Waypost, served: RunningWaypost) -> None:
    """A domain with only POP3 fails for clients with only IMAP, with exit code 1."""
    url = f"http://127.0.0.1:{served.port}"
    outcome = waypost("conformance", url, "example.org", "--json")

    assert outcome.code == 1
    rows = json.loads(outcome.out)["clients"]
    assert {row["key"] for row in rows if row["verdict"] == "fails"} == {
        *("delta-chat", "thunderbird-for-android-and-k-9", "fairemail", "aerc", "nextcloud-mail"),
        *("nine", "snappymail", "geary", "mailspring", "mustang"),
        *("nine", "thunderbird-for-ios", "himalaya"),
    }


def test_server_without_answers(waypost: Waypost) -> None:
    """If every client fails, each has a reason, with exit code 1."""
    with scripted(fixed(404)) as url:
        outcome = waypost("conformance", url, "example.com")

    assert outcome.code == 1
    asking = sum(
        1
        for client in CLIENTS
        if client.expects_account and not client.needs and not client.needs_dns
    )
    first = outcome.out.splitlines()[0]
    assert first.endswith(f": 2 errors, 2 warnings; {asking} of {asking} clients fail")
    # What most clients ask for comes first.
    assert outcome.out.splitlines()[2].startswith("error autoconfig: ")
    assert outcome.out.count("waypost explain autoconfig\n") == 1
    assert re.search(r"\nKMail +fails +status 404\n", outcome.out)
    assert "    - https://" not in outcome.out


def test_server_without_answers_verbose(waypost: Waypost) -> None:
    """With --verbose, each client has a result for each URL."""
    with scripted(fixed(404)) as url:
        outcome = waypost("conformance", url, "example.com", "--verbose")

    assert (
        "\nKMail: fails\n  - https://autoconfig.example.com/mail/config-v1.1.xml: status 404\n"
        in outcome.out
    )
    assert "\n  see: waypost explain kmail\n" in outcome.out


def test_waiting_client_is_not_reported_as_working(waypost: Waypost) -> None:
    """A client that would wait without end fails, with a code, its clients and the fix."""
    document = (
        DOCUMENT.replace(b"<socketType>SSL<", b"<socketType>STARTTLS<")
        .replace(b"<port>143<", b"<port>993<")
        .replace(b"<port>587<", b"<port>465<")
    )
    with scripted(fixed(200, document)) as url:
        outcome = waypost("conformance", url, "example.com", "--json")
        shown = waypost("conformance", url, "example.com").out
    rows = {row["key"]: row for row in json.loads(outcome.out)["clients"]}
    assert rows["kmail"]["verdict"] == "fails"
    assert rows["kmail"]["findings"][0].startswith("STARTTLS on a port that uses TLS from")
    block = shown[shown.index("error client-waits: ") :].partition("\n\n")[0]
    assert "KMail" in block
    assert block.count("wait for each other") == 1
    assert "see: waypost explain client-waits" in block


def test_terminal_is_safe(waypost: Waypost) -> None:
    """Text of a server has no effect on the terminal."""
    body = "<clientConfig><emailProvider id='x'>\u202e</emailProvider></clientConfig>"
    host = "<a>\u009b31m[red]</a>"
    with scripted(fixed(200, f"{body[:-15]}{host}{body[-15:]}".encode())) as url:
        outcome = waypost("conformance", url, "example.com", "--verbose")

    assert outcome.code == 1
    assert all(line.isprintable() for line in outcome.out.splitlines())


def silent(_: BaseHTTPRequestHandler, __: bytes) -> None:
    time.sleep(1)


def test_too_slow(waypost: Waypost) -> None:
    """A run that exceeds its time limit is a finding, with a warning."""
    with scripted(silent) as url:
        outcome = waypost("conformance", url, "example.com", "--timeout", "0.1", "--total", "0.3")

    assert outcome.code == 1
    assert (
        "warning: some checks are missing, because the time limit was too short; see --total"
        in outcome.err
    )
    assert re.search(r"\nNine +not checked +the time for all answers is used up", outcome.out)
    assert " works " not in outcome.out


BAD_USE = [
    # arguments, what is said
    (["ftp://x", "example.com"], "'ftp://x' is not a URL like"),
    (["http://127.0.0.1:1", "exa mple.com"], "DOMAIN: "),
    (["http://127.0.0.1:1", "example.com", "--local-part", "a\nb"], "--local-part: "),
    (["http://127.0.0.1:1", "example.com", "--address", "a\nb"], "--local-part: "),
    (["http://127.0.0.1:1", "example.com", "--unserved", "x y"], "--unserved: "),
    (["http://127.0.0.1:1", "example.com", "--unserved", "EXAMPLE.com"], "--unserved: example.com"),
    (["http://127.0.0.1:1", "example.com", "--also", "x y"], "--also: "),
    (["http://127.0.0.1:1", "example.com", "--timeout", "0"], "--timeout"),
    (["http://127.0.0.1:1", "example.com", "--resolver", "dns.example"], "--resolver: "),
    (["http://127.0.0.1:1", "example.com", "--resolver", "127.0.0.1:0"], "--resolver: "),
    (["http://127.0.0.1:1", "example.com", "--resolver", "[::1]x"], "--resolver: "),
    (["http://127.0.0.1:1"], "Missing argument 'DOMAIN'"),
]


@pytest.mark.parametrize(("arguments", "said"), BAD_USE)
def test_wrong_use(waypost: Waypost, arguments: list[str], said: str) -> None:
    """Wrong use is one line with exit code 2, and no request is sent."""
    outcome = waypost("conformance", *arguments)
    assert outcome.code == 2
    assert said in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.servers
def test_dns_that_waypost_publishes(waypost: Waypost, served: RunningWaypost, dns: Named) -> None:
    """With the records that Waypost prints, DNS agrees, and its digest matches."""
    places = "--providers", f"{DEMO}", "--public-url", "https://setup.example.com"
    zone = waypost("show", "dns", "example.com", *places).out
    hosts = [f"{name}.example.com" for name in ("setup", "dav", "imap", "pop", "smtp")]
    dns.load("example.com", f"{zone}example.com. 3600 IN MX 10 mx.hoster.example.\n", hosts)
    url, resolver = f"http://127.0.0.1:{served.port}", f"127.0.0.1:{dns.port}"
    outcome = waypost("conformance", url, "example.com", "--resolver", resolver, "--json")

    answer = json.loads(outcome.out)
    assert answer["unanswered"] == []
    rows = {row["key"]: row for row in answer["clients"] + answer["rules"]}
    assert {rows[key]["verdict"] for key in ("digest", "services", "pacc")} == {"works"}
    assert rows["fairemail"]["verdict"] == "works", rows["fairemail"]

    dns.load("example.com", zone.replace("993 imap", "994 imap").replace("d=", "d=x"), hosts)
    outcome = waypost("conformance", url, "example.com", "--resolver", resolver, "--json")
    rows = {row["key"]: row for row in json.loads(outcome.out)["rules"]}
    assert outcome.code == 1
    assert "which Autoconfig does not name" in rows["services"]["findings"][0]
    assert "has the digest of the document" in rows["digest"]["findings"][0]


@pytest.mark.slow
@pytest.mark.parametrize("script", [Script.DEAD, Script.HANGING, Script.SERVFAIL])
def test_dns_does_not_answer(waypost: Waypost, script: Script) -> None:
    """A resolver that does not answer comes first, and what depends on it is not checked."""
    with scripted(fixed(404)) as url, resolver(script) as port:
        arguments = "--resolver", f"127.0.0.1:{port}", "--timeout", "0.2"
        outcome = waypost("conformance", url, "example.com", *arguments)
        answer = json.loads(waypost("conformance", url, "example.com", *arguments, "--json").out)
    assert outcome.code == 1
    assert outcome.out.splitlines()[2].startswith("error dns-silent: ")
    assert outcome.out.count(f"the resolver at 127.0.0.1 port {port} ") == 1
    assert re.search(r"\nFairEmail +not checked +dns-silent\n", outcome.out)
    assert re.search(r"\nKMail +fails +status 404\n", outcome.out)
    assert answer["unanswered"]
    assert not any("Timeout" in line or "Servers" in line for line in answer["unanswered"])


def test_no_server_listens(waypost: Waypost) -> None:
    """A server that does not exist is wrong use, and is reported at once."""
    port = free_port()
    outcome = waypost("conformance", f"http://127.0.0.1:{port}", "example.com")
    assert outcome.code == 2
    assert outcome.err.startswith(f"error: 127.0.0.1 port {port} does not answer")


SURROGATE = b'{"Protocol": "ActiveSync", "Url": "https://eas.example/\\ud800"}'


def test_texts_that_are_not_unicode(waypost: Waypost) -> None:
    """Texts of a server that are not Unicode break neither the report nor its JSON."""
    with scripted(fixed(200, SURROGATE)) as url:
        shown = waypost("conformance", url, "example.com")
        outcome = waypost("conformance", url, "example.com", "--json")
    assert (shown.code, outcome.code) == (1, 1)
    rows = {row["key"]: row for row in json.loads(outcome.out)["clients"]}
    assert rows["nine"]["other_services"] == ["activesync https://eas.example/?"]


def test_flags_are_documented(waypost: Waypost) -> None:
    """The page describes each flag of the command."""
    page = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
    flags = set(re.findall(r"--[a-z]+", waypost("conformance", "--help").out)) - {"--help"}
    assert len(flags) == 9
    assert all(re.search(rf"^\| `(-v`, `)?{flag}", page, re.MULTILINE) for flag in flags)
