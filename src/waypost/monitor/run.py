"""One run of the monitor: check everything of a plan, and keep the results."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Final, Protocol

from waypost.core.errors import StoreError, StoreUnavailable
from waypost.monitor.checks import CheckTask, ServedDomain
from waypost.monitor.plan import CheckPlan
from waypost.monitor.results import CheckResult, FindingChange
from waypost.monitor.rounds import CheckThreads
from waypost.monitor.state import LastRun, MonitorState

_DNS_SILENT: Final = "dns-silent"
RESOLVER_SILENT: Final = "the resolver of this machine does not answer"
STOPPED: Final = "stopped"
DEFECT: Final = "a check had a defect; the log has its traceback"


class Checks(Protocol):
    """Checks a domain, a mail server, or the resolver."""

    def check(self, task: CheckTask) -> CheckResult:
        """Check a domain or a mail server, in any thread."""

    def check_resolver(self) -> CheckResult:
        """Check whether the resolver answers anything at all."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is made.

    Attributes:
        rate: how many checks start in a second, at most.
        checks_all: the plan contains everything that is served.
        on_result: gets the changes that each result makes, with the result; None and no changes
            if none comes for a moment.
    """

    rate: float
    checks_all: bool
    on_result: Callable[[CheckResult | None, Sequence[FindingChange]], None]


def run_plan(
    plan: CheckPlan,
    find: Callable[[str], ServedDomain | None],
    checks: Checks,
    state: MonitorState,
    options: RunOptions,
    stop: Event,
) -> str:
    """Check everything once, and return why the run is not complete; empty if it is.

    Args:
        plan: what to check; mail servers first, because several domains may need them.
        find: returns a domain as it is served now; None if it is not served any more.
        checks: do the work.
        state: receives the results.
        options: how the run is made.
        stop: ends the run.
    """
    started = time.time()
    state.start_run()
    counts = {"domain": 0, "host": 0}

    def report(result: CheckResult) -> None:
        options.on_result(result, state.record(result))

    resolver = checks.check_resolver()
    report(resolver)
    reason = RESOLVER_SILENT if resolver.findings else ""
    threads = CheckThreads(checks.check)
    try:
        for result in () if reason else threads.run(_tasks(plan, find), options.rate, stop):
            if result is None:
                options.on_result(None, ())
                continue
            if _has_silent_dns(result):
                # A zone that is not answered is its own problem; a resolver is that of all.
                resolver = checks.check_resolver()
                if resolver.findings:
                    report(resolver)
                    reason = RESOLVER_SILENT
                    break
            counts[result.kind] += 1
            report(result)
    except (StoreUnavailable, StoreError) as error:
        reason = f"{error}"
    finally:
        threads.close()
    reason = reason or (STOPPED if stop.is_set() else DEFECT if threads.defects else "")
    run = LastRun(started, time.time(), counts["domain"], counts["host"], not reason)
    options.on_result(None, state.end_run(run, checked_all=options.checks_all))
    return reason


def _tasks(plan: CheckPlan, find: Callable[[str], ServedDomain | None]) -> Iterator[CheckTask]:
    yield from plan.hosts
    for name in plan.domains:
        if (domain := find(name)) is not None:
            yield domain


def _has_silent_dns(result: CheckResult) -> bool:
    return any(finding.code == _DNS_SILENT for finding in result.findings)
