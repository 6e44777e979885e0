"""Changing a PACC document and its digest in DNS, step by step, with real name servers."""

import json
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from dns.message import from_wire, make_response
from dns.rrset import from_text

from tests.cli.conftest import Outcome, Waypost
from tests.cli.serve.test_serve import Server, serving
from tests.cli.serve.test_serve_reload import until
from tests.diagnostics.resolvers import Script, resolver
from tests.servers.database import Database
from tests.servers.named import Named, named
from waypost.core.redaction import redact_uri
from waypost.formats.pacc import document

NAME = "_ua-auto-config.example.com"
URL = "/.well-known/user-agent-configuration.json"
HOST = {"Host": "ua-auto-config.example.com"}
NO_DNS = ("--resolver", "127.0.0.1:1")


@pytest.fixture(name="refusing")
def _refusing() -> Iterator[tuple[str, str]]:
    """Yield the flags to ask a name server that refuses all names."""
    with resolver(Script.REFUSED) as port:
        yield "--resolver", f"127.0.0.1:{port}"


def text_of(host: str, more: str = "") -> str:
    """Write a providers file."""
    return (
        '[[provider]]\nname = "Own"\ndomains = ["example.com", "*.example.net"]\n'
        f'services = [{{ type = "imap", host = "{host}" }}, '
        f'{{ type = "smtp", host = "smtp.example.com"{more} }}]\n'
    )


class Place:
    """The source of domains: a providers file, or a database that is filled from it."""

    def __init__(self, waypost: Waypost, home: Path, db_uri: str | None) -> None:
        self.waypost = waypost
        self.file = home / "mail.toml"
        self.flags = ["--providers", "mail.toml"] if db_uri is None else ["--db-uri", db_uri]
        self._db_uri = db_uri

    def change(self, text: str) -> None:
        """Replace the configuration."""
        self.file.write_text(text, encoding="utf-8")
        if self._db_uri is not None:
            assert self.waypost("apply", self.file, "--db-uri", self._db_uri).code == 0

    def run(self, *arguments: str) -> Outcome:
        """Run a command on the source."""
        return self.waypost(*arguments, *self.flags)

    def served(self) -> bytes:
        """Return the current document."""
        return self.run("show", "pacc", "example.com").out.encode()


@pytest.fixture(name="place")
def _place(waypost: Waypost, home: Path) -> Place:
    place = Place(waypost, home, None)
    place.change(text_of("old.example.com"))
    return place


@pytest.fixture(name="server", scope="module")
def _server() -> Iterator[Named]:
    with named(["example.com"]) as server:
        yield server


def publish(server: Named, *records: str, ttl: int = 300) -> tuple[str, str]:
    """Publish digests in DNS; return the flags to ask there."""
    lines = "".join(f"{NAME}. {ttl} IN TXT {record}\n" for record in records)
    server.load("example.com", lines)
    return "--resolver", f"127.0.0.1:{server.port}"


def quoted(body: bytes) -> str:
    return f'"{document.digest_record(body)}"'


def next_steps(outcome: Outcome) -> list[list[str]]:
    """Return the printed commands, as a shell splits them."""
    commands = (line.partition("waypost ")[2] for line in outcome.err.splitlines()[-4:])
    return [shlex.split(one) for one in commands if one]


@pytest.mark.parametrize("db_uri", [None, "sqlite:///my db.sqlite"], ids=["file", "database"])
def test_next_steps_can_be_copied(waypost: Waypost, home: Path, db_uri: str | None) -> None:
    """The commands that `pin` prints have its flags, and work when copied."""
    place = Place(waypost, home, db_uri)
    place.change(text_of("old.example.com"))
    pinned = place.run("pacc", "pin", "example.com")
    *changes, dns, unpin = next_steps(pinned)
    (home / "new.toml").write_text(text_of("new.example.com"), encoding="utf-8")
    if db_uri is None:
        place.change(text_of("new.example.com"))
    for change in changes:
        assert waypost(*(one.replace("FILE", "new.toml") for one in change)).code == 0
    assert waypost(*dns).out.count("UAAC1") == 2
    assert waypost(*unpin, "--force").code == 0
    assert b"new.example.com" in place.served()


@pytest.mark.parametrize(
    ("uri", "printed"),
    [
        ("sqlite:////var/lib/a b", "sqlite:////var/lib/a b"),
        ("mysql://u@h/d?charset=x", "mysql://u@h/d?charset=x"),
        ("mysql://u:s3cret@h/d?charset=x", "mysql://u:***@h/d?charset=x"),
        ("postgresql://h/d?password=s3cret", "postgresql://h/d?password=***"),
    ],
)
def test_no_password_is_printed(uri: str, printed: str) -> None:
    """A URI is printed as it was given, with `***` instead of a password."""
    assert redact_uri(uri) == printed


