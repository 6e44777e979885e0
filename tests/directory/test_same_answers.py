"""If login names are addresses, answers for known and unknown users are the same bytes."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import httpx
import pytest

from tests.directory.equal_logins import csv_directory, providers
from tests.directory.scripted import BOB, ScriptedDirectory
from tests.directory.serving import OUTLOOK
from tests.making import ALICE, domain
from tests.servers.patience import wait_for_log
from tests.servers.waypost import RunningWaypost, waypost
from waypost.core.address import DomainName
from waypost.core.errors import DirectoryUnavailable
from waypost.core.model import DirectoryLimits, DirectoryPolicy, Domain, FileDirectory
from waypost.directory.directories import Directories
from waypost.directory.protocol import Entry
from waypost.formats import autoconfig
from waypost.lookup.lookup import Lookup

KNOWN = "person1@example.com"
UNKNOWN = "absent1@example.com"
PHONE = OUTLOOK.replace("outlook/responseschema/2006a", "mobilesync/responseschema/2006")
# Derived from the body, which contains the address, and from the time.
DIGESTS = {"etag", "date"}
VARYING = {"timestamp", "ms", "address", "id"}
# A part that took no measurable time is not in the line.
PART_TIMES = {"database_ms", "directory_ms"}
# Derived from the address alone.
UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
# The squares of a QR code, which has nothing but the address and the settings in the same answer.
QR_CODE = re.compile(r'<path stroke="#000" d="[^"]*"/>')
REQUESTS = [
    # method, path, body
    ("GET", "/mail/config-v1.1.xml?emailaddress={address}", None),
    ("HEAD", "/mail/config-v1.1.xml?emailaddress={address}", None),
    ("GET", "/.well-known/mail-v1.xml?emailaddress={address}", None),
    ("GET", "/mobileconfig?emailaddress={address}", None),
    ("GET", "/mobileconfig?emailaddress={address}&name=N&alias=other@example.com", None),
    ("POST", "/autodiscover/autodiscover.xml", OUTLOOK),
    ("POST", "/autodiscover/autodiscover.xml", PHONE),
    ("GET", "/autodiscover/autodiscover.json?Email={address}&Protocol=AutodiscoverV1", None),
    ("GET", "/autodiscover/autodiscover.json?Email={address}&Protocol=EWS", None),
    ("GET", "/?emailaddress={address}", None),
    ("GET", "/no-such-path?emailaddress={address}", None),
]


@pytest.fixture(name="running", scope="module")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWaypost]:
    folder = tmp_path_factory.mktemp("same")
    path = providers(folder, {"example.com": csv_directory(folder, "example.com")})
    options = ["--loglevel", "info", "--log-format", "json"]
    with waypost(folder, path, options=options) as running:
        yield running


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_same_bytes(running: RunningWaypost, method: str, path: str, body: str | None) -> None:
    """Status, headers and body differ only by the address, which has the same length."""
    known, unknown = (answer(running, method, path, body, address) for address in (KNOWN, UNKNOWN))
    assert known == unknown


def test_same_lines_in_the_log(running: RunningWaypost) -> None:
    """The log lines about a known and an unknown user are the same."""
    # Lines are written in the order of the answers: ours are between those of two other paths.
    path = REQUESTS[0][1]
    for one, address in (("/first", KNOWN), (path, KNOWN), (path, UNKNOWN), ("/last", KNOWN)):
        answer(running, "GET", one, None, address)
    log = wait_for_log(running.log, "/last").splitlines()
    (start,) = (number for number, line in enumerate(log) if '"/first"' in line)
    lines = log[start + 1 : start + 3]
    known, unknown = (line_without_times(line) for line in lines)
    assert known == unknown
    assert "person1" not in f"{lines}"


def test_same_answer_while_the_directory_is_unavailable() -> None:
    """A user who was looked up before gets the same answer as a new one."""
    logins: Entry = {"login": ["alice@example.com"]}
    source = ScriptedDirectory({ALICE: logins})
    directory = FileDirectory("people", "/people.csv", limits=DirectoryLimits(ttl_seconds=0))

    async def documents() -> list[bytes]:
        people = Directories(lambda _directory: source)
        await people.user_for(directory, ALICE)
        await people.user_for(directory, BOB)
        source.error = DirectoryUnavailable("away")
        entry = replace(domain(), users=DirectoryPolicy(directory))
        lookup = Lookup(Finder(entry), people)
        configs = [await lookup.for_address(address) for address in (ALICE, BOB)]
        await people.close()
        return [autoconfig.render(config) for config in configs]

    known, unknown = asyncio.run(documents())
    assert known.replace(b"alice@", b"bob@") == unknown


@dataclass
class Finder:
    """A directory with one entry for all domains."""

    entry: Domain

    async def find(self, _domain: DomainName) -> Domain | None:
        return self.entry


def answer(
    running: RunningWaypost, method: str, path: str, body: str | None, address: str
) -> tuple[object, ...]:
    """Send a request, and return the whole answer without the values derived from the address."""
    url = f"http://127.0.0.1:{running.port}{path.format(address=address)}"
    content = None if body is None else body.format(address=address)
    given = httpx.request(method, url, content=content, headers={"Content-Type": "text/xml"})
    text = QR_CODE.sub("", given.text)
    left_out = DIGESTS if text == given.text else DIGESTS | {"content-length"}
    headers = {name: value for name, value in given.headers.items() if name not in left_out}
    local_part = address.partition("@")[0]
    return given.status_code, headers, UUID.sub("", text.replace(local_part, "user"))


def line_without_times(line: str) -> dict[str, object]:
    """Return the fields of a log line; times, identifiers and the hash have no value."""
    fields: dict[str, object] = json.loads(line)
    return {
        name: None if name in VARYING else value
        for name, value in fields.items()
        if name not in PART_TIMES
    }
