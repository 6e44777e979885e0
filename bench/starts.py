"""The time from the start of a program to its first answer."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers.process import Process
from tests.servers.waypost import free_port

from bench.cases import DEMO, ONE_ADDRESS, START
from bench.machine import pinned
from bench.materials import Materials
from bench.peers.servers import Command
from bench.programs import waypost_command, waypost_environment
from bench.requests import Template
from bench.rounds import WAYPOST, Plan, Results, new_folder
from bench.sample import Content, fetch

TITLE: Final = "time to the first answer, demo"
SECONDS: Final = 0.6
"""The target for Waypost."""

_PATIENCE_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.002


@dataclass(frozen=True, slots=True)
class Starting:
    """A program whose start is measured.

    Attributes:
        name: its name in the table.
        template: its first request.
        content: what the answer must have.
        command: returns its command for a folder, the files of the cases, and a port.
    """

    name: str
    template: Template
    content: Content
    command: Callable[[Path, Materials, int], Command]


def first_answers(plan: Plan, times: int, results: Results) -> dict[str, list[float]]:
    """Return the seconds of each start, by the name of the program; the programs take turns.

    A program that does not answer is added to the failures of the results.
    """
    found: dict[str, list[float]] = {}
    programs = list(_programs(plan))
    for number in range(times):
        print(f"start {number + 1} of {times}", file=sys.stderr)
        for one in programs:
            try:
                found.setdefault(one.name, []).append(_seconds(one, plan))
            except TimeoutError as error:
                results.failures[START, one.name] = f"{error}"
    return found


def _programs(plan: Plan) -> Iterator[Starting]:
    yield Starting(WAYPOST, DEMO.template, DEMO.content, _waypost)
    for peer in plan.peers:
        template = ONE_ADDRESS.for_peer(peer.name)
        yield Starting(peer.name, template, ONE_ADDRESS.content_for_peer(peer.name), peer.command)


def _waypost(folder: Path, _: Materials, port: int) -> Command:
    words = waypost_command(["--demo"], port, free_port())
    return Command(words, waypost_environment(folder))


def _seconds(one: Starting, plan: Plan) -> float:
    """Start a program, and return the seconds until it has answered its first request."""
    port = free_port()
    with new_folder() as folder:
        command = one.command(folder, plan.materials, port)
        process = Process(
            pinned(command.words, plan.cores.server),
            log=folder / "log",
            environment=command.environment,
            folder=folder,
        )
        begin = time.perf_counter()
        with process:
            while not _answers(port, one):
                if time.perf_counter() - begin > _PATIENCE_SECONDS:
                    raise TimeoutError(f"{one.name} does not answer")
                time.sleep(_PAUSE_SECONDS)
            return time.perf_counter() - begin


def _answers(port: int, one: Starting) -> bool:
    asked = one.template.any_asked()
    try:
        answer = fetch(port, one.template.raw(asked))
    except OSError:
        return False
    return answer.status == one.content.status and one.content.text(asked) in answer.body