@pytest.mark.rule("pacc-change-in-step", "pacc-two-digests")
@pytest.mark.servers
def test_change_of_a_document_on_each_engine(
    waypost: Waypost, home: Path, database: Database, server: Named
) -> None:
    """On each engine, the old document is served until the new digest is in DNS."""
    whole_way(Place(waypost, home, database.uri), server)


@pytest.mark.rule("pacc-change-in-step")
@pytest.mark.servers
def test_change_of_a_document_of_a_file(place: Place, server: Named) -> None:
    """The same is true for a providers file, and no temporary file remains."""
    whole_way(place, server)
    assert [path.name for path in place.file.parent.iterdir()] == ["mail.toml"]


def whole_way(place: Place, server: Named) -> None:
    place.change(text_of("old.example.com"))
    old = place.served()
    pinned = place.run("pacc", "pin", "example.com")
    assert (pinned.code, pinned.out) == (0, f"{document.digest_record(old)}\n")
    assert "pacc unpin example.com" in pinned.err
    place.change(text_of("new.example.com"))
    assert place.served() == old

    again = place.run("pacc", "pin", "example.com", "--json")
    assert json.loads(again.out) == {
        "domain": "example.com",
        "name": NAME,
        "record": document.digest_record(old),
        "was_pinned": True,
    }
    shown = json.loads(place.run("show", "dns", "example.com", "--format", "json").out)
    records = [one["data"]["text"] for one in shown["records"] if one["name"] == f"{NAME}."]
    assert records[0] == document.digest_record(old)
    new = f'"{records[1]}"'

    resolver = publish(server)
    refused = place.run("pacc", "unpin", "example.com", *resolver)
    assert (refused.code, refused.out) == (1, "")
    assert f"{NAME}: the new digest is not in DNS: there is no TXT record; expected" in refused.err
    publish(server, quoted(old), ttl=77)
    only_old = place.run("pacc", "unpin", "example.com", *resolver)
    assert only_old.code == 1
    assert "there is only the old digest, with a TTL of 77 s" in only_old.err
    publish(server, '"v=spf1 -all"')
    other = place.run("pacc", "unpin", "example.com", *resolver)
    assert other.code == 1
    assert "there is 'v=spf1 -all'" in other.err
    assert place.served() == old

    publish(server, quoted(old), new)
    status = json.loads(place.run("pacc", "status", "--json", *resolver).out)
    assert status == [
        {
            "domain": "example.com",
            "pinned": True,
            "current": {"record": records[0], "in_dns": True},
            "next": {"record": records[1], "in_dns": True},
            "problem": None,
        }
    ]
    unpinned = place.run("pacc", "unpin", "example.com", *resolver)
    assert (unpinned.code, unpinned.out.count("\n")) == (0, 1)
    advice = f"remove the old digest from {NAME} after 70 s, when no client has the old document"
    assert f"{advice} any more: {records[0]}" in unpinned.err
    assert document.digest_record(place.served()) == records[1]
    assert "no document is pinned; nothing to do" in place.run("pacc", "unpin", "example.com").err


@pytest.mark.rule("pacc-txt-spelling")
@pytest.mark.servers
def test_spellings_in_dns(place: Place, server: Named) -> None:
    """A digest in several strings, and with tags in upper case, is accepted."""
    for number, change in enumerate((str.upper, str.lower)):
        assert place.run("pacc", "pin", "example.com").code == 0
        place.change(text_of(f"new{number}.example.com"))
        shown = json.loads(place.run("show", "dns", "example.com", "--format", "json").out)
        digest = shown["records"][-2]["data"]["text"].partition("d=")[2]
        tags = [f"{change(tag)}={value}" for tag, value in (("v", "UAAC1"), ("a", "sha256"))]
        strings = [f"{tags[0]};", f"{tags[1]} ;{change('d')}=", digest[:7], digest[7:]]
        resolver = publish(server, " ".join(f'"{one}"' for one in strings))

        assert place.run("pacc", "unpin", "example.com", *resolver).code == 0


