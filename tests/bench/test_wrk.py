"""What wrk measured, and what is wrong with the answers."""

from dataclasses import replace

import pytest
from bench.requests import Template
from bench.wrk import Expected, Load, WrongAnswersError, findings, parsed

LINE = '{"requests": 200, "bytes": 60800, "microseconds": 300000, "status": 3, "sockets": 1'
OUTPUT = f"""Running 60m test @ http://127.0.0.1:1/
  1 threads and 32 connections
  200 requests in 0.30s, 59.38KB read
  Non-2xx or 3xx responses: 3
Requests/sec:    666.67
RESULT {LINE}, "p99": 2500.0}}
"""
GOOD = Load(requests=200, size=60_000, seconds=0.3, refused=0, failed=0, p99_ms=1.0)


def changed(**values: float) -> Load:
    """Return the good load with other values."""
    return replace(GOOD, **values)  # type: ignore[arg-type]


def test_the_line_of_the_script_is_read() -> None:
    """The last line has exact values, and the rate is computed from them."""
    load = parsed(OUTPUT)
    assert load == Load(200, 60_800, 0.3, refused=3, failed=1, p99_ms=2.5)
    assert load.rate == pytest.approx(666.67, abs=0.01)


def test_output_without_the_line() -> None:
    """If wrk ended early, its output is in the error."""
    with pytest.raises(WrongAnswersError, match="unable to connect"):
        parsed("unable to connect to 127.0.0.1:1 Connection refused\n")


CASES = [
    # load, status, bytes of an answer, slack, findings
    (GOOD, 200, 300, 0, []),
    # On each of 32 connections, a part of an answer was received at the end.
    (changed(size=60_000 + 31 * 300), 200, 300, 0, []),
    (changed(size=60_000 + 33 * 300), 200, 300, 0, ["349.5 bytes in the mean, and not 300"]),
    (changed(size=59_999), 200, 300, 0, ["an answer has 300.0 bytes in the mean, and not 300"]),
    (GOOD, 200, 301, 0, ["an answer has 300.0 bytes in the mean, and not 301"]),
    (GOOD, 200, 301, 1, []),
    (GOOD, 200, 250, 0, ["an answer has 300.0 bytes in the mean, and not 250"]),
    (changed(refused=1), 200, 300, 0, ["1 of 200 answers have a status >= 400, and not 0"]),
    (changed(refused=200), 404, 300, 0, []),
    (changed(refused=199), 404, 300, 0, ["199 of 200 answers have a status >= 400, and not 200"]),
    (changed(failed=2), 200, 300, 0, ["2 errors of sockets"]),
    (changed(requests=0, size=0), 200, 300, 0, ["no request was answered"]),
]


@pytest.mark.parametrize(("load", "status", "size", "slack", "expected"), CASES)
def test_findings(load: Load, status: int, size: int, slack: int, expected: list[str]) -> None:
    """Each kind of wrong answers is found."""
    found = list(findings(load, Expected(status, size, slack)))
    assert len(found) == len(expected)
    assert all(text in one for text, one in zip(expected, found, strict=True))


def test_no_rate_without_time() -> None:
    """A load of no time has no rate."""
    assert changed(seconds=0.0).rate == 0.0


def test_script_of_one_address() -> None:
    """The script for one address has the whole request, with each special character as a number."""
    script = Template('/a?b={address}&c="\\"').script(1)
    assert (
        'local text = "GET /a?b=user000001@customer-9e3779b1.example&c=\\034\\092\\034 HTTP/1.1'
        '\\013\\010Host: 127.0.0.1\\013\\010\\013\\010"' in script
    )
    assert "math.random" not in script


def test_script_of_random_addresses() -> None:
    """The script for many addresses joins the parts of the request with a new address."""
    script = Template("/a", body="<{address}|{domain}>", domains=9, prefix="some").script(7)
    assert "math.randomseed(7)" in script
    assert 'format("some-%08x.example", random(0, 9 - 1) * 2654435761 % 4294967296)' in script
    assert '\\013\\010<" .. address .. "|" .. domain .. ">"' in script
