"""`waypost init`: wrong use, files that exist, terminals, and hostile networks."""

import json
import os
import pty
import re
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from dns.message import from_wire, make_response
from dns.rcode import Rcode
from dns.rdatatype import RdataType
from dns.rrset import from_text

from tests.cli.checks.doctor_network import DOMAIN, Setting, set_up
from tests.cli.conftest import Outcome, Waypost
from tests.diagnostics.resolvers import Script, name_server, resolver
from tests.servers.authority import Authority
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.requirements import require
from tests.servers.waypost import SOURCE, RunningWaypost, free_port
from waypost.cli.init import activation
from waypost.cli.init.activation import run_steps
from waypost.providers_file.load import read_providers
from waypost.setup.web_servers import SetupStep

GIVEN = ("--imap", "imap.example.com", "--smtp", "smtp.example.com:587")
# For a resolver that does not answer, and for one that answers all queries.
SILENT = ("--timeout", "0.1", "--total", "60", "--ispdb", "none")
ANSWERING = ("--timeout", "60", "--total", "60", "--ispdb", "none")


@pytest.fixture(name="offline")
def _offline() -> tuple[str, ...]:
    """Options for a command that reaches no network: no resolver is at this port."""
    return (*SILENT, "--total", "0.1", "--resolver", f"127.0.0.1:{free_port()}")


WRONG = [
    # arguments, a part of the error
    (("",), "is neither an address such as"),
    (("192.0.2.1",), "an IP address is not a mail domain"),
    (("2001:db8::1",), "is neither an address such as"),
    (("exa mple.com",), "characters other than letters"),
    (("*.example.com",), "a pattern publishes nothing"),
    (("a" * 2000,), "the domain is longer than"),
    (("example.com\x1b[2J",), "characters other than letters"),
    (("example.com", "--imap", "a..b"), "--imap: 'a..b': must be a host name"),
    (("example.com", "--imap", "a.example:0"), "--imap: '0': the port must be from 1 to 65535"),
    (("example.com", "--smtp", "a.example:x"), "--smtp: 'x': the port must be from 1 to 65535"),
    (("example.com", "--pop3", "a.example:99"), "--pop3: 99: this port does not say whether"),
    (("example.com", "--imap", "192.0.2.1"), "--imap: '192.0.2.1': must be a host name"),
    (("example.com", "--imap", "a..b", "--smtp", "c..d"), "--smtp: 'c..d': must be a host name"),
    (("example.com", "--address", "bob@example.net"), "must be an address of example.com"),
    (("example.com", "--address", "bob"), "the address has no @"),
    (("example.com", "--web-server", "lighttpd"), "'lighttpd' is not one of"),
    (("example.com", "--ispdb", "nonsense"), "--ispdb:"),
    (("example.com", "--resolver", "nonsense"), "--resolver: nonsense: must be"),
    (("example.com", "--ca-file", "/nonexistent"), "--ca-file: /nonexistent"),
    (("example.com", "--start", "--dry-run"), "--start: works only without"),
    (("example.com", *GIVEN, "--name", "x" * 200), "name"),
    ((), "Missing argument"),
]


@pytest.mark.parametrize(("arguments", "error"), WRONG)
def test_wrong_use(
    waypost: Waypost,
    tmp_path: Path,
    offline: tuple[str, ...],
    arguments: tuple[str, ...],
    error: str,
) -> None:
    """Wrong use ends with code 2, one error that names the option, and no file."""
    more = () if "--resolver" in arguments else offline
    output = () if "--start" in arguments else ("--output", tmp_path / "root")
    outcome = waypost("init", *more, *output, *arguments)
    assert (outcome.code, outcome.out) == (2, ""), outcome
    assert error in " ".join(outcome.err.replace("│", " ").split())
    assert "\x1b" not in outcome.err
    assert not (tmp_path / "root").exists()


