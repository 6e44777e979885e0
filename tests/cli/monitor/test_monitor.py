"""`waypost monitor`: once on real servers, and as a service."""

import json
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.cli.checks.doctor_network import DOMAIN, PROVIDERS, PUBLIC_URL, Setting, set_up
from tests.cli.conftest import Outcome, Waypost
from tests.diagnostics.resolvers import Script, resolver
from tests.docs.pages import ROOT
from tests.servers.authority import Authority
from tests.servers.forked import run_waypost
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.private_network import private_network
from tests.servers.requirements import require
from tests.servers.service_manager import ServiceManager
from tests.servers.waypost import SOURCE, free_port
from tests.servers.waypost import waypost as running_waypost

UNIT = ROOT / "contrib" / "waypost-monitor.service"
PAGE = ROOT / "docs" / "monitor.md"
MORE = """
[[provider]]
name = "Unserved here"
domains = ["other.example", "*.example.net"]
services = [
  { type = "imap", host = "imap.good.example" },
  { type = "smtp", host = "smtp.other.example" },
]
"""


@pytest.mark.servers
def test_changes_on_real_servers(waypost: Waypost, tmp_path: Path) -> None:
    """Good servers give no finding; what breaks is reported once, with the command, and its end."""
    require(private_network=True, programs=["nginx", "dovecot", "named", "named-checkzone"])
    authority = Authority.create(tmp_path)
    seen = tmp_path / "seen.json"
    notify = f'monitor_notify = ["sh", "-c", "cat >> {seen}"]\n'
    (tmp_path / "waypost.toml").write_text(notify, encoding="utf-8")
    good = Setting()
    without_name = good.zone
    bad = replace(
        good,
        mail_days=(-30, -1),
        zone=lambda zone: re.sub(r"(?m)^autoconfig\..*\n", "", without_name(zone)),
    )
    with private_network():
        folder = tmp_path / "served"
        folder.mkdir()
        providers = folder / "own.toml"
        providers.write_text(PROVIDERS, encoding="utf-8")
        with running_waypost(folder, providers, proxies=1) as served:

            def check(name: str, setting: Setting, *arguments: str) -> Outcome:
                (tmp_path / name).mkdir()
                with set_up(setting, tmp_path / name, authority, served.port):
                    flags = ("--resolver", "127.0.0.1", "--ca-file", authority.certificate)
                    source = ("--providers", providers, "--public-url", PUBLIC_URL)
                    return waypost(
                        "monitor", "--once", *flags, *source, "--timeout", "3", *arguments
                    )

            first = check("first", good, "--json")
            assert first.code == 0, first.out
            state = json.loads(first.out)
            assert state["counts"] == []
            assert state["last_run"] | {"started": "", "finished": ""} == {
                "started": "",
                "finished": "",
                "domains": 1,
                "hosts": 4,
                "complete": True,
            }
            places = {one["place"] for one in state["certificates"]}
            assert {f"autoconfig.{DOMAIN}:443", f"imap imap.{DOMAIN}:143"} <= places
            assert not seen.exists()

            second = check("second", bad)
            assert second.code == 1, second.out
            assert f"  - autoconfig.{DOMAIN}: no A or AAAA record\n" in second.out
            assert f"new: certificate-expired imap imap.{DOMAIN}:993\n" in second.out

            third = check("third", good)
            assert third.code == 0, third.out
            assert f"gone: certificate-expired imap imap.{DOMAIN}:993\n" in third.out
    messages = [json.loads(line) for line in seen.read_text(encoding="utf-8").splitlines()]
    changed = [
        sorted((one["change"], one["code"]) for one in message["changes"]) for message in messages
    ]
    expired, missing = ["certificate-expired"] * 4, ["name-missing"]
    assert changed == [
        [("new", code) for code in (*expired, *missing)],
        [("gone", code) for code in (*expired, *missing)],
    ]


@pytest.fixture(name="nxdomain")
def _nxdomain() -> Iterator[str]:
    """A resolver that knows no name."""
    with resolver(Script.NXDOMAIN) as port:
        yield f"127.0.0.1:{port}"


