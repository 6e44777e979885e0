"""`waypost doctor`, on real servers that are correct, or have one mistake."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.checks.doctor_network import (
    ALIAS,
    DOMAIN,
    HOSTER,
    PROVIDERS,
    PUBLIC_URL,
    WEB,
    Setting,
    set_up,
)
from tests.cli.conftest import Outcome, Waypost
from tests.cli.golden_text import REPORTS, check
from tests.diagnostics.resolvers import Script, resolver
from tests.servers.authority import Authority
from tests.servers.nginx import Site
from tests.servers.waypost import RunningWaypost
from waypost.diagnostics.doctor.codes import DOCTOR_CODES
from waypost.diagnostics.simulated_clients import CLIENTS

PAGE = Path(__file__).parents[3] / "docs" / "doctor.md"
DATABASE = """<clientConfig version="1.1"><emailProvider id="good.example">
<incomingServer type="imap"><hostname>old.good.example</hostname><port>993</port>
<socketType>SSL</socketType><authentication>password-cleartext</authentication>
<username>%EMAILADDRESS%</username></incomingServer>
</emailProvider></clientConfig>
"""


Doctor = Callable[..., Outcome]


@pytest.fixture(name="doctor")
def _doctor(
    waypost: Waypost, served: RunningWaypost, authority: Authority, tmp_path: Path
) -> Doctor:
    """Return a function that starts a setting, and runs the doctor on it."""

    def look(setting: Setting, *arguments: str) -> Outcome:
        folder = tmp_path / "setting"
        folder.mkdir()
        with set_up(setting, folder, authority, served.port):
            flags = ("--resolver", "127.0.0.1", "--ca-file", authority.certificate)
            return waypost("doctor", f"alice@{DOMAIN}", *flags, "--timeout", "3", *arguments)

    return look


def codes(outcome: Outcome) -> set[str]:
    return {one["code"] for one in json.loads(outcome.out)["findings"]}


@pytest.mark.servers
def test_a_good_domain(doctor: Doctor) -> None:
    """In a correct setting there is no finding, every client works, and the exit code is 0."""
    outcome = doctor(Setting(), "--json")

    assert outcome.code == 0, outcome.out
    answer = json.loads(outcome.out)
    assert answer["findings"] == []
    assert answer["complete"] is True
    assert {row["verdict"] for row in answer["clients"]} == {"works", "not offered"}
    assert {row["verdict"] for row in answer["rules"]} <= {"works", "not offered"}


@pytest.mark.servers
def test_a_good_domain_with_its_configuration(doctor: Doctor, tmp_path: Path) -> None:
    """With the providers file, the whole zone is compared, and there is no finding either."""
    providers = tmp_path / "own.toml"
    providers.write_text(PROVIDERS, encoding="utf-8")
    outcome = doctor(Setting(), "--providers", f"{providers}", "--public-url", PUBLIC_URL)

    assert outcome.code == 0, outcome.out
    working = sum(1 for client in CLIENTS if client.expects_account)
    assert outcome.out.startswith(f"{DOMAIN}: all {working} clients work\n\nThunderbird ")
    assert outcome.err == ""


def without(start: str) -> Callable[[str], str]:
    """Return a function that removes lines with this beginning."""
    return instead(rf"^{re.escape(start)}.*\n", "")


def instead(pattern: str, text: str) -> Callable[[str], str]:
    """Return a function that replaces a text of the zone."""

    def changed(zone: str) -> str:
        done, times = re.subn(pattern, text, zone, flags=re.MULTILINE)
        assert times, zone
        return done

    return changed


AUTOCONFIG = f"autoconfig.{DOMAIN}"
_LINE = r"^autoconfig\.good\.example\..*$"
# A name server refuses a zone where these point to missing names of the zone.
_IMAP = r"imap\.good\.example\."
_NAMED = rf"^.*{_IMAP}.*\n"
BROKEN = [
    # code, where, what is set up otherwise
    ("name-missing", AUTOCONFIG, Setting(zone=without(AUTOCONFIG))),
    ("name-missing", f"autodiscover.{DOMAIN}", Setting(zone=without("autodiscover."))),
    ("name-missing", f"ua-auto-config.{DOMAIN}", Setting(zone=without("ua-auto-config."))),
    (
        "name-silent",
        f"{AUTOCONFIG}:443",
        Setting(zone=instead(_LINE, f"{AUTOCONFIG}. 3600 IN A 127.0.0.9")),
    ),
    ("name-tls", f"{AUTOCONFIG}:443", Setting(sites=[one for one in WEB if one != AUTOCONFIG])),
    ("certificate-expired", f"{AUTOCONFIG}:443", Setting(web_days=(-30, -1))),
    ("certificate-soon", f"{AUTOCONFIG}:443", Setting(web_days=(-30, 5))),
    ("certificate-future", f"{AUTOCONFIG}:443", Setting(web_days=(1, 30))),
    ("certificate-name", f"{AUTOCONFIG}:443", Setting(web_names=["www.good.example"])),
    ("certificate-untrusted", f"{AUTOCONFIG}:443", Setting(web_is_trusted=False)),
    (
        "dns-different",
        f"_imaps._tcp.{DOMAIN}",
        Setting(zone=instead(r"^(_imaps.*) 993 imap", r"\1 9993 imap")),
    ),
    ("dns-missing-calendar", f"_caldavs._tcp.{DOMAIN}", Setting(zone=without("_caldavs."))),
    (
        "srv-alias",
        f"_imaps._tcp.{DOMAIN}",
        Setting(zone=instead(rf"^(_imaps.*) 993 {_IMAP}", rf"\1 993 {ALIAS}.")),
    ),
    (
        "srv-target",
        f"_imaps._tcp.{DOMAIN}",
        Setting(zone=instead(rf"^(_imaps.*) 993 {_IMAP}", rf"\1 993 gone.{HOSTER}.")),
    ),
    (
        "pacc-digest",
        f"_ua-auto-config.{DOMAIN}",
        Setting(zone=instead(r"(_ua-auto-config.*d=)....", r"\1AAAA")),
    ),
    ("mail-none", DOMAIN, Setting(sites=[])),
    ("mail-missing", f"imap imap.{DOMAIN}:993", Setting(zone=instead(_NAMED, ""))),
    ("mail-silent", f"imap imap.{DOMAIN}:993", Setting(has_imap=False)),
    ("mail-silent", f"smtp smtp.{DOMAIN}:587", Setting(has_smtp=False)),
    ("certificate-expired", f"imap imap.{DOMAIN}:143", Setting(mail_days=(-30, -1))),
    ("certificate-name", f"smtp smtp.{DOMAIN}:465", Setting(mail_names=["mail.good.example"])),
    ("certificate-soon", f"imap imap.{DOMAIN}:993", Setting(mail_days=(-30, 13))),
    ("certificate-untrusted", f"smtp smtp.{DOMAIN}:587", Setting(mail_is_trusted=False)),
    # Without a document the mail servers are those of DNS.
    ("mail-silent", f"imap imap.{DOMAIN}:143", Setting(web_days=(-30, -1), has_imap=False)),
]


@pytest.mark.servers
@pytest.mark.parametrize(
    ("code", "place", "setting"), BROKEN, ids=[f"{row[0]} {row[1]}" for row in BROKEN]
)
def test_one_mistake(doctor: Doctor, code: str, place: str, setting: Setting) -> None:
    """Each fault is found with its code and its place, with exit code 1."""
    outcome = doctor(setting, "--json")

    assert outcome.code == 1, outcome.out
    found = json.loads(outcome.out)["findings"]
    assert (code, place) in {(one["code"], one["place"]) for one in found}, found


@pytest.mark.servers
def test_a_redirect_loop_is_named_with_its_cause(doctor: Doctor) -> None:
    """A web server that redirects https to https is found, with the line that fixes it."""
    name = f"autodiscover.{DOMAIN}"
    loop = Site("https", name, moved="302 https://$host$request_uri")
    outcome = doctor(Setting(sites=[one for one in WEB if one != name], more=[loop]))

    assert outcome.code == 1
    assert f"https://{name}/autodiscover/autodiscover.xml is redirected to itself" in outcome.out
    assert "proxy_set_header X-Forwarded-Proto $scheme;" in outcome.out


NOTED = [
    ("http-plain", Setting(http_answer='200 "Another page"')),
    ("dns-missing", Setting(zone=without("_imaps."))),
    ("name-unused", Setting(zone=without(f"{DOMAIN}. 3600 IN A"))),
]


@pytest.mark.servers
@pytest.mark.parametrize(("code", "setting"), NOTED, ids=[row[0] for row in NOTED])
def test_notes(doctor: Doctor, code: str, setting: Setting) -> None:
    """A record that few clients need is a note."""
    outcome = doctor(setting, "--json")

    found = json.loads(outcome.out)["findings"]
    assert {(one["code"], one["severity"]) for one in found} == {(code, "note")}


@pytest.mark.servers
def test_the_public_database(doctor: Doctor, tmp_path: Path) -> None:
    """A public database with other servers is a finding, but only with --ispdb."""
    files = tmp_path / "database"
    files.mkdir()
    (files / DOMAIN).write_text(DATABASE, encoding="utf-8")
    setting = Setting(
        zone=lambda zone: f"{zone}ispdb.{DOMAIN}. 3600 IN A 127.0.0.1\n",
        more=[Site("https", f"ispdb.{DOMAIN}", files=files)],
    )
    outcome = doctor(setting, "--json", "--ispdb", f"https://ispdb.{DOMAIN}/")

    assert outcome.code == 1
    assert codes(outcome) == {"ispdb-different"}
    assert "imap old.good.example:993 tls" in outcome.out


@pytest.mark.servers
@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"https://missing.{DOMAIN}/", {"ispdb-silent"}),
        (f"https://{DOMAIN}/nothing-here", set()),
    ],
)
def test_public_database_without_an_answer(doctor: Doctor, url: str, expected: set[str]) -> None:
    """A public database without an answer is a warning; one without the domain is not."""
    outcome = doctor(Setting(), "--json", "--ispdb", url)

    assert codes(outcome) == expected
    assert outcome.code == (1 if expected else 0)


def verdicts(outcome: Outcome) -> dict[str, str]:
    return {row["key"]: row["verdict"] for row in json.loads(outcome.out)["clients"]}


SILENT = [
    # what keeps clients from mail, its code, and a part of the message of each client
    (Setting(has_imap=False), "mail-silent", "connection refused"),
    (Setting(has_smtp=False), "mail-silent", "connection refused"),
    (Setting(mail_days=(-30, -1)), "certificate-expired", "imap imap.good.example"),
    (Setting(mail_is_trusted=False), "certificate-untrusted", "imap imap.good.example"),
    (Setting(mail_names=["mail.good.example"]), "certificate-name", "imap imap.good.example"),
    (Setting(zone=instead(_NAMED, "")), "mail-missing", "imap imap.good.example"),
]


@pytest.mark.servers
@pytest.mark.parametrize(("setting", "code", "message"), SILENT, ids=[row[1] for row in SILENT])
def test_no_client_works_without_its_mail_server(
    doctor: Doctor, setting: Setting, code: str, message: str
) -> None:
    """Clients of a broken mail server fail, and each has the reason."""
    outcome = doctor(setting, "--json")

    rows = json.loads(outcome.out)["clients"]
    assert set(verdicts(outcome).values()) == {"fails", "not offered"}
    message = DOCTOR_CODES[code].message
    for row in rows:
        # Claws Mail knows DNS alone, and finds no record there where the name is missing.
        is_by_dns = row["key"] == "claws-mail" and code == "mail-missing"
        if row["verdict"] == "fails" and not is_by_dns:
            assert any(line.startswith(message) for line in row["findings"]), row
            assert message in "".join(row["findings"])


@pytest.mark.servers
def test_clients_that_dns_redirects_to_another_server(doctor: Doctor) -> None:
    """A server that only SRV records point to is checked, and breaks clients that use SRV."""
    outcome = doctor(Setting(zone=instead(r"^(_imaps.*) 993 imap", r"\1 9993 imap")), "--json")

    failing = {key for key, verdict in verdicts(outcome).items() if verdict == "fails"}
    assert failing == {"fairemail", "claws-mail", "himalaya"}
    found = {(one["code"], one["place"]) for one in json.loads(outcome.out)["findings"]}
    assert ("mail-silent", f"imap imap.{DOMAIN}:9993") in found


REPORTS_OF = {
    "good": Setting(),
    "imap-is-silent": Setting(has_imap=False),
    "no-web-server": Setting(sites=[]),
    "autoconfig-is-missing": Setting(zone=without(AUTOCONFIG)),
    "certificate-expired": Setting(web_days=(-30, -1)),
    "srv-points-elsewhere": Setting(zone=instead(r"^(_imaps.*) 993 imap", r"\1 9993 imap")),
    "http-by-waypost": Setting(http_answer=""),
    "http-is-plain": Setting(http_answer='200 "Another page"'),
}


@pytest.mark.servers
@pytest.mark.parametrize("name", REPORTS_OF)
def test_report_as_text(doctor: Doctor, name: str) -> None:
    """The verdict comes first, then each code once, then a line for each client."""
    outcome = doctor(REPORTS_OF[name])
    # A digest follows from what is served, and the time of a certificate from today.
    shown = re.sub(r"d=[A-Za-z0-9+/=]{20,}", "d=DIGEST", outcome.out)
    check(REPORTS / "doctor" / f"{name}.txt", shown)
    assert outcome.err == ""


SILENT_RESOLVERS = {Script.DEAD, Script.HANGING, Script.NONSENSE}


@pytest.mark.parametrize("script", Script)
def test_unusable_resolver(waypost: Waypost, script: Script) -> None:
    """The cause is the only finding, and nothing is reported that was not seen; exit code 1."""
    seconds = "0.1" if script in SILENT_RESOLVERS else "60"
    with resolver(script) as port:
        arguments = "doctor", f"alice@{DOMAIN}", "--resolver", f"127.0.0.1:{port}"
        outcome = waypost(*arguments, "--timeout", seconds)
        scripts = waypost(*arguments, "--timeout", seconds, "--json")

    assert (outcome.code, scripts.code) == (1, 1)
    shown = outcome.out.replace(f"port {port}", "port 5353")
    check(REPORTS / "doctor" / f"resolver-{script.name.lower()}.txt", shown)
    assert not re.search(r"[A-Z][a-z]+(Error|Exception|Timeout)|NoNameservers", outcome.out)
    if script is Script.NXDOMAIN:
        assert "dns-silent" not in codes(scripts)
        return
    assert codes(scripts) == {"dns-silent"}
    answer = json.loads(scripts.out)
    assert answer["complete"] is False
    rows = answer["clients"] + answer["rules"]
    assert {row["verdict"] for row in rows} == {"not checked"}


@pytest.mark.slow
@pytest.mark.parametrize("script", [Script.SERVFAIL, Script.HANGING])
def test_a_name_that_cannot_be_looked_up(waypost: Waypost, script: Script) -> None:
    """A name without an answer of DNS has no finding, and other names are looked up."""
    with resolver(Script.NXDOMAIN, but={AUTOCONFIG: script}) as port:
        arguments = "doctor", f"alice@{DOMAIN}", "--resolver", f"127.0.0.1:{port}"
        shown = waypost(*arguments, "--timeout", "0.2")
        outcome = waypost(*arguments, "--timeout", "0.2", "--json")
    found = json.loads(outcome.out)["findings"]
    assert found[0]["code"] == "dns-silent"
    assert "does not answer" not in found[0]["place"]
    assert AUTOCONFIG in found[0]["detail"]
    missing = {one["place"] for one in found if one["code"] == "name-missing"}
    assert missing == {f"autodiscover.{DOMAIN}"}
    # It is unknown whether a document contains mail servers.
    assert "mail-none" not in codes(outcome)
    held = verdicts(outcome)
    assert held["thunderbird"] == held["kmail"] == "not checked"
    # These ask at the bare domain and at autodiscover.D alone, which are missing for certain.
    assert held["em-client"] == held["outlook-for-windows"] == "fails"
    assert shown.out.splitlines()[2].startswith("error dns-silent: ")


WRONG_USE = [
    (["alice"], "ADDRESS: the address has no @"),
    ([f"alice@{DOMAIN}", "--resolver", "ns.example"], "--resolver"),
    ([f"alice@{DOMAIN}", "--ca-file", "missing.pem"], "--ca-file: missing.pem"),
    ([f"alice@{DOMAIN}", "--ispdb", "ftp://x"], "--ispdb"),
    ([f"alice@{DOMAIN}", "--timeout", "0"], "--timeout"),
    ([], "ADDRESS"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG_USE)
def test_wrong_use(waypost: Waypost, arguments: list[str], said: str) -> None:
    """Wrong use is exit code 2, and the line has the mistake."""
    outcome = waypost("doctor", *arguments)
    assert outcome.code == 2
    assert said in outcome.err


def test_every_code_has_a_case() -> None:
    """Each fault that a setting can show has a row above; scripted servers test the rest."""
    tried = {row[0] for row in BROKEN} | {row[0] for row in NOTED}
    tried |= {"ispdb-different", "ispdb-silent", "dns-silent"}
    scripted = {"mail-private", "mail-protocol", "mail-tls", "mail-starttls", "mail-authentication"}
    assert tried | scripted == set(DOCTOR_CODES)


def test_every_flag_is_documented(waypost: Waypost) -> None:
    """The page has a row for each flag."""
    flags = set(re.findall(r"--[a-z]+(?:-[a-z]+)*", waypost("doctor", "--help").out)) - {"--help"}
    rows = re.findall(r"^\| `(?:-v`, `)?(--[a-z-]+)", PAGE.read_text("utf-8"), re.MULTILINE)
    assert flags == set(rows)