@pytest.mark.servers
def test_two_processes_unpin_at_once(place: Place, server: Named) -> None:
    """If two processes unpin at the same time, neither fails, and one reports the change."""
    old = place.served()
    place.run("pacc", "pin", "example.com")
    place.change(text_of("new.example.com"))
    shown = json.loads(place.run("show", "dns", "example.com", "--format", "json").out)
    new = shown["records"][-2]["data"]["text"]
    resolver = publish(server, quoted(old), f'"{new}"')
    command = [sys.executable, "-m", "waypost", "pacc", "unpin", "example.com", *resolver]
    command += ["--json", *place.flags]
    running = [
        subprocess.Popen(command, cwd=place.file.parent, stdout=subprocess.PIPE) for _ in range(2)
    ]
    outs = [one.communicate()[0] for one in running]

    assert [one.returncode for one in running] == [0, 0]
    assert sorted(json.loads(out)["switched"] for out in outs) == [False, True]
    assert document.digest_record(place.served()) == new


def body(server: Server) -> bytes:
    return httpx.get(f"{server.place}{URL}", headers=HOST).content


@pytest.mark.rule("pacc-change-in-step")
@pytest.mark.parametrize("db_uri", [None, "sqlite:///pinned.sqlite"])
def test_running_server(waypost: Waypost, home: Path, db_uri: str | None) -> None:
    """A server sends the old bytes after a configuration change, and new ones after `unpin`."""
    place = Place(waypost, home, db_uri)
    place.change(text_of("old.example.com"))
    old = place.served()
    assert place.run("pacc", "pin", "example.com").code == 0
    with serving(home, *place.flags, "--cache-ttl", "0.2") as server:
        assert body(server) == old
        place.change(text_of("new.example.com"))
        until(lambda: autoconfig_says(server, "new.example.com"), "the change is read")
        assert body(server) == old
        assert place.run("pacc", "unpin", "example.com", "--force").code == 0
        until(lambda: body(server) != old, "the new document is served")
        assert b"new.example.com" in body(server)
        if db_uri is None:
            pinned = place.file.with_name("mail.toml.pacc.json")
            pinned.write_text("{", encoding="utf-8")
            until(lambda: f"{pinned}: line 1" in server.log.read_text(), "the mistake is logged")
            assert b"new.example.com" in body(server)


def autoconfig_says(server: Server, text: str) -> bool:
    url = f"{server.place}/mail/config-v1.1.xml?emailaddress=a@example.com"
    return text in httpx.get(url).text


def test_configuration_changes_during_the_check(place: Place, refusing: tuple[str, str]) -> None:
    """If the configuration changes while DNS is asked, `unpin` is refused."""
    old = place.served()
    place.run("pacc", "pin", "example.com")
    place.change(text_of("new.example.com"))
    new = json.loads(place.run("pacc", "status", "--json", *refusing).out)[0]["next"]["record"]
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as bound:
        bound.bind(("127.0.0.1", 0))

        def answer() -> None:
            got, peer = bound.recvfrom(4096)
            place.change(text_of("newer.example.com"))
            response = make_response(from_wire(got))
            response.answer.append(from_text(f"{NAME}.", 60, "IN", "TXT", f'"{new}"'))
            bound.sendto(response.to_wire(), peer)

        thread = threading.Thread(target=answer)
        thread.start()
        resolver = f"127.0.0.1:{bound.getsockname()[1]}"
        outcome = place.run("pacc", "unpin", "example.com", "--resolver", resolver)
        thread.join()

    assert outcome.code == 1
    assert "the configuration has changed in the meantime; run it again" in outcome.err
    assert place.served() == old


def test_same_document_needs_no_dns(place: Place) -> None:
    """If the configuration has the same document, `unpin` needs no DNS."""
    place.run("pacc", "pin", "example.com")
    same = place.run("pacc", "unpin", "example.com", *NO_DNS)

    assert same.code == 0
    assert "is the same as the pinned document" in same.err
    assert "remove the old digest" not in same.err


