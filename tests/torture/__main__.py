"""Prints the table of attacks with their figures: `python -m tests.torture [WORDS OF A NAME]`.

Exit code 1 if a bound does not hold.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.torture.attacks import attacks
from tests.torture.running import run


def main(words: list[str]) -> int:
    """Run all attacks whose name has all these words, and print a line for each figure."""
    print("| attack | promise | workers | figure | value | bound | holds |")
    print("|---|---|---:|---|---:|---:|---|")
    failed = 0
    for attack in attacks():
        if not all(word in attack.name for word in words):
            continue
        for workers in attack.workers:
            with TemporaryDirectory(prefix="waypost-torture-") as folder:
                try:
                    figures = run(attack, workers, Path(folder))
                except pytest.skip.Exception as error:
                    print(f"{attack.name}: skipped: {error}", file=sys.stderr)
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
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
