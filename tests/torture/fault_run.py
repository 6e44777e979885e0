"""Running faults under load."""

import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.servers.patience import PATIENCE_SECONDS
from tests.torture.attack import Figure
from tests.torture.deployment import Deployment, Starting
from tests.torture.fault import Fault, Promised, Result, Trial
from tests.torture.load.expected import Verdict
from tests.torture.load.load import Tally, load, wait_until_right
from tests.torture.load.questions import Kind

_SENT_MIN: Final = 100


@dataclass(frozen=True, slots=True)
class Load:
    """How long a fault lasts under load, and how great the load is.

    Attributes:
        seconds: how long the fault lasts, about.
        pause: the seconds between an answer and the next request of each client.
    """

    seconds: float
    pause: float


FULL: Final = Load(8.0, 0.03)
SHORT: Final = Load(1.2, 0.1)
"""For `make test`, which needs the processor for other tests as well."""
# The general answer is also promised if the directory is slow, as it is on a busy machine.
_SLOW: Final = (Verdict.GENERAL, Kind.NEW_USER)
_SLOW_MAX: Final = 0.02


def run_all(faults: Iterable[Fault], amount: Load) -> Iterator[Result]:
    """Run faults, with one Waypost for all of the same kind, and yield their results.

    Args:
        faults: in any order.
        amount: of load on each of them.

    Raises:
        pytest.skip.Exception: a program or a right is missing.
    """
    groups: dict[Starting, list[Fault]] = {}
    for fault in faults:
        groups.setdefault(fault.starting, []).append(fault)
    for starting, members in groups.items():
        with TemporaryDirectory(prefix="waypost-faults-") as folder:
            yield from run_faults(starting, members, Path(folder), amount)


def run_faults(
    starting: Starting, faults: Iterable[Fault], folder: Path, amount: Load
) -> Iterator[Result]:
    """Run faults of one kind of deployment, one after the other.

    Args:
        starting: starts the deployment.
        faults: that happen to it.
        folder: an empty folder.
        amount: of load on each of them.
    """
    with starting(folder) as deployment:
        for fault in faults:
            yield run_fault(fault, deployment, amount)


def run_fault(fault: Fault, deployment: Deployment, amount: Load) -> Result:
    """Let a fault happen under load, and wait until all answers are right again."""
    server = deployment.server
    with load(server.port, deployment.expected, deployment.sources, amount.pause) as tally:
        wait_until_right(tally)
        figures = fault.run(Trial(deployment, tally, amount.seconds))
        healed = time.monotonic()
        tally.count_again()
        is_right = wait_until_right(tally)
        recovered = max(0.0, tally.last_trouble() - healed) if is_right else math.inf
    missing = [one for one in fault.log if not _is_logged(deployment, one)]
    tracebacks = server.log_text().count("Traceback")
    checks = (
        Figure(f"missing in the log: {', '.join(missing)}", len(missing), "", 0),
        Figure("tracebacks in the log", tracebacks, "", 0),
    )
    recovery = Figure("until all answers are right", recovered, "s", fault.recovers_within)
    return _result(fault, tally, checks, (recovery, *figures))


def _is_logged(deployment: Deployment, event: str) -> bool:
    """Return whether an event is in the log, at the latest after a while: a thread writes it."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if f'"event": "{event}' in deployment.server.log_text():
            return True
        time.sleep(0.1)
    return False


def _result(
    fault: Fault, tally: Tally, checks: tuple[Figure, ...], measured: tuple[Figure, ...]
) -> Result:
    counts: Counter[str] = Counter()
    details: Counter[str] = Counter()
    slow = 0 if Verdict.GENERAL in fault.promised else tally.verdicts[_SLOW]
    for (verdict, kind), count in tally.verdicts.items():
        name = _outcome(fault.promised, verdict, kind)
        counts[name] += count
        if name == "degraded":
            details[verdict.value] += count
    samples = tuple(
        f"{verdict.value}: {text}"
        for (verdict, kind), text in tally.samples.items()
        if _outcome(fault.promised, verdict, kind) in {"wrong", "lost"}
    )
    return Result(
        fault,
        tally.sent,
        counts["right"],
        counts["degraded"],
        counts["wrong"],
        counts["lost"],
        details,
        samples,
        (
            Figure("requests sent", tally.sent, "", _SENT_MIN, at_least=True),
            Figure("wrong", counts["wrong"], "", 0),
            Figure("lost", counts["lost"], "", 0),
            Figure("without a verdict", tally.sent - counts.total(), "", 0),
            Figure(
                "general answers, because slapd is slow",
                slow,
                "",
                _SLOW_MAX * tally.sent,
                is_timing=True,
            ),
            *checks,
        ),
        measured,
    )


def _outcome(promised: Promised, verdict: Verdict, kind: Kind) -> str:
    if verdict is Verdict.RIGHT:
        return "right"
    if kind in promised.get(verdict, ()) or (verdict, kind) == _SLOW:
        return "degraded"
    return "lost" if verdict is Verdict.LOST else "wrong"