def test_old_digest_stays_for_a_while(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The waiting time for the old digest depends on caches of the document, not on DNS."""
    monkeypatch.setenv("WAYPOST_MAX_AGE", "86400")
    monkeypatch.setenv("WAYPOST_CACHE_TTL", "0.5")
    place.run("pacc", "pin", "example.com")
    place.change(text_of("new.example.com"))
    forced = place.run("pacc", "unpin", "example.com", "--force", "--json")

    assert json.loads(forced.out) == {
        "domain": "example.com",
        "switched": True,
        "wait_seconds": 86401,
    }


def test_no_document_to_serve_instead(place: Place) -> None:
    """If PACC cannot express the new services, `unpin` is refused, except with --force."""
    place.run("pacc", "pin", "example.com")
    place.change(text_of("new.example.com", ", port = 587"))
    shown = place.run("show", "dns", "example.com")
    assert shown.out.count("v=UAAC1") == 1
    assert "left out: ua-auto-config, after the document is unpinned" in shown.err

    refused = place.run("pacc", "unpin", "example.com", *NO_DNS)
    assert refused.code == 1
    assert (
        "has no document to serve instead: example.com cannot be described by PACC" in refused.err
    )
    assert place.run("pacc", "unpin", "example.com", "--force").code == 0
    assert place.run("show", "pacc", "example.com").code == 1


def test_removed_domain(place: Place) -> None:
    """A pinned document of a domain that was removed is not served, and can be unpinned."""
    place.run("pacc", "pin", "example.com")
    place.change(text_of("new.example.com").replace('"example.com", ', ""))

    listed = place.run("pacc", "status", "--json")
    (found,) = json.loads(listed.out)
    assert (listed.code, found["problem"]) == (1, "example.com is not served here")
    assert place.run("pacc", "unpin", "example.com", *NO_DNS).code == 1
    assert place.run("pacc", "unpin", "example.com", "--force").code == 0
    assert place.run("pacc", "status").err == "no document is pinned\n"


REFUSED = [
    # arguments, exit code, what is said
    (("pin", "a.example.net"), 2, "matches *.example.net, and Waypost can pin a document only"),
    (("pin", "other.example"), 1, "other.example is not served here"),
    (("unpin", "other.example"), 1, "other.example is not served here"),
    (("unpin", "example.com", "--resolver", "x"), 2, "--resolver: x: must be system or an IP"),
    (
        ("status", "example.com", "--resolver", "::1:x"),
        2,
        "--resolver: ::1:x: must be system or an IP",
    ),
    (("pin", "no domain"), 2, "error: "),
]


@pytest.mark.parametrize(("arguments", "code", "said"), REFUSED)
def test_refusals(place: Place, arguments: tuple[str, ...], code: int, said: str) -> None:
    """An impossible command is refused with the reason, and creates no file."""
    outcome = place.run("pacc", *arguments)

    assert (outcome.code, outcome.out) == (code, "")
    assert said in outcome.err
    assert list(place.file.parent.iterdir()) == [place.file]


def test_broken_state(place: Place) -> None:
    """A broken file of pinned documents is an error of each command, and is not changed."""
    pinned = place.file.with_name("mail.toml.pacc.json")
    pinned.write_text('{"pinned": {"example.com": 1}}', encoding="utf-8")
    for command in (["pacc", "pin"], ["pacc", "status"], ["pacc", "unpin"], ["show", "pacc"]):
        outcome = place.run(*command, "example.com")

        assert outcome.code == 2
        assert f"error: {pinned}: pinned.'example.com': must be a string" in outcome.err
    assert pinned.read_text(encoding="utf-8") == '{"pinned": {"example.com": 1}}'


def test_samples(waypost: Waypost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents of the samples cannot be pinned."""
    monkeypatch.setenv("WAYPOST_DEMO", "true")
    outcome = waypost("pacc", "pin", "example.com")

    assert (outcome.code, outcome.err) == (
        *(2, "error: demo: no document can be pinned for the samples\n"),
    )


def test_status_for_people(place: Place, refusing: tuple[str, str]) -> None:
    """The output for people has both documents, and why DNS did not answer."""
    place.run("pacc", "pin", "example.com")
    place.change(text_of("new.example.com"))
    outcome = place.run("pacc", "status", *refusing)

    assert outcome.code == 1
    lines = outcome.out.splitlines()
    assert lines[0] == "example.com: a document is pinned"
    assert lines[1].startswith("  served now: v=UAAC1; a=sha256; d=")
    assert lines[1].endswith(": unknown, DNS did not answer")
    assert lines[2].startswith("  served after unpin: v=UAAC1; ")
    assert lines[3].startswith(f"  {NAME}: 127.0.0.1 port ")
    assert lines[3].endswith(" cannot answer: REFUSED")


@pytest.mark.slow
def test_no_name_server_answers(place: Place) -> None:
    """If no name server answers, nothing is unpinned, and the reason is one line."""
    old = place.served()
    place.run("pacc", "pin", "example.com")
    place.change(text_of("new.example.com"))
    outcome = place.run("pacc", "unpin", "example.com", *NO_DNS)

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == f"error: {NAME}: no answer within 5 s from 127.0.0.1 port 1\n"
    assert place.served() == old
