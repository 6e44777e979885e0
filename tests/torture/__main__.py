"""Prints the tables of attacks and faults with their figures: `python -m tests.torture [WORDS]`.

Only attacks and faults with all these words in their name are run. Exit code 1 if a bound does not
hold, or if something that an attack or a fault needs is missing; 2 if no name has all the words.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.torture.attack import Attack, Figure
from tests.torture.attacks import attacks
from tests.torture.fault import Fault
from tests.torture.fault_run import FULL, run_all
from tests.torture.faults import faults
from tests.torture.running import run


def main(words: list[str]) -> int:
    """Run all attacks and faults whose name has all these words, and print their figures."""
    chosen_attacks = [one for one in attacks() if _has(one.name, words)]
    chosen_faults = [one for one in faults() if _has(one.name, words)]
    if not chosen_faults and not chosen_attacks:
        print(f"no attack and no fault has in its name: {' '.join(words)}", file=sys.stderr)
        return 2
    failed = 0
    if chosen_faults:
        failed += _run_faults(chosen_faults)
    if chosen_attacks:
        failed += _run_attacks(chosen_attacks)
    return 1 if failed else 0


def _has(name: str, words: list[str]) -> bool:
    return all(word.lower() in name.lower() for word in words)


def _run_faults(chosen: Iterable[Fault]) -> int:
    """Print a line for each fault, and return how many fail or cannot run."""
    print("| fault | sent | right | degraded as promised | wrong | lost | also measured | holds |")
    print("|---|---:|---:|---|---:|---:|---|---|")
    failed = 0
    try:
        for result in run_all(chosen, FULL):
            details = ", ".join(f"{count} {name}" for name, count in result.details.items())
            degraded = f"{result.degraded}: {details}" if details else f"{result.degraded}"
            more = ", ".join(_shown(figure) for figure in result.measured)
            failed += bool(result.broken)
            print(
                f"| {result.fault.name} | {result.sent} | {result.right} | {degraded} "
                f"| {result.wrong} | {result.lost} | {more} "
                f"| {'NO' if result.broken else 'yes'} |",
                flush=True,
            )
            for line in result.broken:
                print(f"{result.fault.name}: {line}", file=sys.stderr)
    except pytest.skip.Exception as error:
        print(f"faults: not run: {error}", file=sys.stderr)
        failed += 1
    print()
    return failed


def _shown(figure: Figure) -> str:
    unit = f" {figure.unit}" if figure.unit else ""
    sign = "≥" if figure.at_least else "≤"
    return f"{figure.name}: {figure.value:.3g}{unit} ({sign} {figure.bound:g})"


def _run_attacks(chosen: Iterable[Attack]) -> int:
    """Print a line for each figure, and return how many fail; an attack that cannot run counts."""
    print("| attack | promise | workers | figure | value | bound | holds |")
    print("|---|---|---:|---|---:|---:|---|")
    failed = 0
    for attack, workers in [(one, count) for one in chosen for count in one.workers]:
        with TemporaryDirectory(prefix="waypost-torture-") as folder:
            try:
                figures = run(attack, workers, Path(folder))
            except pytest.skip.Exception as error:
                print(f"{attack.name}: not run: {error}", file=sys.stderr)
                failed += 1
                continue
        for figure in figures:
            sign = "≥" if figure.at_least else "≤"
            failed += not figure.holds
            print(
                f"| {attack.name} | {attack.promise} | {workers} | {figure.name} "
                f"| {figure.value:.3g} {figure.unit} | {sign} {figure.bound:g} {figure.unit} "
                f"| {'yes' if figure.holds else 'NO'} |",
                flush=True,
            )
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