NETWORKS = [
    # what the resolver does, time limits, a part of the error
    (Script.DEAD, SILENT, "the resolver at 127.0.0.1 port "),
    (Script.HANGING, SILENT, "does not answer; try another resolver with --resolver"),
    (Script.NONSENSE, SILENT, "the resolver at 127.0.0.1 port "),
    (Script.SERVFAIL, ANSWERING, "answers SERVFAIL; try another resolver with --resolver"),
    (Script.REFUSED, ANSWERING, "answers REFUSED; try another resolver with --resolver"),
    (Script.NXDOMAIN, ANSWERING, "DOMAIN: DNS has no domain example.com"),
]


@pytest.mark.parametrize(("script", "limits", "error"), NETWORKS)
def test_network(
    waypost: Waypost, tmp_path: Path, script: Script, limits: tuple[str, ...], error: str
) -> None:
    """Without DNS, or without such a domain, nothing is written, and the error says what to do."""
    with resolver(script) as port:
        outcome = waypost(
            *("init", "example.com", "--output", tmp_path / "root", *limits),
            *("--resolver", f"127.0.0.1:{port}"),
        )
    assert (outcome.code, outcome.out) == (2, "")
    assert error in outcome.err
    assert not (tmp_path / "root").exists()


def written(root: Path) -> dict[str, str]:
    """Return the files below a root, by their path."""
    return {
        f"/{path.relative_to(root)}": path.read_text(encoding="utf-8")
        for path in root.rglob("*")
        if path.is_file()
    }


def written_names(root: Path) -> list[str]:
    """Return the files below `etc` of a root."""
    return [f"{path}" for path in (root / "etc").rglob("*") if path.is_file()]


def test_files(waypost: Waypost, tmp_path: Path, offline: tuple[str, ...]) -> None:
    """Without a network, named servers are enough, and the files are what a dry run shows."""
    root = tmp_path / "root"
    flags = ("init", "bücher.example", "--output", root, "--web-server", "nginx", *GIVEN, *offline)
    planned = waypost(*flags, "--dry-run", "--json")
    assert planned.code == 0
    assert not root.exists()
    outcome = waypost(*flags)
    assert outcome.code == 0, outcome
    files = written(root)
    assert files == {one["path"]: one["text"] for one in json.loads(planned.out)["files"]}
    assert set(files) == {
        "/etc/waypost/providers.toml",
        "/etc/waypost/waypost.toml",
        "/etc/systemd/system/waypost.service",
        "/etc/nginx/conf.d/waypost-xn--bcher-kva.example.conf",
    }
    modes = {stat.S_IMODE(path.stat().st_mode) for path in root.rglob("*") if path.is_file()}
    assert modes == {0o644}
    assert "xn--bcher-kva.example: mail servers found" in outcome.out
    assert "certbot --nginx --no-redirect -d autoconfig.xn--bcher-kva.example" in outcome.out
    served = waypost(
        *("show", "autoconfig", "alice@bücher.example"),
        *("--providers", root / "etc/waypost/providers.toml"),
    )
    assert "<hostname>imap.example.com</hostname>" in served.out


def test_second_run(waypost: Waypost, tmp_path: Path, offline: tuple[str, ...]) -> None:
    """A second run changes nothing; with other servers it prints the file that it did not write."""
    root = tmp_path / "root"
    flags = ("init", "example.com", "--output", root, "--web-server", "caddy", *offline)
    assert waypost(*flags, *GIVEN).code == 0
    before = written(root)
    again = waypost(*flags, *GIVEN)
    assert (again.code, again.out.count("exists already")) == (0, 4)
    other = waypost(*flags, "--imap", "other.example.com", "--smtp", "smtp.example.com")
    assert other.code == 1
    assert 'host = "other.example.com"' in other.out
    assert "/etc/waypost/providers.toml exists: compare it with the text above" in other.out
    assert written(root) == before


