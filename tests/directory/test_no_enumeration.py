"""Answers for known and unknown users are of one kind, so clients cannot find out who exists."""

import re
import statistics
import time
from pathlib import Path

import pytest

from tests.directory.serving import Asking, Reply, providers, serving
from tests.servers.authority import Authority
from tests.servers.slapd import Slapd

pytestmark = [pytest.mark.servers, pytest.mark.slow]

ROUNDS = 200
# A busy machine may disturb many measurements; a real difference shows in each.
ATTEMPTS = 20
KNOWN = "person{}@example.com"
UNKNOWN = "absent{}@example.com"
FORMATS = ["autoconfig", "autodiscover", "mobileconfig"]
# The allowed differences between users: the user's own values, and what is derived from them.
OF_THE_BODY = {"content-length", "etag", "date"}


def shape(reply: Reply) -> str:
    """Return all tags of a document, and how many there are, without the text between them."""
    return re.sub(r">[^<]*<", "><", reply.body.decode())


@pytest.mark.rule("autoconfig-unknown-users")
@pytest.mark.parametrize("form", FORMATS)
def test_one_kind_of_answer(form: str, tmp_path: Path, server: Slapd, authority: Authority) -> None:
    """Status, headers and elements are the same for a known and for an unknown user."""
    with serving(tmp_path, providers(tmp_path, server.url, authority)) as (_, asking):
        known = getattr(asking, form)("several@example.com")
        unknown = getattr(asking, form)("absent@example.com")

    assert b"first.login" in known.body
    assert b"mx7.example.com" in known.body
    assert b"mx.example.com" in unknown.body
    assert b"Several" not in known.body
    assert known.status == unknown.status == 200
    assert {k: v for k, v in known.headers.items() if k not in OF_THE_BODY} == {
        k: v for k, v in unknown.headers.items() if k not in OF_THE_BODY
    }
    assert shape(known) == shape(unknown)


@pytest.mark.parametrize("ttl", [0, 600], ids=["without cache", "with cache"])
def test_one_time_to_answer(
    ttl: int,
    tmp_path: Path,
    server: Slapd,
    authority: Authority,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """400 interleaved requests, half of them about known users, take the same time."""
    with serving(tmp_path, providers(tmp_path, server.url, authority, ttl=ttl)) as (_, asking):
        pool = ROUNDS if ttl == 0 else 10
        for number in range(10):
            timed(asking, KNOWN.format(number))
            timed(asking, UNKNOWN.format(number))
        for _ in range(ATTEMPTS):
            medians = interleaved(asking, pool)
            with capsys.disabled():
                known, unknown = (f"{median * 1e6:.0f} µs" for median in medians)
                print(f"\n  ttl {ttl}: {known} known, {unknown} unknown")  # noqa: T201
            if max(medians) / min(medians) < 1.1:
                return

    pytest.fail("a client can distinguish known users from unknown ones by the time")


def interleaved(asking: Asking, pool: int) -> tuple[float, float]:
    """Send requests about known and unknown users by turns, and return the medians in seconds."""
    known: list[float] = []
    unknown: list[float] = []
    for number in range(ROUNDS):
        pair = [(known, KNOWN), (unknown, UNKNOWN)]
        # The order alternates, because the second request may find warm caches.
        for times, name in pair if number % 2 else reversed(pair):
            times.append(timed(asking, name.format(number % pool)))
    return statistics.median(known), statistics.median(unknown)


def timed(asking: Asking, address: str) -> float:
    begin = time.perf_counter()
    reply = asking.autoconfig(address)
    seconds = time.perf_counter() - begin
    assert reply.status == 200
    return seconds


def test_names_are_shown_on_request(tmp_path: Path, server: Slapd, authority: Authority) -> None:
    """A domain that opted in shows the names of its users, in the formats that support it."""
    path = providers(tmp_path, server.url, authority, policy="show_display_name = true")
    with serving(tmp_path, path) as (_, asking):
        outlook = asking.autodiscover("person7@example.com")
        apple = asking.mobileconfig("person7@example.com")

    assert b"<DisplayName>Person 7</DisplayName>" in outlook.body
    assert b"<string>Person 7</string>" in apple.body


DECLINED = [
    # format, status and code for an unknown user, as in automx2
    ("autoconfig", 404, b""),
    ("mobileconfig", 404, b""),
    ("autodiscover", 200, b"<ErrorCode>500</ErrorCode>"),
]


@pytest.mark.parametrize(("form", "status", "part"), DECLINED)
def test_declining(
    form: str, status: int, part: bytes, tmp_path: Path, server: Slapd, authority: Authority
) -> None:
    """A domain that declines unknown users answers for known ones only."""
    path = providers(tmp_path, server.url, authority, policy='unknown_user = "decline"')
    with serving(tmp_path, path) as (_, asking):
        known = getattr(asking, form)("person7@example.com")
        unknown = getattr(asking, form)("absent@example.com")

    assert known.status == 200
    assert b"p7" in known.body
    assert unknown.status == status
    assert part in unknown.body
    assert b"absent" not in unknown.body
