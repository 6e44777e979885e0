"""Prints the table of docs/scale.md: `python -m tests.scale`.

Exit code 1 if an answer was wrong or lost, or a change was lost.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.scale import galera_failures, postgresql_failures, two_sites
from tests.scale.row import HEADER, Changes, Row
from tests.servers.galera import galera
from tests.servers.postgresql import postgresql
from tests.servers.postgresql_replica import replicated_postgresql


def main() -> int:
    """Run all failures, and print a line for each, and then what became of the changes."""
    problems, changes = [], []
    print(HEADER)
    for line in _lines():
        problems += line.problems()
        if isinstance(line, Row):
            print(line, flush=True)
        else:
            changes.append(line)
    print()
    print(two_sites.measured())
    for line in changes:
        print(f"* {line}")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def _lines() -> Iterator[Row | Changes]:
    with galera() as cluster, TemporaryDirectory(prefix="waypost-scale-") as folder:
        yield from galera_failures.run(cluster, Path(folder), is_long=True)
    for has_replica in (False, True):
        with (
            replicated_postgresql() as pair,
            TemporaryDirectory(prefix="waypost-scale-") as folder,
        ):
            yield from postgresql_failures.promoted(pair, Path(folder), has_replica=has_replica)
    with postgresql() as server, TemporaryDirectory(prefix="waypost-scale-") as folder:
        yield from postgresql_failures.pooled(server, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