def test_file_that_cannot_be_written(
    waypost: Waypost, tmp_path: Path, offline: tuple[str, ...]
) -> None:
    """If one file fails, the others are written, its text is printed, and the exit code is 2."""
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc/nginx").write_text("no folder")
    flags = ("--output", root, "--web-server", "nginx", *GIVEN, *offline)
    outcome = waypost("init", "example.com", *flags)
    assert outcome.code == 2
    assert "/etc/nginx/conf.d/waypost-example.com.conf" in outcome.out
    assert f"{root}/etc/nginx is not a folder; write the file as root" in outcome.out
    assert "server_name autoconfig.example.com" in outcome.out
    assert "/etc/waypost/providers.toml" in written(root)


def test_settings_of_the_package(
    waypost: Waypost, tmp_path: Path, offline: tuple[str, ...]
) -> None:
    """The settings file of the package, which has only comments, gets the settings."""
    settings = tmp_path / "root/etc/waypost/waypost.toml"
    settings.parent.mkdir(parents=True)
    sample = waypost("config", "sample").out
    settings.write_text(sample, encoding="utf-8")
    outcome = waypost("init", "example.com", "--output", tmp_path / "root", *GIVEN, *offline)
    assert outcome.code == 0
    assert "lines added" in outcome.out
    text = settings.read_text(encoding="utf-8")
    assert text.startswith(sample)
    assert '\nproviders = "/etc/waypost/providers.toml"\n' in text


def test_domains_in_a_database(waypost: Waypost, tmp_path: Path, offline: tuple[str, ...]) -> None:
    """A database that has domains is not hidden by a new providers file; an empty one may be."""
    root = tmp_path / "root"
    database = root / "var/lib/waypost/waypost.sqlite"
    database.parent.mkdir(parents=True)
    uri = ("--db-uri", f"sqlite:///{database}")
    flags = ("init", "example.com", "--output", root, "--web-server", "caddy", *GIVEN, *offline)
    assert waypost("db", "upgrade", *uri).code == 0
    assert waypost(*flags, "--dry-run").err.count("warning: ") == 0
    assert waypost("apply", "--demo", *uri).code == 0
    files = {path: path.read_bytes() for path in database.parent.iterdir()}
    planned = waypost(*flags, "--dry-run")
    assert f"warning: {database}: this database has " in planned.err
    assert files == {path: path.read_bytes() for path in database.parent.iterdir()}
    before = set(written_names(root))
    outcome = waypost(*flags)
    assert (outcome.code, outcome.out) == (2, "")
    assert f"error: {database}: this database has " in outcome.err
    assert "`waypost domain add example.com`" in outcome.err
    assert set(written_names(root)) == before
    (root / "etc/waypost").mkdir(parents=True)
    (root / "etc/waypost/waypost.toml").write_text("workers = 1\n")
    assert waypost(*flags).code == 1  # The settings stay, so nothing is hidden.
    (root / "etc/waypost/waypost.toml").unlink()
    database.write_bytes(b"no database" * 100)
    assert "this database cannot be read" in waypost(*flags).err


def test_one_server_and_no_domain(waypost: Waypost, tmp_path: Path) -> None:
    """If only one server is named, the domain must exist, so that the other one can be found."""
    with resolver(Script.NXDOMAIN) as port:
        outcome = waypost(
            *("init", "example.com", "--output", tmp_path, "--imap", "imap.example.com"),
            *(*ANSWERING, "--resolver", f"127.0.0.1:{port}"),
        )
    assert (outcome.code, written(tmp_path)) == (2, {})


@pytest.mark.servers
def test_read_only_target(waypost: Waypost, tmp_path: Path, offline: tuple[str, ...]) -> None:
    """A target that is read-only is an error before anything is asked or written."""
    require(programs=["unshare", "mount"], root=True, private_network=True)
    folder = tmp_path / "root"
    folder.mkdir()
    script = f'mount --bind {folder} {folder} && mount -o remount,bind,ro {folder} && exec "$@"'
    command = [sys.executable, "-m", "waypost", "init", "example.com", "--output", f"{folder}"]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", *command, *GIVEN, *offline],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": f"{SOURCE}"},
        timeout=PATIENCE_SECONDS,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{folder}: read-only file system; run the command as root" in done.stderr
    assert waypost("version").code == 0


