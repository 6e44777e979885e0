"""What a run checks, in which order and how often, with checks that are made up here."""

import threading
import time
from collections.abc import Callable
from itertools import pairwise
from threading import Event
from typing import Final

import pytest

from waypost.core.address import DomainName
from waypost.core.errors import StoreUnavailable
from waypost.core.model import Catalog, DomainPattern
from waypost.diagnostics.comparison.answers import ParsedService
from waypost.diagnostics.doctor.codes import doctor_diagnostic
from waypost.diagnostics.doctor.mail_servers import describe_service
from waypost.monitor import rounds
from waypost.monitor.checks import CheckTask, ServedDomain
from waypost.monitor.plan import CheckPlan, Selection, make_plan
from waypost.monitor.results import CheckResult, SubjectKind
from waypost.monitor.rounds import CheckThreads
from waypost.monitor.run import DEFECT, RESOLVER_SILENT, STOPPED, RunOptions, run_plan
from waypost.monitor.served import served_domain
from waypost.monitor.state import MonitorState
from waypost.providers_file.load import read_providers
from waypost.store.memory import MemoryStore

FILE: Final = """
[[provider]]
name = "One"
domains = [
  "a.example", "b.example", "*.c.example", { name = "alias.example", alias_of = "a.example" },
]
services = [
  { type = "imap", host = "imap.one.example" },
  { type = "smtp", host = "smtp.%EMAILDOMAIN%", port = 587 },
  { type = "caldav", url = "https://dav.one.example/" },
]

[[provider]]
name = "Two"
domains = ["d.example", { name = "gone.example", declined = true }]
services = [
  { type = "imap", host = "imap.one.example", authentication = "OAuth2" },
  { type = "smtp", host = "smtp.two.example" },
]

[[provider]]
name = "Moved"
domains = ["moved.example"]
redirect_address = "a.example"
"""


@pytest.fixture(name="catalog", scope="module")
def _catalog() -> Catalog:
    """The catalog of the file."""
    return read_providers(FILE, name="mail.toml", format="toml").catalog


def test_plan(catalog: Catalog) -> None:
    """Each domain is listed once, and each shared mail server once with the methods of all."""
    plan = make_plan(catalog, Selection())
    assert plan.domains == ["a.example", "b.example", "alias.example", "d.example", "moved.example"]
    assert [(describe_service(one), one.security, one.methods) for one in plan.hosts] == [
        ("imap imap.one.example:993", "tls", ("password-cleartext", "OAuth2")),
        ("smtp smtp.two.example:465", "tls", ("password-cleartext",)),
    ]
    assert plan.patterns == 1


SELECTIONS = [
    # patterns, providers, the domains that are checked
    (["a.example"], [], ["a.example"]),
    (["*.example"], ["Two"], ["d.example"]),
    (["*"], ["Two", "Moved"], ["d.example", "moved.example"]),
    (["*.a.example"], [], []),
    ([], ["two"], []),
]


@pytest.mark.parametrize(("patterns", "providers", "expected"), SELECTIONS)
def test_selection(
    catalog: Catalog, patterns: list[str], providers: list[str], expected: list[str]
) -> None:
    """Patterns select as in providers files, and providers by their whole name."""
    parsed = tuple(map(DomainPattern.parse, patterns))
    plan = make_plan(catalog, Selection(parsed, tuple(providers)))
    assert plan.domains == expected


def test_served_domain(catalog: Catalog) -> None:
    """A domain has its own records and mail servers; a redirect has no documents."""
    store = MemoryStore(catalog)

    def served(text: str) -> ServedDomain | None:
        name = DomainName(text)
        return served_domain(store.find(name), name, "https://waypost.example")

    one = served("b.example")
    assert one is not None
    assert [describe_service(service) for service in one.services] == ["smtp smtp.b.example:587"]
    assert one.has_documents
    assert {"autoconfig.b.example", "_imaps._tcp.b.example"} <= {r.name for r in one.records}
    moved = served("moved.example")
    assert moved is not None
    assert (moved.has_documents, moved.services) == (False, ())
    assert [record.name for record in moved.records][:1] == ["autoconfig.moved.example"]
    assert served("gone.example") is None
    assert served("unknown.example") is None


PLAN: Final = CheckPlan(
    [f"{number}.example" for number in range(20)],
    [ParsedService("imap", "imap.example", 993, "tls")],
    0,
    (),
    frozenset(),
)


class MadeUpChecks:
    """Checks without a network."""

    def __init__(self, check: Callable[[str], CheckResult], resolver_answers: list[bool]) -> None:
        self._check = check
        self._resolver_answers = resolver_answers
        self.checked: list[str] = []

    def check(self, task: CheckTask) -> CheckResult:
        name = task.name if isinstance(task, ServedDomain) else task.host_or_url
        self.checked.append(name)
        return self._check(name)

    def check_resolver(self) -> CheckResult:
        is_answering = self._resolver_answers.pop(0) if self._resolver_answers else True
        findings = () if is_answering else (doctor_diagnostic("dns-silent", "127.0.0.1"),)
        return CheckResult("resolver", "DNS", findings, is_complete=True, checked=time.time())


