"""Compare Waypost with nginx, which sends files of the same size, and with other servers.

Each program is started anew for each case and round, and the rounds are interleaved. All answers
are checked. docs/performance.md describes the table.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench import machine, performance_page, report, starts, table
from bench.cases import CASES, START
from bench.materials import Materials
from bench.peers.installed import versions, waypost_note
from bench.peers.servers import PEERS
from bench.rounds import Plan, measure, new_folder
from bench.wrk import CONNECTIONS

ROUNDS: Final = 3
SECONDS: Final = 3.0
WARM_UP: Final = 0.5
STARTS: Final = 10
QUICK_SECONDS: Final = 0.3
MILLION: Final = "million"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table; 2 if a program is missing, 1 if an answer was wrong."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.write and (given.only or given.quick or given.no_peers):
        parser.error("--write needs the whole table: leave out --only, --quick and --no-peers")
    if missing := machine.missing_programs():
        print(f"bench needs {' and '.join(missing)}: apt install wrk nginx util-linux")
        return 2
    keys = set(given.only or [*(case.key for case in CASES), START])
    if not given.memory and MILLION not in (given.only or ()):
        keys.discard(MILLION)
    with new_folder() as folder:
        return _measure(given, keys, folder)


def _measure(given: argparse.Namespace, keys: set[str], folder: Path) -> int:
    peers = [] if given.no_peers else [peer for peer in PEERS if not peer.missing()]
    plan = Plan(
        rounds=1 if given.quick else given.rounds,
        seconds=QUICK_SECONDS if given.quick else given.seconds,
        warm_up=0.0 if given.quick else WARM_UP,
        cores=machine.cores(machine.available_cores()),
        materials=Materials(folder),
        peers=peers,
    )
    notes = _notes(plan, given)
    cases = [case for case in CASES if case.key in keys]
    results = measure(cases, plan)
    rows = list(report.rows(cases, results))
    if START in keys:
        seconds = starts.first_answers(plan, 2 if given.quick else STARTS, results)
        rows += report.start_rows(seconds, results)
    failures = [f"FAILED: {key}, {name}: {why}" for (key, name), why in results.failures.items()]
    written = "\n".join([*notes, "", table.text(rows), "", table.summary(rows), *failures])
    print(written)
    if given.write and not failures:
        performance_page.write(written)
    return 1 if failures else 0


def _notes(plan: Plan, given: argparse.Namespace) -> list[str]:
    """Return what a reader must know about the figures."""
    lines = machine.description()
    if plan.peers and (peers := versions()):
        lines.append(f"Peers: {peers}.")
    if why := waypost_note():
        lines.append(f"{why}.")
    missing = {} if given.no_peers else dict.fromkeys(peer.missing() for peer in PEERS)
    lines += [f"{why}." for why in missing if why]
    lines.append(plan.cores.note)
    lines.append(f"Rounds: {plan.rounds} of {plan.seconds:g} s. Connections: {CONNECTIONS}.")
    return lines


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each load")
    keys = [*(case.key for case in CASES), START]
    listed = ", ".join(keys)
    parser.add_argument("--only", action="append", choices=keys, metavar="CASE", help=listed)
    parser.add_argument("--quick", action="store_true", help="one round of 0.3 s: does it run?")
    parser.add_argument("--no-peers", action="store_true", help="only Waypost and nginx")
    parser.add_argument(
        "--memory", action="store_true", help="a database of 1,000,000 domains, which takes minutes"
    )
    parser.add_argument("--write", action="store_true", help="write the table to the page, too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
