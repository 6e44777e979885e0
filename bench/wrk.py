"""wrk: the load on a server, what it measured, and what is wrong with the answers."""

import json
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.machine import pinned
from bench.requests import Template

CONNECTIONS: Final = 32
_MARK = "RESULT "
_LONGEST = 3600


class WrongAnswersError(Exception):
    """Raised if answers are missing, or are not those that a case expects."""


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk measured.

    Attributes:
        requests: the number of complete answers.
        size: the number of bytes that wrk received, with those of incomplete answers.
        seconds: the duration of the load.
        refused: the number of answers with a status of 400 or more.
        failed: the number of errors of sockets, and of timeouts.
        p99_ms: the time below which 99 percent of the answers came, in milliseconds.
    """

    requests: int
    size: int
    seconds: float
    refused: int
    failed: int
    p99_ms: float

    @property
    def rate(self) -> float:
        """The answers per second."""
        return self.requests / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Expected:
    """The answer to each request of a load.

    Attributes:
        status: the status.
        size: the bytes of the answer with its headers.
        slack: how many bytes an answer may be longer or shorter.
    """

    status: int
    size: int
    slack: int = 0


def parsed(output: str) -> Load:
    """Return what the last line of the script says; raise WrongAnswersError if it is missing."""
    lines = [line for line in output.splitlines() if line.startswith(_MARK)]
    if not lines:
        raise WrongAnswersError(f"wrk printed no result:\n{output[-2000:]}")
    found = json.loads(lines[-1].removeprefix(_MARK))
    return Load(
        requests=found["requests"],
        size=found["bytes"],
        seconds=found["microseconds"] / 1e6,
        refused=found["status"],
        failed=found["sockets"],
        p99_ms=found["p99"] / 1000,
    )


def findings(load: Load, expected: Expected, connections: int = CONNECTIONS) -> Iterator[str]:
    """Yield what is wrong with the answers of a load.

    At the end of a load, wrk has received a part of one answer on each connection. It counts the
    bytes of this part, but not the answer.
    """
    if not load.requests:
        yield "no request was answered"
    if load.failed:
        yield f"{load.failed} errors of sockets"
    refused = load.requests if expected.status >= 400 else 0
    if load.refused != refused:
        yield f"{load.refused} of {load.requests} answers have a status >= 400, and not {refused}"
    least = load.requests * (expected.size - expected.slack)
    most = (load.requests + connections) * (expected.size + expected.slack)
    if not least <= load.size <= most:
        mean = load.size / max(load.requests, 1)
        yield f"an answer has {mean:.1f} bytes in the mean, and not {expected.size}"


def run(port: int, script: Path, seconds: float, cores: frozenset[int]) -> Load:
    """Send requests to a port of 127.0.0.1 for some seconds, and return what wrk measured.

    wrk knows only whole seconds. SIGINT makes it end earlier, with the same report.
    """
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{_LONGEST}s", "--timeout", "30s"]
    command += ["-s", f"{script}"]
    process = subprocess.Popen(
        pinned([*command, f"http://127.0.0.1:{port}/"], cores),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=30)
        finally:
            process.kill()
    return parsed(output)


def loaded(
    port: int, template: Template, folder: Path, *, seconds: float, seed: int, cores: frozenset[int]
) -> Load:
    """Send the requests of a template, and return what wrk measured.

    On a busy machine, a short load can end before its first answer. Then it is repeated once, ten
    times as long.
    """
    script = folder / "wrk.lua"
    script.write_text(template.script(seed), encoding="ascii")
    load = run(port, script, seconds, cores)
    return load if load.requests else run(port, script, 10 * seconds, cores)