def on_a_terminal(home: Path, answers: str, *arguments: str) -> tuple[int, str]:
    """Run `waypost init` with a terminal, type answers, and return the exit code and the text."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "waypost", "init", *arguments],
        cwd=home,
        env={"PYTHONPATH": f"{SOURCE}", "HOME": f"{home}", "TERM": "dumb", "PATH": "/usr/bin"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    os.write(controller, answers.encode())
    seen = b""
    with suppress(OSError):  # EIO: the other end is closed.
        while part := os.read(controller, 4096):
            seen += part
    os.close(controller)
    return process.wait(PATIENCE_SECONDS), re.sub(r"\r", "", seen.decode())


def test_questions_on_a_terminal(home: Path, offline: tuple[str, ...]) -> None:
    """On a terminal, the files are written after a yes only."""
    root = home / "root"
    flags = ("example.com", "--output", f"{root}", "--web-server", "none", *GIVEN, *offline)
    code, text = on_a_terminal(home, "n\n", *flags)
    assert (code, "Write these files? [Y/n]" in text, root.exists()) == (1, True, False)
    code, text = on_a_terminal(home, "\n", *flags)
    assert code == 0, text
    assert set(written(root)) >= {"/etc/waypost/providers.toml", "/etc/waypost/waypost.toml"}


def _only_the_domain(query: bytes) -> bytes:
    """Answer that example.com exists, and nothing else."""
    reply = make_response(from_wire(query))
    question = reply.question[0]
    name = f"{question.name}"
    if question.rdtype == RdataType.NS and name == "example.com.":
        reply.answer.append(from_text(name, 60, "IN", "NS", "ns.example.com."))
    elif name != "example.com.":
        reply.set_rcode(Rcode.NXDOMAIN)
    return reply.to_wire()


def test_questions_about_servers(home: Path) -> None:
    """On a terminal, servers that were not found are asked for, until the answer is a host."""
    flags = ("example.com", "--output", f"{home}/root", "--web-server", "none", *ANSWERING)
    answers = "a..b\nimap.example.com\nsmtp.example.com:587\ny\n"
    with name_server(_only_the_domain) as port:
        code, text = on_a_terminal(home, answers, *flags, "--resolver", f"127.0.0.1:{port}")
    assert code == 0, text
    assert "no incoming and no outgoing mail service was found" in text
    assert "must be a host name, with or without a port, such as imap.example.com" in text
    providers = written(home / "root")["/etc/waypost/providers.toml"]
    assert '{ type = "imap", host = "imap.example.com" }' in providers
    assert '{ type = "smtp", host = "smtp.example.com", port = 587 }' in providers


def test_no_servers_without_a_terminal(waypost: Waypost, tmp_path: Path) -> None:
    """Without a terminal, servers that were not found are comments, and the exit code is 1."""
    flags = ("--output", tmp_path / "root", "--web-server", "none", *ANSWERING)
    with name_server(_only_the_domain) as port:
        outcome = waypost("init", "example.com", *flags, "--resolver", f"127.0.0.1:{port}")
    assert outcome.code == 1
    assert "no incoming and no outgoing mail service: add the server to services in" in outcome.out
    providers = written(tmp_path / "root")["/etc/waypost/providers.toml"]
    assert '#services = [\n#  { type = "imap", host = "imap.example.com" },' in providers


STEPS = [
    # command, the reason of its failure
    ("true", ""),
    ("sh -c 'echo first; echo why >&2; exit 3'", "first; why"),
    ("false", "exit code 1"),
    ("waypost-no-such-program", "there is no such program"),
    ("/", "Permission denied"),
]


@pytest.mark.parametrize(("command", "reason"), STEPS)
def test_steps(command: str, reason: str) -> None:
    """A step that fails says why, and the steps after it are not run."""
    steps = [
        SetupStep(command, "first", can_run=True),
        SetupStep("false", "for the operator"),
        SetupStep("true", "last", can_run=True),
    ]
    first, second, last = run_steps(steps)
    assert (first.is_done, first.reason) == (not reason, reason)
    assert (second.is_done, second.reason) == (False, "")
    assert (last.is_done, last.reason) == (not reason, "")


def test_step_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that does not end is stopped, and counts as failed."""
    monkeypatch.setattr(activation, "STEP_SECONDS_MAX", 0.1)
    (result,) = run_steps([SetupStep("sleep 60", "wait", can_run=True)])
    assert result.reason == "it did not end within 0.1 seconds"


