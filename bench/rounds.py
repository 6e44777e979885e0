"""The rounds: each program of each case in turn, so that a slow moment affects all of them."""

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

from bench import programs
from bench.cases import ONE_ADDRESS, Case
from bench.machine import Cores, Memory, memory
from bench.materials import Materials
from bench.peers.servers import Peer
from bench.programs import Place, Started
from bench.requests import Template
from bench.sample import Content, check
from bench.wrk import Expected, Load, WrongAnswersError, findings, loaded

WAYPOST: Final = "Waypost"
TWO_WORKERS: Final = "Waypost, 2 workers"
NGINX: Final = "nginx, a file of the same size"


@dataclass(frozen=True, slots=True)
class Plan:
    """How the programs are measured.

    Attributes:
        rounds: how often each program is measured in each case.
        seconds: the duration of a load.
        warm_up: the duration of the load before it, whose values are not used; 0 for none.
        cores: which cores the programs use.
        materials: the files of the cases.
        peers: the peers that are measured.
    """

    rounds: int
    seconds: float
    warm_up: float
    cores: Cores
    materials: Materials
    peers: Sequence[Peer]


@dataclass(frozen=True, slots=True)
class Record:
    """What was measured of a program in one round."""

    load: Load
    memory: Memory


@dataclass(slots=True)
class Results:
    """What was measured, by the key of the case and the name of the program.

    Attributes:
        records: the records in the order of the rounds.
        failures: why a program of a case has no record of a round.
    """

    records: dict[tuple[str, str], list[Record]] = field(default_factory=dict)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One program in one case."""

    case: Case
    name: str
    template: Template
    content: Content
    start: Callable[[Place], AbstractContextManager[Started]]
    cores: frozenset[int]


@contextmanager
def new_folder() -> Iterator[Path]:
    """Yield a folder that the user of nginx's workers can read; remove it at the end."""
    with tempfile.TemporaryDirectory(prefix="waypost-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def measure(cases: Sequence[Case], plan: Plan) -> Results:
    """Measure all programs of all cases in each round."""
    results = Results()
    for number in range(plan.rounds):
        for case in cases:
            for one in measurements(case, plan):
                _measure(one, plan, number, results)
    return results


def measurements(case: Case, plan: Plan) -> Iterator[Measurement]:
    """Yield the programs of a case in the order of the table."""
    match case.compared:
        case "nginx":
            yield from _of_case(case, plan)
        case "workers":
            yield from _of_workers(case, plan)
        case "memory":
            yield from _of_memory(case, plan)


def _of_case(case: Case, plan: Plan) -> Iterator[Measurement]:
    """Yield Waypost, then nginx with a file that has the body of Waypost's answer, then peers."""
    core = plan.cores.server
    bodies: list[bytes] = []

    @contextmanager
    def waypost(place: Place) -> Iterator[Started]:
        with programs.waypost(case, place) as started:
            bodies.append(check(started.port, case.template, case.content, 0).body)
            yield started

    def nginx(place: Place) -> AbstractContextManager[Started]:
        if not bodies:
            raise WrongAnswersError("Waypost has no answer with this size")
        return programs.nginx(case, place, bodies[0])

    yield Measurement(case, WAYPOST, case.template, case.content, waypost, core)
    # nginx sends a file only after a GET. The other headers and the path are those of the case.
    plain = replace(case.template, body="")
    content = Content(200, lambda _: bodies[0], whole=True)
    yield Measurement(case, NGINX, plain, content, nginx, core)
    for peer in plan.peers:
        if peer.name in case.peers:
            template = case.for_peer(peer.name)
            content = case.content_for_peer(peer.name)
            yield Measurement(case, peer.name, template, content, peer.start, core)


def _of_workers(case: Case, plan: Plan) -> Iterator[Measurement]:
    one, two = partial(programs.waypost, case), partial(programs.waypost, case, workers=2)
    yield Measurement(case, WAYPOST, case.template, case.content, one, plan.cores.server)
    yield Measurement(case, TWO_WORKERS, case.template, case.content, two, plan.cores.both)


def _of_memory(case: Case, plan: Plan) -> Iterator[Measurement]:
    """Yield Waypost with the case's requests, then peers with those of the first case."""
    core = plan.cores.server
    waypost = partial(programs.waypost, case)
    yield Measurement(case, WAYPOST, case.template, case.content, waypost, core)
    other = ONE_ADDRESS
    for peer in plan.peers:
        if peer.name in case.peers:
            template, content = other.for_peer(peer.name), other.content_for_peer(peer.name)
            yield Measurement(case, peer.name, template, content, peer.start, core)


def _measure(one: Measurement, plan: Plan, number: int, results: Results) -> None:
    """Measure a program in an empty folder, and add the record or the failure to the results."""
    key = one.case.key, one.name
    print(f"round {number + 1}: {one.case.title}: {one.name}", file=sys.stderr)
    try:
        with (
            new_folder() as folder,
            one.start(Place(folder, one.cores, plan.materials)) as started,
        ):
            load = checked_load(one, started, plan, number)
            record = Record(load, memory(started.worker()))
    except (WrongAnswersError, OSError, RuntimeError) as error:
        # TimeoutError is an OSError: the program did not start.
        results.failures[key] = f"{error}"
    else:
        results.records.setdefault(key, []).append(record)


def checked_load(one: Measurement, started: Started, plan: Plan, number: int) -> Load:
    """Check a sample, send the load, check the sample again, and return the load.

    Raises:
        WrongAnswersError: an answer is not the expected one.
    """
    before = check(started.port, one.template, one.content, number)
    folder = started.log.parent
    for seconds in filter(None, (plan.warm_up, plan.seconds)):
        load = loaded(
            started.port,
            one.template,
            folder,
            seconds=seconds,
            seed=number,
            cores=plan.cores.load,
        )
        wrong = list(findings(load, Expected(before.status, before.size, one.content.slack)))
        if wrong:
            raise WrongAnswersError("; ".join(wrong))
    after = check(started.port, one.template, one.content, number)
    if abs(after.size - before.size) > one.content.slack:
        raise WrongAnswersError(f"{before.size} bytes before the load, {after.size} after it")
    return load