def test_filters(waypost: Waypost, home: Path, nxdomain: str) -> None:
    """Domains, patterns and providers select what is checked, and the report has nothing else."""
    (home / "mail.toml").write_text(PROVIDERS + MORE, encoding="utf-8")
    flags = ("--providers", "mail.toml", "--resolver", nxdomain, "--json", "--rate", "99")
    once = ("monitor", "--once", *flags)
    everything = json.loads(waypost(*once).out)
    names = {one["name"] for one in everything["subjects"] if one["kind"] == "domain"}
    assert names == {"good.example", "other.example"}

    def checked(*arguments: str) -> set[str]:
        found = json.loads(waypost(*once, *arguments).out)
        return {one["name"] for one in found["subjects"] if one["kind"] == "domain"}

    assert checked("--domain", "Other.Example") == {"other.example"}
    assert checked("--domain", "*.example", "--provider", "Good Mail") == {"good.example"}
    # A pattern serves it, so that only its name shows that it exists.
    assert checked("--domain", "a.example.net") == {"a.example.net"}
    assert "1 pattern is left out" in waypost(*once).err


WRONG = [
    # arguments, the exit code, and what the line says
    (["--domain", "x y"], 2, "domain"),
    (["--domain", "unserved.example"], 1, "--domain: unserved.example is not served here"),
    (["--provider", "Missing"], 1, "--provider: no provider with the name Missing"),
    (["--interval", "5"], 2, "--interval"),
    (["--rate", "0"], 2, "--rate"),
    (["--resolver", "ns.example"], 2, "--resolver"),
    (["--ca-file", "missing.pem"], 2, "--ca-file: missing.pem"),
    (["--timeout", "0"], 2, "--timeout"),
    (["--state", "mail.toml"], 2, "mail.toml: cannot be written"),
    (["--providers", "missing.toml"], 2, "missing.toml"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), WRONG, ids=[row[2] for row in WRONG])
def test_wrong_use(
    waypost: Waypost, home: Path, arguments: list[str], code: int, said: str
) -> None:
    """Each mistake is one line that names the option."""
    (home / "mail.toml").write_text(PROVIDERS, encoding="utf-8")
    outcome = waypost("monitor", "--once", "--providers", "mail.toml", *arguments)
    assert (outcome.code, outcome.out) == (code, ""), outcome.err
    assert said in outcome.err