def only_hosts(zone: str) -> str:
    """Return a zone without SRV records, and without the names of Autoconfig."""
    lines = [line for line in zone.splitlines() if " SRV " not in line and "auto" not in line]
    return "\n".join(lines) + "\n"


def without_web_names(zone: str) -> str:
    """Return a zone with SRV records, but without the names of Autoconfig."""
    lines = [line for line in zone.splitlines() if not line.startswith(("auto", "ua-auto"))]
    return "\n".join(lines) + "\n"


FOUND = [
    # what is there, what the source of the servers is, codes of findings
    (Setting(), "the Autoconfig document of good.example", set()),
    (
        Setting(zone=without_web_names, sites=()),
        "the SRV records of good.example",
        {"name-missing"},
    ),
    (Setting(zone=only_hosts, sites=()), "imap answers at imap.good.example", {"name-missing"}),
    (
        Setting(mail_days=(-30, 5)),
        "the Autoconfig document of good.example",
        {"certificate-soon"},
    ),
    (
        Setting(mail_is_trusted=False),
        "the Autoconfig document of good.example",
        {"certificate-untrusted"},
    ),
    (
        Setting(has_smtp=False),
        "the Autoconfig document of good.example",
        {"mail-silent"},
    ),
]


def find(
    waypost: Waypost, setting: Setting, folder: Path, authority: Authority, port: int
) -> Outcome:
    """Run the command in a setting, below an empty root."""
    (folder / "setting").mkdir()
    with set_up(setting, folder / "setting", authority, port):
        return waypost(
            *("init", DOMAIN, "--output", folder / "root", "--resolver", "127.0.0.1"),
            *("--ca-file", authority.certificate, "--timeout", "3", "--web-server", "nginx"),
            "--json",
        )


@pytest.mark.servers
@pytest.mark.parametrize(("setting", "source", "codes"), FOUND)
def test_real_servers(  # noqa: PLR0917 -- each is a fixture or a part of the case
    waypost: Waypost,
    tmp_path: Path,
    authority: Authority,
    served: RunningWaypost,
    setting: Setting,
    source: str,
    codes: set[str],
) -> None:
    """The servers are found in the best source, checked, and written; problems are named."""
    outcome = find(waypost, setting, tmp_path, authority, served.port)
    answer = json.loads(outcome.out)
    assert outcome.code == 0, outcome
    assert answer["sources"][0] == source
    assert set(answer["services"]) >= {"imap imap.good.example:993 tls"}
    found = {finding["code"] for finding in answer["findings"]}
    assert codes <= found, found
    text = (tmp_path / "root/etc/waypost/providers.toml").read_text(encoding="utf-8")
    (domain,) = read_providers(text, name="providers.toml", format="toml").catalog.domains
    assert {service.type.value for service in domain.services} >= {"imap", "smtp"}


@pytest.mark.servers
def test_half_a_domain(
    waypost: Waypost, tmp_path: Path, authority: Authority, served: RunningWaypost
) -> None:
    """If no server for sending mail is found, the file has a comment, and the exit code is 1."""
    setting = Setting(zone=only_hosts, sites=(), has_smtp=False)
    outcome = find(waypost, setting, tmp_path, authority, served.port)
    answer = json.loads(outcome.out)
    assert (outcome.code, answer["missing_service"]) == (1, "no outgoing mail service")
    text = (tmp_path / "root/etc/waypost/providers.toml").read_text(encoding="utf-8")
    assert "# No outgoing mail server was found" in text
    assert any("no outgoing mail service" in line for line in answer["missing"])