def good(name: str) -> CheckResult:
    kind: SubjectKind = "host" if name == "imap.example" else "domain"
    return CheckResult(kind, name, (), is_complete=True, checked=time.time())


def silent(name: str) -> CheckResult:
    finding = doctor_diagnostic("dns-silent", "127.0.0.1 refuses", f"asked for {name}")
    return CheckResult("domain", name, (finding,), is_complete=False, checked=time.time())


def run(
    checks: MadeUpChecks,
    *,
    find: Callable[[str], ServedDomain | None] = lambda name: ServedDomain(name, ()),
    stop: Event | None = None,
    stop_after: int | None = None,
) -> tuple[str, MonitorState]:
    """Run the plan; return why the run is not complete, and the state."""
    state, stop, count = MonitorState(), stop or Event(), 0

    def on_result(result: CheckResult | None, _changes: object) -> None:
        nonlocal count
        count += result is not None
        if count == stop_after:
            stop.set()

    options = RunOptions(rate=1e6, checks_all=True, on_result=on_result)
    return run_plan(PLAN, find, checks, state, options, stop), state


def test_complete_run() -> None:
    """Everything is checked once, mail servers first."""
    checks = MadeUpChecks(good, [])
    reason, state = run(checks)
    assert reason == ""
    assert checks.checked[0] == "imap.example"
    assert sorted(checks.checked) == sorted([*PLAN.domains, "imap.example"])
    assert state.last_run is not None
    assert (state.last_run.domains, state.last_run.hosts) == (20, 1)
    assert state.last_run.is_complete


def test_resolver_that_does_not_answer() -> None:
    """Nothing is checked then, and later only until DNS is silent; each zone is its own problem."""
    checks = MadeUpChecks(good, [False])
    reason, state = run(checks)
    assert (reason, checks.checked) == (RESOLVER_SILENT, [])
    assert [(one.kind, len(one.findings)) for one in state.subjects()] == [("resolver", 1)]
    reason, state = run(MadeUpChecks(silent, [True, True, False]))
    assert reason == RESOLVER_SILENT
    assert state.last_run is not None
    assert not state.last_run.is_complete
    assert state.last_run.domains == 1
    reason, state = run(MadeUpChecks(silent, []))
    assert reason == ""
    assert sum(state.counts().values()) == 21


def test_domains_that_vanish_while_the_run_lasts() -> None:
    """A domain that is not served any more is not checked."""
    checks = MadeUpChecks(good, [])
    reason, _ = run(checks, find=lambda name: None if name < "2" else ServedDomain(name, ()))
    assert reason == ""
    assert len(checks.checked) == 1 + 8


def test_database_that_stops_answering() -> None:
    """The run ends with the reason, and is not complete."""

    def fail(_name: str) -> ServedDomain | None:
        raise StoreUnavailable("the database does not answer")

    reason, state = run(MadeUpChecks(good, []), find=fail)
    assert reason == "the database does not answer"
    assert state.last_run is not None
    assert not state.last_run.is_complete


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect in one check ends that check, and its traceback is printed; the others go on."""
    printed: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda hook: printed.append(f"{hook.exc_value}"))

    def check(name: str) -> CheckResult:
        if name == "3.example":
            raise ZeroDivisionError(name)
        return good(name)

    checks = MadeUpChecks(check, [])
    reason, state = run(checks)
    assert reason == DEFECT
    assert len(checks.checked) == 21
    assert state.last_run is not None
    assert state.last_run.domains == 19


def test_stop() -> None:
    """A stop ends the run without waiting for checks that hang."""
    hang = Event()

    def check(name: str) -> CheckResult:
        if name == "9.example":
            hang.wait(60)
        return good(name)

    checks = MadeUpChecks(check, [])
    reason, _ = run(checks, stop_after=12)
    hang.set()
    assert reason == STOPPED
    assert len(checks.checked) < 21


def test_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks start no faster than the rate, also after a pause."""
    clock = [0.0]
    starts: list[float] = []

    class Clock:
        @staticmethod
        def monotonic() -> float:
            return clock[0]

    monkeypatch.setattr(rounds, "time", Clock)
    monkeypatch.setattr(rounds, "TICK_SECONDS", 0.001)
    threads = CheckThreads(lambda task: good(f"{task}"))
    tasks: list[CheckTask] = [ServedDomain(name, ()) for name in PLAN.domains]

    def noted() -> CheckTask:
        starts.append(clock[0])
        return tasks.pop()

    results = threads.run(iter(noted, None), rate=2.0, stop=Event())
    for step in range(40):
        next(results)
        clock[0] += 3.0 if step == 10 else 0.1
        if len(starts) == 12:
            break
    threads.close()
    gaps = [after - before for before, after in pairwise(starts)]
    # A pause of 3 s is caught up with by one check at once, not by six.
    assert sum(1 for gap in gaps if gap < 0.3) <= 2