def test_command_that_does_not_exist(
    waypost: Waypost, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing command is an error at the start, not at the first finding."""
    monkeypatch.setenv("WAYPOST_MONITOR_NOTIFY", f"{home}/no-such-program")
    outcome = waypost("monitor", "--once", "--demo")
    assert outcome.code == 2
    assert "monitor_notify: " in outcome.err


def test_state_that_cannot_be_read(waypost: Waypost, home: Path, nxdomain: str) -> None:
    """Earlier results that are no JSON are reported and replaced."""
    folder = home / "state"
    folder.mkdir()
    (folder / "state.json").write_text("{", encoding="utf-8")
    (home / "mail.toml").write_text(PROVIDERS, encoding="utf-8")
    flags = ("--providers", "mail.toml", "--state", folder, "--resolver", nxdomain)
    outcome = waypost("monitor", "--once", *flags)
    assert "earlier results not used; all findings count as new" in outcome.err
    assert json.loads((folder / "state.json").read_text(encoding="utf-8"))["version"] == 1


def test_resolver_that_does_not_answer(waypost: Waypost, home: Path) -> None:
    """Without a resolver there is one finding, and no domain counts as broken."""
    (home / "mail.toml").write_text(PROVIDERS, encoding="utf-8")
    with resolver(Script.HANGING) as port:
        flags = ("--providers", "mail.toml", "--resolver", f"127.0.0.1:{port}", "--timeout", "0.3")
        outcome = waypost("monitor", "--once", *flags)
    assert outcome.code == 1
    assert outcome.out.startswith("0 domains, 0 mail servers: 1 error\n\nerror dns-silent")
    assert "not everything was checked: the resolver of this machine does not" in outcome.err


def environment(home: Path, **variables: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("WAYPOST_")}
    return kept | {"PYTHONPATH": f"{SOURCE}:{ROOT}", "HOME": f"{home}"} | variables


@pytest.mark.servers
def test_service(home: Path, nxdomain: str) -> None:
    """A confined service is ready, checks, shows metrics, reads its settings again, and ends."""
    require(programs=["systemd-analyze"], root=True)
    (home / "mail.toml").write_text(PROVIDERS, encoding="utf-8")
    settings, port = home / "waypost.toml", free_port()
    settings.write_text(f'providers = "mail.toml"\nmonitor_port = {port}\n', encoding="utf-8")
    confined = [sys.executable, "-m", "tests.servers.confined", f"{UNIT}"]
    command = [*confined, sys.executable, "-m", "waypost", "monitor", "--resolver", nxdomain]
    with ServiceManager(home, watchdog_seconds=30.0) as manager:
        manager.start(command, environment(home, WAYPOST_LOG_FORMAT="json"))
        manager.wait_for_status("6 errors, 1 warning in 1 domain")
        assert manager.count("WATCHDOG") >= 1
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_SECONDS).text
        assert 'waypost_monitor_findings{code="mail-missing",severity="error"} 4.0' in text
        assert 'waypost_monitor_findings{code="name-missing",severity="error"} 2.0' in text
        assert "waypost_monitor_interval_seconds 3600.0" in text
        settings.write_text(
            f'providers = "mail.toml"\nmonitor_port = {port}\nmonitor_interval = 7200\n',
            encoding="utf-8",
        )
        (home / "mail.toml").write_text(PROVIDERS + MORE, encoding="utf-8")
        manager.send(signal.SIGHUP)
        manager.wait_for("READY", 2)
        manager.wait_for_status("9 errors, 1 warning in 2 domains")
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_SECONDS).text
        assert "waypost_monitor_interval_seconds 7200.0" in text
        settings.write_text("monitor_interval = 1\n", encoding="utf-8")
        manager.send(signal.SIGHUP)
        manager.wait_for("READY", 3)
        started = time.monotonic()
        assert manager.stop() == 0
        assert time.monotonic() - started < PATIENCE_SECONDS
        manager.wait_for("STOPPING")
    log = manager.log.read_text(encoding="utf-8").splitlines()
    lines = [json.loads(line) for line in log if line.startswith("{")]
    assert not [line for line in log if "Traceback" in line]
    new = [line for line in lines if line["event"] == "new finding"]
    places = [(line["code"], line["place"]) for line in new]
    assert len(places) == len(set(places))
    missing = next(line for line in new if line["code"] == "name-missing")
    assert (missing["level"], missing["domain"]) == ("error", "good.example")
    assert any(line["event"].startswith("settings rejected; keeping") for line in lines)
    assert lines[-1]["event"] == "monitor stopped"


def test_port_in_use(home: Path, nxdomain: str) -> None:
    """A port that another program uses is an error that names the option."""
    (home / "mail.toml").write_text(PROVIDERS, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        own = environment(home, WAYPOST_PROVIDERS="mail.toml", WAYPOST_MONITOR_PORT=f"{port}")
        done = run_waypost("monitor", "--resolver", nxdomain, environment=own, folder=home)
    assert done.returncode == 2
    assert f"monitor_port 127.0.0.1:{port}: cannot listen" in done.stderr


def test_every_flag_is_documented(waypost: Waypost) -> None:
    """The page has a row for each flag."""
    flags = set(re.findall(r"--[a-z]+(?:-[a-z]+)*", waypost("monitor", "--help").out)) - {"--help"}
    rows = re.findall(r"^\| `(?:-v`, `)?(--[a-z-]+)", PAGE.read_text("utf-8"), re.MULTILINE)
    assert flags == set(rows)
